"""The simulated month as tables: its costs taken apart, the price of 1,000 characters, a fleet on paper."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from decimal import Decimal

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from speeko_jobs.core.billing.cost_breakdown import GB, STORAGE_MICROS_PER_GB_MONTH
from speeko_jobs.core.model.money import MICROS_PER_USD, usd
from tests.bench import fleet_model
from tests.bench.fleet_model import BUSY, MEASURED, Fleet
from tests.bench.simulated_bill import SAVINGS, Costs, Night, costs
from tests.bench.simulated_catalog import CHANGED_SHARE, ROUTED_SHARE, ZIPF_EXPONENT
from tests.bench.simulated_month import CHEAP_VOICE, MP3_BYTES_A_CHAR, PROVIDER, Month

WIDTH = 112
ROWS_AN_HOUR = 10_000_000

# Speeko's guide "Performance Optimization Strategies" (May 2026): its example for a month of 100 million
# characters, and the price it promises.
GUIDE_CHARS = 100_000_000
GUIDE = {
    "naive": "1500", "cache": "-600", "voice routing": "-200", "API overhead": "50", "storage": "11.50",
    "effective": "661",
}  # fmt: skip
GUIDE_USD_A_THOUSAND = "0.003"
GUIDE_NOTE = (
    "The guide also takes off $100 for batched calls, and puts the overhead of 50,000 calls at $0.000001 at"
    " $50: it is $0.05. Its 500 GB kept are 5,000 bytes a character."
)


def cost_table(found: Costs) -> Table:
    """The whole month, taken apart."""
    table = _table(
        "What the month costs",
        "",
        "USD",
        "% of naive",
        "% of the rest",
        "USD/1,000 chars",
        "calls",
        "guide, USD",
    )
    scale = Decimal(found.chars) / GUIDE_CHARS

    def line(name: str, amount: int, calls: str = "", rest: str = "", *, last: bool = False) -> None:
        guide = GUIDE.get(name)
        table.add_row(
            name if name not in SAVINGS else f"- {name}",
            f"{Decimal(amount) / MICROS_PER_USD:,.6f}",
            f"{100 * amount / found.naive_micros:,.2f}",
            rest,
            f"{found.a_thousand_chars(amount)}",
            calls,
            "" if guide is None else f"{Decimal(guide) * scale:,.2f}",
            end_section=last,
        )

    line("naive", found.naive_micros, f"{found.ways[0].calls:,}", last=True)
    for name, before, after in zip(SAVINGS, found.ways, found.ways[1:], strict=False):
        saved = before.speech_micros - after.speech_micros
        share = f"{-100 * saved / before.speech_micros:,.2f}"
        line(name, -saved, f"{after.calls:,}", share, last=name == SAVINGS[-1])
    line("speech bought", found.ways[-1].speech_micros, f"{found.ways[-1].calls:,}")
    line("API overhead", found.overhead_micros)
    line("storage", found.storage_micros, last=True)
    line("effective", found.effective_micros)
    return table


def price_table(nights: Sequence[Night], whole: Costs) -> Table:
    """The price of a thousand characters, as the cache fills."""
    table = _table("What 1,000 characters cost", "", "rows", "chars", "USD", "of the guide's")
    a_call = PROVIDER.call_micros

    def line(name: str, found: Costs, amount: int) -> None:
        price = found.a_thousand_chars(amount)
        share = f"{100 * price / Decimal(GUIDE_USD_A_THOUSAND):,.1f}%"
        table.add_row(name, f"{found.rows:,}", f"{found.chars:,}", f"{price}", share)

    line("every row a call", whole, whole.naive_micros + whole.ways[0].calls * a_call)
    for name, some in (("first night, nothing known", nights[:1]), ("last night", nights[1:][-1:])):
        if some:
            found = costs(some, a_call, 0)
            line(name, found, found.effective_micros)
    line("the whole month, with storage", whole, whole.effective_micros)
    table.add_row("the guide's promise", "", "", f"{GUIDE_USD_A_THOUSAND}000", "100.0%")
    return table


def fleet_table(whole: Costs, first: Night) -> Table:
    """The paper model, for nothing new up to everything new."""
    keys = whole.keys / whole.rows
    cases = {
        "all known": fleet_model.fleet(ROWS_AN_HOUR, 0.0, keys),
        "this month": fleet_model.fleet(ROWS_AN_HOUR, whole.ways[-1].calls / whole.rows, keys),
        "its first night": fleet_model.fleet(ROWS_AN_HOUR, first.bills[-1].calls / first.rows, keys),
        "all new": fleet_model.fleet(ROWS_AN_HOUR, 1.0),
    }
    table = _table(f"Paper model: {ROWS_AN_HOUR:,} rows an hour", "", *cases)
    for name, shown in FLEET_LINES.items():
        table.add_row(name, *map(shown, cases.values()))
    return table


FLEET_LINES: dict[str, Callable[[Fleet], str]] = {
    "rows a second": lambda f: f"{f.rows_a_second:,.0f}",
    "calls a second": lambda f: f"{f.calls_a_second:,.1f}",
    "calls in flight at the provider": lambda f: f"{f.in_flight:,}",
    "planners (processes)": lambda f: f"{f.planners:,}",
    "workers (processes)": lambda f: f"{f.worker_processes:,}",
    "workers (cores)": lambda f: f"{f.worker_cores:,}",
    "Postgres (cores)": lambda f: f"{f.postgres_cores:,}",
    "Redis (servers)": lambda f: f"{f.redis_servers:,}",
    "Redis, busy": lambda f: f"{100 * f.redis_share:,.1f}%",
    "audio store, written (MB/s)": lambda f: f"{f.audio_mb_a_second:,.1f}",
    "Postgres, written (GB an hour)": lambda f: f"{f.postgres_gb_an_hour:,.2f}",
}


def show(month: Month, seed: int, texts: str) -> None:
    """Everything, on stdout. `texts`: which ones the rows were drawn from."""
    found, last = month.costs(), month.last
    console = Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)
    cheap = PROVIDER.voice_multipliers[CHEAP_VOICE]
    console.print(
        f"{found.chars:,} characters asked for in {len(month.nights)} nights, {found.rows:,} rows (seed"
        f" {seed}). Texts: {texts}, drawn by Zipf (exponent {ZIPF_EXPONENT:g}). Every night after the first"
        f" {CHANGED_SHARE:.0%} of the rows are changed by a word; about {ROUTED_SHARE:.0%} of the rows, by"
        f" family, may be spoken by {CHEAP_VOICE} (× {cheap}). The cache is empty before the first night.\n"
    )
    console.print(cost_table(found))
    rate, storage = (
        Decimal(price) / MICROS_PER_USD for price in (PROVIDER.char_micros[""], STORAGE_MICROS_PER_GB_MONTH)
    )
    console.print(
        "Savings are taken in this order, each off what the one before left; what two of them could save"
        f" counts for the first. A character is ${rate:f}, a call ${usd(PROVIDER.call_micros)}, a GB-month"
        f" ${storage:f}. Kept are {last.stored_bytes / GB:,.2f} GB, {MP3_BYTES_A_CHAR} bytes of MP3 a"
        f" character. The ledger holds ${usd(last.spent_micros)}: speech bought and overhead, to the"
        " micro-dollar."
        f"\n{GUIDE_NOTE}\n"
    )
    console.print(price_table(month.nights, found))
    console.print(fleet_table(found, month.nights[0]))
    console.print(
        "On paper: the inputs, each with the command that measured it, are in tests/bench/fleet_model.py."
        f" Parts are busy for at most {BUSY:.0%} of their time; a call takes"
        f" {MEASURED.latency_seconds * 1000:.0f} ms and brings {MEASURED.audio_bytes_a_row / 1000:.0f} kB."
    )


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number else "left", no_wrap=True)
    return table
