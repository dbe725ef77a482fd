"""A backup (pg_dump, then a copy of the audio store) of a job at work, restored after everything was lost."""

from __future__ import annotations

import asyncio
import csv
import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.adapters.providers.provider import Provider, open_provider
from speeko_jobs.core.model.states import JobState
from speeko_jobs.core.providers.profiles import Profile
from speeko_jobs.embedded.postgres import _program
from speeko_jobs.embedded.servers import ServerUrls
from speeko_jobs.flow.lifecycle.crash_recovery import sweep
from speeko_jobs.flow.synthesis.engine_start import synthesize
from speeko_jobs.settings import Settings
from tests.cli.conftest import Here
from tests.faults.workers import WorkerChild, finish
from tests.fixtures.books import broken_rules
from tests.fixtures.database import own_database, plain_url
from tests.fixtures.inprocess import InProcess
from tests.wait import wait_until

ROWS = [(f"r{n}", f"This is text number {n} of the catalog.") for n in range(70)]
LATER = [(f"s{n}", f"A text of a job that was submitted later, number {n}.") for n in range(6)]


@pytest.fixture
def new_database(servers: ServerUrls) -> Iterator[str]:
    """An empty database, as a restore wants it; its URL."""
    with own_database(servers, "restored") as url:
        yield url


def postgres(program: str, url: str, *words: str | Path) -> None:
    subprocess.run([str(_program(program)), f"--dbname={plain_url(url)}", *map(str, words)], check=True)


def billed(flow: InProcess) -> Counter[str]:
    return Counter(entry["key"] for entry in flow.provider.bill())


def ledger(flow: InProcess) -> Counter[str]:
    """The calls on record, by key, without those that were not paid."""
    rows = flow.books.execute("SELECT encode(key, 'hex') FROM speeko.attempt WHERE state <> 'refused'")
    return Counter(key for (key,) in rows)


def reconciled(flow: InProcess, here: Here, folder: Path) -> dict[str, int]:
    """What `costs reconcile` makes of the provider's usage export: calls by finding."""
    bill = folder / "usage.csv"
    with bill.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["idempotency_key", "characters", "cost_micros"])
        out.writerows([entry["key"], entry["chars"], entry["micros"]] for entry in flow.provider.bill())
    code, said, _ = here("costs", "reconcile", "--bill", bill, "--json")
    assert code == 3
    return {finding: figures["calls"] for finding, figures in json.loads(said)["findings"].items()}


def check_reconciled(found: dict[str, int], lost: int, billed_calls: int) -> None:
    """Of the calls on the bill, `lost` are not in the ledger; all others agree."""
    # (of a text whose claim was given back uncalled, reconcile takes that claim for the call)
    assert found.pop("only_billed") + found.pop("refused_billed") == lost
    assert found.pop("agreed") + found.pop("unknown_billed") == billed_calls - lost
    assert not found["only_in_ledger"] + found["other_amount"]


def use(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the command line of this process use these servers and this home."""
    for name in ("database_url", "redis_url", "home"):
        monkeypatch.setenv(f"SPEEKO_{name.upper()}", getattr(settings, name))


def work(flow: InProcess, job: int, calls: int) -> None:
    """One engine that is told to stop when so many calls have been billed; what is in flight is finished."""

    async def engine() -> None:
        opened: list[Provider] = []

        def open_one(profile: Profile, account: Settings) -> Provider:
            opened.append(open_provider(profile, account))
            return opened[-1]

        try:
            await synthesize(flow.context, open_one, job, 1, lambda: flow.provider.calls >= calls)
        finally:
            for provider in opened:
                await provider.aclose()

    asyncio.run(engine())


def bury(flow: InProcess) -> None:
    """Let the leases of dead engines run out."""

    def buried() -> bool:
        flow.books.execute("UPDATE speeko.claimant SET lease_until = clock_timestamp() - interval '1 second'")
        sweep(flow.context)
        return not flow.books.execute("SELECT FROM speeko.claimant")

    wait_until(buried, "the burial of the dead")


def broken(flow: InProcess) -> set[str]:
    """The rules that do not hold, but for the one that a restored database starts anew."""
    return set(broken_rules(flow.books)) - {"a fence is the number of calls of a text"}


def test_what_a_restored_backup_holds_is_not_bought_again(
    flow: InProcess, new_database: str, tmp_path: Path, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, dump, store = flow.settings.home_path, tmp_path / "backup.dump", tmp_path / "store"
    flow.provider.script([{"match": "*", "times": -1, "delay_seconds": 0.3}])  # 70 rows take long
    job, _ = flow.submit(flow.catalog(ROWS))
    child = WorkerChild(flow.settings, job)
    wait_until(lambda: flow.provider.calls >= 8, "the first calls")
    postgres("pg_dump", flow.settings.database_url, "--format=custom", f"--file={dump}")  # while it works
    child.end()
    bury(flow)
    flow.provider.script([])
    # between the two parts of the backup: bought for this job, and for one that is submitted only now
    work(flow, job, flow.provider.calls + 10)
    later, _ = flow.submit(
        flow.catalog(LATER),
        {"output": str(tmp_path / "later")},
    )
    work(flow, later, flow.provider.calls + len(LATER))
    shutil.copytree(home / "audio", store)
    held = {path.stem for path in store.rglob("*.mp3")}
    work(flow, job, flow.provider.calls + 10)  # after the backup
    assert jobs.show(flow.context.database, job).state is JobState.RUNNING, "nothing was left to do"

    # everything is lost but the provider's bill; Redis is left with what nobody else knows any more
    flow.close()
    shutil.rmtree(home)
    shutil.rmtree(flow.output, ignore_errors=True)
    before = billed(flow)
    postgres("pg_restore", new_database, "--no-owner", "--exit-on-error", dump)
    home.mkdir()
    shutil.copytree(store, home / "audio")
    again = flow.again(database_url=new_database)
    on_record = ledger(again)
    known = {key for (key,) in again.books.execute("SELECT encode(key, 'hex') FROM speeko.utterance")}
    assert held & set(on_record)
    assert held & known - set(on_record)
    assert held - known
    use(again.settings, monkeypatch)
    code, said, _ = here("db", "restored", "--json")
    assert code == 0
    assert json.loads(said)["waiting"] > 0

    finish(again, job)
    assert jobs.show(again.context.database, job).state is JobState.DONE
    assert again.summary()["delivered"] == len(ROWS)
    resubmitted, _ = again.submit(again.catalog(LATER), {"output": str(tmp_path / "later")})
    assert again.drive(resubmitted).state is JobState.DONE

    after = billed(again)
    assert [key for key in held if after[key] > before[key]] == []
    # what was called after the backup is its loss: such calls are on the bill and not in the ledger
    adopted = held - set(on_record)
    lost = sum(max(before[key] - on_record[key] - (key in adopted), 0) for key in before)
    assert lost
    check_reconciled(reconciled(again, here, tmp_path), lost, after.total())
    assert broken(again) == set()
    again.close()


def test_a_backup_of_a_quiet_machine_loses_nothing(
    flow: InProcess, new_database: str, tmp_path: Path, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = flow.catalog(ROWS)
    flow.run(source)
    paid = flow.provider.calls
    postgres("pg_dump", flow.settings.database_url, "--format=custom", f"--file={tmp_path / 'backup.dump'}")
    flow.close()
    shutil.rmtree(flow.output)
    postgres("pg_restore", new_database, "--no-owner", "--exit-on-error", tmp_path / "backup.dump")
    again = flow.again(database_url=new_database)
    use(again.settings, monkeypatch)
    for _ in range(2):  # twice does no harm
        assert here("db", "restored")[0] == 0
    summary = again.run(source)
    assert (summary["delivered"], summary["calls"], again.provider.calls) == (len(ROWS), 0, paid)
    more, _ = again.submit(again.catalog([*ROWS, ("new", "A text that nobody has bought yet.")]))
    assert again.drive(more).state is JobState.DONE
    assert again.provider.calls == paid + 1
    assert broken(again) == set()
    again.close()
