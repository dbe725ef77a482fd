"""The upgrade fixture: what v0.1.0 left on disk and in Postgres, taken over by the code of this checkout.

v0.1.0 made it (make_fixture.py): a delivered catalog, a schedule with one run behind it, a job whose paid
audio lies in the spool because its store was away, a job paused by a person, and a job in the middle. After
the upgrade nothing may be bought again, lost, or refused as somebody else's.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import tarfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from speeko_jobs.adapters.postgres import jobs, migrate
from speeko_jobs.adapters.postgres.database import Database
from speeko_jobs.core.model.money import micros
from speeko_jobs.core.model.states import JobState
from speeko_jobs.embedded.postgres import _program
from speeko_jobs.embedded.servers import ServerUrls
from speeko_jobs.flow.lifecycle import control, schedules
from speeko_jobs.flow.lifecycle.crash_recovery import sweep
from speeko_jobs.flow.synthesis import spool
from tests.fixtures.books import broken_rules
from tests.fixtures.database import own_database, plain_url
from tests.fixtures.inprocess import InProcess
from tests.fixtures.metered import MeteredProvider
from tests.upgrade.make_fixture import CATALOGS, ROOT, SETTINGS
from tests.wait import wait_until

FIXTURE = Path(__file__).with_name("v0.1.0")
JOBS: dict[str, int] = json.loads((FIXTURE / "jobs.json").read_text())
NEXT_NIGHT = datetime(2026, 11, 22, 3, tzinfo=UTC)


def unpack(folder: Path) -> None:
    """Put the files of v0.1.0 at `folder`, and say so in those that name their place."""
    with tarfile.open(FIXTURE / "files.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    for path in (folder / "home" / "spool").iterdir():
        head, _, audio = path.read_bytes().partition(b"\n")
        path.write_bytes(head.replace(str(ROOT).encode(), str(folder).encode()) + b"\n" + audio)


def restore(url: str, folder: Path) -> None:
    """Fill an empty database with that of v0.1.0, whose files now lie at `folder`."""
    sql = (FIXTURE / "database.sql").read_text("utf-8").replace(str(ROOT), str(folder))
    command = [
        str(_program("psql")),
        f"--dbname={plain_url(url)}",
        "--quiet",
        "--no-psqlrc",
        "-o",
        "/dev/null",
    ]
    subprocess.run([*command, "--set=ON_ERROR_STOP=1"], input=sql, text=True, check=True)


class Upgraded:
    """The restored machine, and what was billed before."""

    def __init__(self, folder: Path, database_url: str, redis_url: str) -> None:
        unpack(folder)
        restore(database_url, folder)
        self.folder = folder
        self.provider = MeteredProvider(
            folder, ignore_idempotency=True
        )  # it bills each call, repeated or not
        self.before = self.provider.calls
        settings = self.provider.settings(
            home=str(folder / "home"), database_url=database_url, redis_url=redis_url, **SETTINGS
        )
        database = Database(database_url)
        assert migrate.current(database) == "0010"
        assert migrate.upgrade(database) == migrate.head()
        database.close()
        self.flow = InProcess(settings, folder, self.provider)

    def close(self) -> None:
        self.flow.close()
        self.provider.stop()

    def sweep(self) -> None:
        """Replay the spool and reap the engines that ended with v0.1.0."""

        def clean() -> bool:
            sweep(self.flow.context)
            return not self.flow.books.execute("SELECT FROM speeko.claimant")

        wait_until(clean, "the end of v0.1.0's engines")

    def job(self, name: str) -> jobs.Job:
        return jobs.show(self.flow.context.database, JOBS[name])

    def drive(self, name: str) -> jobs.Job:
        return self.flow.drive(JOBS[name])

    def again(self, name: str, **spec: Any) -> dict[str, Any]:
        """Run a catalog once more into the folder it was delivered to; the summary."""
        spec = {"output": str(self.folder / name), **self.spec(name), **spec}
        job, _ = self.flow.submit(str(self.folder / f"{name}.csv"), spec)
        ended = self.flow.drive(job)
        assert ended.state is JobState.DONE, ended.reason
        return self.summary(name)

    def spec(self, name: str) -> dict[str, Any]:
        return {"segments": "sentence"} if name == "delivered" else {}

    def summary(self, name: str) -> dict[str, Any]:
        return dict(json.loads((self.folder / name / "summary.json").read_text("utf-8")))

    def billed(self) -> Counter[str]:
        """How often each text was billed, before and after the upgrade."""
        return Counter(entry["text"] for entry in self.provider.bill())

    def check_folder(self, name: str) -> None:
        """Every row of a catalog has its file, and the manifest says so."""
        lines = (self.folder / name / "manifest.jsonl").read_text("utf-8").splitlines()
        listed = {entry["id"]: entry for entry in map(json.loads, lines)}
        assert list(listed) == [id for id, _ in CATALOGS[name]]
        for entry in listed.values():
            assert (self.folder / name / entry["path"]).stat().st_size == entry["bytes"] > 0


@pytest.fixture
def upgraded(servers: ServerUrls, redis_url: str, tmp_path: Path) -> Iterator[Upgraded]:
    with own_database(servers, "upgraded") as url:
        made = Upgraded(tmp_path, url, redis_url)
        yield made
        made.close()


def test_everything_goes_on_and_nothing_is_bought_again(upgraded: Upgraded) -> None:
    flow, provider = upgraded.flow, upgraded.provider
    assert {name: upgraded.job(name).state.value for name in JOBS} == {
        "delivered": "done", "spooled": "paused", "paused": "paused", "running": "running",
    }  # fmt: skip
    assert upgraded.billed().most_common(1)[0][1] == 1

    # what lies in the spool is settled, with no call
    assert list(spool.folder(flow.context).glob("*.audio"))
    upgraded.sweep()
    assert list(spool.folder(flow.context).glob("*")) == []
    assert provider.calls == upgraded.before

    # all three jobs end; each text is bought once, in v0.1.0 or now
    ended = {"running": upgraded.drive("running")}
    for name in ("paused", "spooled"):
        control.resume(flow.context, JOBS[name])
        ended[name] = upgraded.drive(name)
    for job in ended.values():
        assert (job.state, job.failed, job.refused) == (JobState.DONE, 0, 0), job
    for name in ended:
        upgraded.check_folder(name)
    assert set(upgraded.billed().values()) == {1}
    wanted = {text for name in ended for _, text in CATALOGS[name]}
    assert wanted <= set(upgraded.billed())

    # the next night of the schedule finds its destination, and nothing to do
    calls = provider.calls
    (run,) = schedules.tick(flow.context, NEXT_NIGHT)
    job = schedules.fire(flow.context, run)
    assert job is not None
    assert flow.drive(job).state is JobState.DONE
    rows = len(CATALOGS["nightly"])
    assert (upgraded.summary("nightly")["unchanged"], provider.calls) == (rows, calls)
    upgraded.check_folder("nightly")

    # a second run of every catalog buys nothing and delivers nothing
    for name, rows_of in CATALOGS.items():
        found = upgraded.again(name)
        assert (found["unchanged"], found["failed"], found["calls"]) == (len(rows_of), 0, 0), name
        upgraded.check_folder(name)
    assert provider.calls == calls
    assert list(flow.context.settings.home_path.glob("spool/*")) == []

    # the ledger is the bill
    assert broken_rules(flow.books) == {}
    spent = flow.books.one("SELECT sum(spent_micros)::bigint FROM speeko.job")
    assert spent == provider.micros
    assert flow.books.one("SELECT sum(possible_micros)::bigint FROM speeko.job") == 0


def test_what_changes_after_the_upgrade_is_all_that_is_bought(upgraded: Upgraded) -> None:
    """The delivered catalog with one text changed, one row added and one left out: two calls."""
    flow, calls = upgraded.flow, upgraded.provider.calls
    upgraded.sweep()
    still_running = {text for _, text in CATALOGS["running"]}  # an engine works for all jobs
    rows = dict(CATALOGS["delivered"])
    del rows["plum-00"]
    rows |= {"plum-02": "Another text for the second plum.", "plum-99": "A plum that nobody had before."}
    path = upgraded.folder / "delivered.csv"
    text = io.StringIO()
    csv.writer(text).writerows([("id", "text"), *rows.items()])
    path.write_text(text.getvalue(), "utf-8")
    found = upgraded.again("delivered")
    assert (found["unchanged"], found["delivered"], found["calls"]) == (len(rows) - 2, 2, 2)
    new = [e for e in upgraded.provider.bill()[calls:] if e["text"] not in still_running]
    assert sorted(e["text"] for e in new) == sorted([rows["plum-02"], rows["plum-99"]])
    assert micros(found["cost_usd"]) == sum(entry["micros"] for entry in new)
    assert set(upgraded.billed().values()) == {1}
    assert broken_rules(flow.books) == {}


def test_an_emptied_folder_is_delivered_anew_from_what_was_bought(upgraded: Upgraded) -> None:
    calls = upgraded.provider.calls
    shutil.rmtree(upgraded.folder / "delivered")
    found = upgraded.again("delivered")
    assert (found["delivered"], found["calls"]) == (len(CATALOGS["delivered"]), 0)
    still_running = {text for _, text in CATALOGS["running"]}  # an engine works for all jobs
    assert {entry["text"] for entry in upgraded.provider.bill()[calls:]} <= still_running
    upgraded.check_folder("delivered")


def test_the_fixture_is_small_and_names_no_machine() -> None:
    sizes = {path.name: path.stat().st_size for path in FIXTURE.iterdir()}
    assert sum(sizes.values()) < 400_000
    sql = (FIXTURE / "database.sql").read_text("utf-8")
    assert str(ROOT) in sql
    assert "/root/" not in sql
    assert "/home/" not in sql.replace(f"{ROOT}/home", "")
