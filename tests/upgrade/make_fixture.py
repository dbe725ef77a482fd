"""Make the upgrade fixture again by running the release that it is of:

    git worktree add ../v0.1.0 v0.1.0 && make -C ../v0.1.0 venv
    .venv/bin/python tests/upgrade/make_fixture.py ../v0.1.0 tests/upgrade/v0.1.0

The release's own code plans, buys, delivers and stops; this file only tells it when. What it leaves is
written down as SQL (`database.sql`) and files (`files.tar.xz`): home with audio store and spool, catalogs,
destinations, and the provider's bill. Every path in them begins with ROOT, which a test replaces by its own
folder. Times and ids differ from run to run, nothing else.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path("/tmp/speeko-upgrade-fixture")  # a placeholder
SETTINGS = {"max_concurrency": 4, "chunk_rows": 10}
LONG = " ".join(
    f"This is sentence number {n} of a long description, which is spoken in parts." for n in range(9)
)


def texts(what: str, count: int) -> list[tuple[str, str]]:
    """Rows of a catalog, each with a text of its own."""
    return [(f"{what}-{n:02}", f"The {what} number {n} comes in a plain box.") for n in range(count)]


# name → rows; `shared` texts are in several catalogs, so that jobs wait for and profit from each other
SHARED = [(f"all-{n}", f"Every catalog has this note, number {n}.") for n in range(5)]
CATALOGS = {
    "delivered": [
        *texts("plum", 25),
        ("long", LONG),
        ("twice", "The plum number 1 comes in a plain box."),
        *SHARED,
    ],
    "running": [*texts("pear", 60), *SHARED],
    "paused": [*texts("fig", 30), *SHARED],
    "spooled": texts("date", 12),
    "nightly": [*texts("lime", 8), *SHARED],
}


# What follows runs in the release's checkout: its imports are the release's, whatever modules are called now.


def inside(made: Path) -> None:
    """Run in the release's checkout with its Python: `made` takes the dump and the files."""
    sys.path.insert(0, ".")
    from speeko_jobs.local.stack import Stack

    from speeko_jobs.adapters.postgres import migrate
    from speeko_jobs.adapters.postgres.database import Database
    from speeko_jobs.flow import settle
    from tests.fixtures.inprocess import InProcess
    from tests.fixtures.metered import MeteredProvider

    settle.STORE_TRIES = 1
    with tempfile.TemporaryDirectory() as home, Stack(Path(home)) as urls:
        provider = MeteredProvider(ROOT, ignore_idempotency=True, latency_ms=20, audio_bytes=4000)
        settings = provider.settings(
            home=str(ROOT / "home"), database_url=urls.database_url, redis_url=urls.redis_url, **SETTINGS
        )
        (ROOT / "home").mkdir()
        migrate.upgrade(Database(urls.database_url))
        flow = InProcess(settings, ROOT, provider)
        for name, rows in CATALOGS.items():
            flow.catalog(rows, name=f"{name}.csv")
        done = deliver(flow)
        run_schedule(flow)
        spooled = spool_audio(flow)
        paused = pause(flow)
        running = stop_in_the_middle(flow)
        flow.close()
        provider.stop()
        sql = dumped(urls.database_url)
    # pg_dump guards its output by a random word, which would differ each time
    lines = [line for line in sql.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]
    (made / "database.sql").write_text("\n".join(lines) + "\n", "utf-8")
    jobs = {"delivered": done, "paused": paused, "running": running, "spooled": spooled}
    (made / "jobs.json").write_text(json.dumps(jobs, indent=2) + "\n")


def buy(flow: Any, job: int, calls: int) -> None:
    """Run one engine that stops after about so many more calls; what is in flight is finished and kept."""
    from speeko_jobs.adapters.providers import open_provider
    from speeko_jobs.flow import synthesize

    until = flow.provider.calls + calls
    opened: list[Any] = []

    def open_one(profile: Any) -> Any:
        opened.append(open_provider(profile, flow.settings))
        return opened[-1]

    async def work() -> None:
        try:
            await synthesize.synthesize(flow.context, open_one, job, 1, lambda: flow.provider.calls >= until)
        finally:
            for one in opened:
                await one.aclose()

    asyncio.run(work())


def submit(flow: Any, name: str, **spec: Any) -> int:
    return int(flow.submit(str(ROOT / f"{name}.csv"), {"output": str(ROOT / name), **spec})[0])


def deliver(flow: Any) -> int:
    """Deliver a catalog, with the mark in its folder."""
    done = submit(flow, "delivered", segments="sentence")
    assert flow.drive(done).state.value == "done"
    return done


def run_schedule(flow: Any) -> None:
    """Add a schedule whose first run is done, and whose next is due."""
    from speeko_jobs.core.schedule import CatchUp, Timing
    from speeko_jobs.flow.request import Request

    from speeko_jobs.flow import schedule

    request = Request(
        flow.spec(output=str(ROOT / "nightly")), flow.orders(str(ROOT / "nightly.csv")), prices="15"
    )
    added = datetime(2026, 11, 20, 12, tzinfo=UTC)
    timing = Timing("0 2 * * *", "UTC", CatchUp.LAST)
    schedule.add(flow.context, "nightly", timing, request, tenant="shop", now=added)
    (run,) = schedule.tick(flow.context, datetime(2026, 11, 21, 3, tzinfo=UTC))
    job = schedule.fire(flow.context, run)
    assert job is not None
    assert flow.drive(job).state.value == "done"


def spool_audio(flow: Any) -> int:
    """Buy audio that the store does not take: it lies in the spool."""
    from speeko_jobs.flow import spool

    away = flow.again(store=str(ROOT / "home" / "second-store"))
    spooled = int(away.submit(str(ROOT / "spooled.csv"), {"output": str(ROOT / "spooled")})[0])
    shutil.rmtree(away.settings.store_url, ignore_errors=True)
    Path(away.settings.store_url).write_text("this is no folder")
    buy(away, spooled, 6)
    Path(away.settings.store_url).unlink()
    assert list(spool.folder(flow.context).glob("*.audio"))
    return spooled


def pause(flow: Any) -> int:
    """Have a person pause a job in the middle."""
    from speeko_jobs.flow import control

    paused = submit(flow, "paused")
    buy(flow, paused, 14)
    control.pause(flow.context, paused)
    return paused


def stop_in_the_middle(flow: Any) -> int:
    """Leave a job with some rows delivered, some bought only, some neither."""
    running = submit(flow, "running")
    buy(flow, running, 14)
    flow.deliver(running)
    assert flow.chunks(running, "delivered")
    buy(flow, running, 14)
    assert flow.chunks(running, "ready")
    assert flow.chunks(running, "planned", "synthesizing")
    return running


def dumped(url: str) -> str:
    from speeko_jobs.local.postgres import _program

    from tests.fixtures.database import plain_url

    dump = [str(_program("pg_dump")), f"--dbname={plain_url(url)}", "--no-owner", "--no-privileges"]
    return subprocess.run(dump, check=True, capture_output=True, text=True).stdout


def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without owner and time, so that equal files make equal archives."""
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry


def main(checkout: Path, made: Path) -> None:
    made.mkdir(parents=True, exist_ok=True)
    ROOT.mkdir(mode=0o700)
    try:
        python = checkout.absolute() / ".venv" / "bin" / "python"
        command = [str(python), str(Path(__file__).absolute()), "--inside", str(made.absolute())]
        subprocess.run(command, cwd=checkout, check=True)
        with tarfile.open(made / "files.tar.xz", "w:xz") as archive:
            for path in sorted(ROOT.rglob("*")):
                archive.add(path, str(path.relative_to(ROOT)), recursive=False, filter=plain)
    finally:
        shutil.rmtree(ROOT)


if __name__ == "__main__":
    if sys.argv[1] == "--inside":
        inside(Path(sys.argv[2]))
    else:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
