"""A minute of everything at once: `python -m tests.faults.soak --seed N --seconds 60 [--idempotent]`.

A large catalog goes through three worker processes while one of them is killed every two seconds, Redis is
emptied twice, Postgres is stopped at once twice, and a tenth of the provider's calls fail. At the end the
ledger is compared with the bill. Prints the seed and all figures; exits with 1 when a promise is broken.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import logging
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from speeko_jobs.core.model.states import FINISHED
from speeko_jobs.embedded.servers import EmbeddedServers, running
from speeko_jobs.errors import SpeekoError
from speeko_jobs.flow.lifecycle import crash_recovery
from speeko_workers.supervisor import CeleryNode
from tests.fixtures.cluster import WorkerProcess
from tests.fixtures.ledger import read_ledger
from tests.fixtures.spine import DELIVERING, Spine, broker, write_catalog
from tests.metered.audio import read_stamp, stamp_of
from tests.wait import wait_until

PROCESSES, CONCURRENCY, LATENCY_MS = 3, 24, 120
LEASE_SECONDS, KILL_EVERY_SECONDS, SWEEP_EVERY_SECONDS = 3.0, 2.0, 1.0
END_SECONDS = 600.0  # after the faults: calls that may be paid again are rationed, so the last take a while
# (word in the text, how often among the faults, what the provider does at the text's first call). Retries
# that may be billed are rationed to a tenth of the calls, so the texts that need one are fewer than that.
FAULTS: tuple[tuple[str, int, dict[str, Any]], ...] = (
    ("mistral", 1, {"status": 500, "bill": False}),
    ("sirocco", 1, {"reset": "after"}),
    ("levanter", 1, {"garbage": "empty", "bill": True}),
    ("tramontane", 1, {"cut_after_bytes": 200}),
    ("zephyr", 3, {"status": 400, "body": {"error": {"message": "no"}}, "times": -1}),
)


def catalog_texts(count: int, chance: random.Random) -> list[str]:
    """Texts of which a tenth will meet a fault, and a tenth repeats another."""
    found: list[str] = []
    for number in range(count):
        if found and chance.random() < 0.1:
            found.append(chance.choice(found))
            continue
        (kind,) = chance.choices(FAULTS, weights=[often for _, often, _ in FAULTS])
        word = f" It knows the {kind[0]}." if chance.random() < 0.1 else ""
        found.append(f"The article number {number} comes in a plain box.{word}")
    return found


def rules(texts: list[str]) -> list[dict[str, Any]]:
    """One for each text that fails: at its first call, and that is all, except for what is refused."""
    found = []
    for text in dict.fromkeys(texts):
        for word, _, what in FAULTS:
            if f" {word}." in text:
                found.append({"match": text, "times": 1, **what})
    return found


class Soak:
    """One run on servers of its own."""

    def __init__(
        self, spine: Spine, home: Path, stack: EmbeddedServers, chance: random.Random, seconds: float
    ) -> None:
        self.spine, self.home, self.stack = spine, home, stack
        self.chance, self.seconds = chance, seconds
        self.workers: WorkerProcess | None = None
        self.counts: Counter[str] = Counter()
        self.open_at_deaths = 0

    def run(self, texts: list[str]) -> int:
        """Submit, and let the faults loose; the job."""
        spine = self.spine
        spine.start_workers(CeleryNode("synthesize", ("synthesize",), PROCESSES), DELIVERING)
        self.workers = spine.nodes[0].container
        job = spine.submit(write_catalog(spine.folder / "catalog.csv", texts))
        spine.wait_for_calls(1)
        started = time.monotonic()
        plan = self._plan()
        due_sweep = 0.0
        while time.monotonic() - started < self.seconds and not self._ended(job):
            now = time.monotonic() - started
            if plan and plan[0][0] <= now:
                plan.pop(0)[1]()
            if now >= due_sweep:
                due_sweep = now + SWEEP_EVERY_SECONDS
                with contextlib.suppress(SpeekoError):
                    crash_recovery.sweep(spine.context)
            time.sleep(0.05)
        self.counts["seconds of faults"] = round(time.monotonic() - started)
        spine.wait(job, sweeping=True, seconds=END_SECONDS)
        self.counts["seconds in all"] = round(time.monotonic() - started)
        return job

    def _ended(self, job: int) -> bool:
        with contextlib.suppress(SpeekoError):
            return self.spine.job(job).state in FINISHED
        return False

    def _plan(self) -> list[tuple[float, Callable[[], None]]]:
        """When which fault comes, in order."""
        kills = [
            (n * KILL_EVERY_SECONDS, self._kill) for n in range(1, int(self.seconds / KILL_EVERY_SECONDS))
        ]
        others = [
            (share * self.seconds, fault)
            for share, fault in (
                (0.2, self._empty_redis),
                (0.35, self._stop_postgres),
                (0.55, self._empty_redis),
                (0.7, self._stop_postgres),
            )
        ]
        return sorted([*kills, *others], key=lambda entry: entry[0])

    def _kill(self) -> None:
        """One process of those that call, in mid-work."""
        assert self.workers is not None
        children = self.workers.children()
        if not children:
            return
        victim = self.chance.choice(children)
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGSTOP)
            query = (
                "SELECT count(*) FROM speeko.attempt a JOIN speeko.claimant c ON c.id = a.claimant_id"
                f" WHERE a.state = 'sending' AND c.pid = {victim}"
            )
            with contextlib.suppress(psycopg.Error):
                self.open_at_deaths += self.spine.sql(query)[0][0]
            os.kill(victim, signal.SIGKILL)
            self.counts["processes killed"] += 1

    def _empty_redis(self) -> None:
        with self.spine.redis.client as client:
            client.flushall()
        self.counts["Redis emptied"] += 1

    def _stop_postgres(self) -> None:
        """pg_ctl's immediate stop, and a start: it recovers as after a crash."""
        with contextlib.suppress(psycopg.Error):
            query = "SELECT count(*) FROM speeko.attempt WHERE state = 'sending'"
            self.open_at_deaths += self.spine.sql(query)[0][0]
        os.kill(running(self.home)["postgres"], signal.SIGQUIT)
        wait_until(lambda: "postgres" not in running(self.home), "the end of Postgres")
        self.stack.start()
        self.counts["Postgres stopped"] += 1


def judge(soak: Soak, job: int, texts: list[str], *, idempotent: bool) -> list[str]:
    """Print the figures; the promises that were broken."""
    spine = soak.spine
    summary = spine.wait(job)
    ledger = read_ledger(spine)
    states, settled, unknown = ledger.states, ledger.settled_micros, ledger.unknown_micros
    billed = ledger.billed.total()
    extra = billed - len(ledger.billed)
    # the provider's own faults that bill: an answer lost on its way, and audio that is none
    lost = sum(any(f" {word}." in text for word in ("sirocco", "tramontane")) for text in set(texts))
    allowed = soak.open_at_deaths + lost + states["bad"]
    lines = spine.manifest()
    unserved = [line for line in lines if not line["error"] and not _is_served(spine, line, texts)]
    with (spine.folder / "out" / "failed.csv").open(newline="", encoding="utf-8") as file:
        failed = list(csv.DictReader(file))
    reasons = Counter(row["error"] for row in failed)
    promises = {
        "every row is delivered or failed with a reason": len(lines) == len(texts)
        and summary["delivered"] + summary["failed"] == len(texts)
        and len(failed) == summary["failed"]
        and all(row["error"] for row in failed)
        and not unserved,
        "no attempt is left open": not states["sending"],
        "bill(key) <= 1 + unknown(key) + bad(key)": not ledger.dear(),
        "bill <= settled + unknown": ledger.bill_micros <= settled + unknown,
        "settled <= bill": settled <= ledger.bill_micros,
        "extra calls at most those in flight at the deaths": extra <= allowed,
        "an idempotent provider bills no text twice": extra == 0,
    }
    if idempotent:  # what it had billed before is repeated for nothing, and here booked at its price
        del promises["settled <= bill"]
    else:
        del promises["an idempotent provider bills no text twice"]
    figures = {
        "rows": len(texts), "texts": len(set(texts)), **soak.counts,
        "delivered": summary["delivered"], "failed": summary["failed"], "calls billed": billed,
        "texts billed": len(ledger.billed), "extra calls": extra, "extra calls allowed": allowed,
        "open at deaths": soak.open_at_deaths, "attempts": dict(states), "micros billed": ledger.bill_micros,
        "micros settled": settled, "micros unknown": unknown, "why rows failed": dict(reasons),
    }  # fmt: skip
    for name, value in figures.items():
        print(f"  {name}: {value}")
    for name, kept in promises.items():
        print(f"  {'kept  ' if kept else 'BROKEN'} {name}")
    return [name for name, kept in promises.items() if not kept]


def _is_served(spine: Spine, line: dict[str, Any], texts: list[str]) -> bool:
    """Whether the row's file is there, whole, and speaks the row's text."""
    path = spine.folder / "out" / line["path"]
    if not path.is_file() or path.stat().st_size != line["bytes"]:
        return False
    asked = stamp_of(texts[line["row"] - 1], line["voice"], line["language"])
    return read_stamp(path.read_bytes(), spine.settings.format) == asked


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--seconds", type=float, default=60.0, help="how long faults come")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--idempotent", action="store_true", help="a provider that honours its keys")
    parser.add_argument("--keep", action="store_true", help="leave logs and files behind")
    options = parser.parse_args()
    print(f"soak: seed {options.seed}, idempotent provider: {options.idempotent}", flush=True)
    logging.disable(logging.WARNING)
    chance = random.Random(options.seed)
    texts = catalog_texts(options.rows, chance)
    folder = Path(tempfile.mkdtemp(prefix="speeko-soak-"))
    home = folder / "servers-home"
    stack = EmbeddedServers(home, redis=False)
    provider: dict[str, Any] = {"latency_ms": LATENCY_MS, "fsync": False}
    if not options.idempotent:
        provider["ignore_idempotency"] = True
    with contextlib.ExitStack() as opened:
        opened.callback(stack.stop)
        url = stack.start().database_url
        spine = Spine(
            folder,
            url,
            opened.enter_context(broker(folder)),
            provider=provider,
            max_concurrency=CONCURRENCY,
            lease_seconds=LEASE_SECONDS,
            work_seconds=15.0,
        )
        opened.callback(spine.close)
        spine.provider.script(rules(texts))
        soak = Soak(spine, home, stack, chance, options.seconds)
        broken = judge(soak, soak.run(texts), texts, idempotent=options.idempotent)
    if broken or options.keep:
        print(f"  files and logs are in {folder}")
    else:
        shutil.rmtree(folder)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
