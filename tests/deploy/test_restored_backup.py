"""A backup (pg_dump, then a copy of the audio store) of a job at work, restored after everything was lost."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.core.states import JobState
from speeko_jobs.local.postgres import _program
from speeko_jobs.local.stack import ServerUrls
from tests.cli.conftest import Here
from tests.faults.workers import WorkerChild, finish
from tests.fixtures.books import broken_rules
from tests.fixtures.database import dropped, named_url, plain_url
from tests.fixtures.inprocess import InProcess
from tests.wait import wait_until

ROWS = [(f"r{n}", f"This is text number {n} of the catalog.") for n in range(70)]
LATER = [(f"s{n}", f"A text of a job that was submitted later, number {n}.") for n in range(6)]


@pytest.fixture
def new_database(servers: ServerUrls) -> Iterator[str]:
    """An empty database, as a restore wants it; its URL."""
    name = f"restored_{uuid.uuid4().hex}"
    with psycopg.connect(plain_url(servers.database_url), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        yield named_url(servers.database_url, name)
        wait_until(lambda: dropped(connection, name), f"the end of {name}")


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


def use(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the command line of this process use these servers and this home."""
    for name in ("database_url", "redis_url", "home"):
        monkeypatch.setenv(f"SPEEKO_{name.upper()}", getattr(settings, name))


def test_what_a_restored_backup_holds_is_not_bought_again(
    flow: InProcess, new_database: str, tmp_path: Path, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, dump, store = flow.settings.home_path, tmp_path / "backup.dump", tmp_path / "store"
    flow.provider.script([{"match": "*", "times": -1, "delay_seconds": 0.1}])
    job, _ = flow.submit(flow.catalog(ROWS))
    child = WorkerChild(flow.settings, job)
    wait_until(lambda: flow.provider.calls >= 6, "the first calls")
    postgres("pg_dump", flow.settings.database_url, "--format=custom", f"--file={dump}")
    dumped = flow.provider.calls
    later, _ = flow.submit(flow.catalog(LATER), {"output": str(tmp_path / "later")})
    assert flow.drive(later).state is JobState.DONE  # its texts are in the store, and not in the dump
    wait_until(lambda: flow.provider.calls >= dumped + 16, "calls between the two parts of the backup")
    subprocess.run(["cp", "-a", str(home / "audio"), str(store)], check=False)  # files come and go in there
    held = {path.stem for path in store.rglob("*.mp3")}
    wait_until(lambda: flow.provider.calls >= len(held) + 10, "calls after the backup")
    child.end()
    assert jobs.show(flow.context.database, job).state is JobState.RUNNING, "nothing was left to do"

    # everything is lost but the provider's bill; Redis is left with what nobody else knows any more
    flow.close()
    shutil.rmtree(home)
    shutil.rmtree(flow.output, ignore_errors=True)
    flow.provider.script([])
    before = billed(flow)
    postgres("pg_restore", new_database, "--no-owner", "--exit-on-error", dump)
    home.mkdir()
    shutil.copytree(store, home / "audio")
    again = flow.again(database_url=new_database)
    on_record = ledger(again)
    assert len(held - set(on_record)) > len(LATER), "the test shows nothing: all that is held is on record"
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
    found = reconciled(again, here, tmp_path)
    assert lost > 0
    assert found.pop("only_billed") == lost
    assert found.pop("agreed") + found.pop("unknown_billed") == after.total() - lost
    assert not found["only_in_ledger"] + found["other_amount"] + found["refused_billed"]
    assert broken_rules(again.books) == {}
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
    more = again.run(again.catalog([*ROWS, ("new", "A text that nobody has bought yet.")]))
    assert (more["calls"], again.provider.calls) == (1, paid + 1)
    again.check()
    again.close()
