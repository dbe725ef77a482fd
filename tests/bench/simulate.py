"""A month of 100 million characters on paper and in the ledger: what it costs, what was saved, what it takes.

    python -m tests.bench.simulate [--chars 100000000] [--nights 30] [--seed 1] [--data FOLDER]

A catalog whose rows draw their texts by Zipf is submitted every night, with 1% of its rows changed, through
the real planner, claims and ledger on embedded servers of its own. What is printed on stdout depends on the
options and the catalogs alone; how fast it went is told on stderr.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from speeko_jobs import runtime
from speeko_jobs.adapters.postgres import migrate
from speeko_jobs.adapters.postgres.database import Database
from speeko_jobs.errors import ServerError, SpeekoError
from speeko_jobs.flow.context import Context
from speeko_jobs.settings import Settings
from tests.bench.simulated_catalog import Catalog, Product, generated_products, real_products
from tests.bench.simulated_month import AT_ONCE, PROVIDER, Month
from tests.bench.simulated_report import show

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
CHARS, NIGHTS, SEED = 100_000_000, 30, 1
MAX_NIGHTS = 65_535  # a row remembers the night of its last change in two bytes


def simulate(
    context: Context, folder: Path, products: Sequence[Product], *, chars: int, nights: int, seed: int
) -> Month:
    """Play all nights. `folder` takes one night's catalog at a time."""
    month = Month(context, folder, Catalog(products, -(-chars // nights), seed))
    for number in range(1, nights + 1):
        night = month.play_night()
        print(f"night {number} of {nights}: {night.rows:,} rows", file=sys.stderr, flush=True)
    return month


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.simulate")
    parser.add_argument("--chars", type=_count, default=CHARS, help="characters a month (%(default)s)")
    parser.add_argument("--nights", type=_count, default=NIGHTS, help="submissions a month (%(default)s)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the sample catalogs (%(default)s)")
    options = parser.parse_args()
    if options.nights > MAX_NIGHTS:
        parser.error(f"--nights takes at most {MAX_NIGHTS:,}")
    try:
        products, texts = products_of(options.data, options.seed)
        with tempfile.TemporaryDirectory(prefix="speeko-simulate-") as folder, servers() as settings:
            context = runtime.open_context(settings, name="simulate")
            try:
                month = simulate(
                    context,
                    Path(folder),
                    products,
                    chars=options.chars,
                    nights=options.nights,
                    seed=options.seed,
                )
            finally:
                runtime.close(context)
    except SpeekoError as error:
        print(f"simulate: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    show(month, options.seed, texts)
    pace = month.pace
    print(
        f"planned {pace.rows / pace.plan_seconds:,.0f} rows/s; claimed and settled"
        f" {1e6 * pace.buy_seconds / pace.keys:,.0f} µs a key, in batches of {AT_ONCE}",
        file=sys.stderr,
    )
    return 0


@contextmanager
def servers() -> Iterator[Settings]:
    """Embedded servers that end with this process, however it ends, and the settings that name them."""
    command = [sys.executable, str(ROOT / "tests" / "keep_servers.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as keeper:
        assert keeper.stdin is not None
        assert keeper.stdout is not None
        urls = [keeper.stdout.readline().strip() for _ in range(2)]
        if not all(urls):
            raise ServerError("the embedded servers did not start: see above")
        database = Database(urls[0])
        migrate.upgrade(database)
        database.close()
        yield Settings(database_url=urls[0], redis_url=urls[1], provider=PROVIDER.name, window=1)
        keeper.stdin.close()


def products_of(data: Path, seed: int) -> tuple[list[Product], str]:
    """The texts to draw from, and what to call them."""
    if data.is_dir():
        products = real_products(data)
        return products, f"{len(products):,} of real catalogs"
    products = generated_products(seed)
    return products, f"{len(products):,} generated (there are no catalogs at {data})"


def _count(text: str) -> int:
    try:
        value = int(text.replace(",", ""))
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return value


if __name__ == "__main__":
    sys.exit(main())
