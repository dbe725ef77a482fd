"""`speeko schedule` as people and scripts meet it: times in their zone, one line for what is wrong."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from speeko_cli.main import speeko
from speeko_jobs import runtime
from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.lifecycle import schedules as flow
from speeko_jobs.settings import Settings
from tests.fixtures.database import migrated_template, migrated_url  # noqa: F401


@pytest.fixture
def ready(here: Any, migrated_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: F811
    """`speeko` in this process on a migrated database."""
    monkeypatch.setenv("SPEEKO_DATABASE_URL", migrated_url)
    monkeypatch.setenv("SPEEKO_REDIS_URL", redis_url)
    return here


@pytest.fixture
def worker(ready: Any, tmp_path: Path, migrated_url: str, redis_url: str) -> Iterator[Context]:  # noqa: F811
    """The open things of a worker in another folder than the user's."""
    settings = Settings(home=str(tmp_path / "home"), database_url=migrated_url, redis_url=redis_url)
    opened = runtime.open_context(settings)
    yield opened
    runtime.close(opened)


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    path = tmp_path / "catalog.csv"
    path.write_text("id,text\n1,The first article.\n2,The second article.\n")
    return path


# an hour that is there once on every day, also when the clocks are changed
ADD = ("schedule", "add", "nightly", "--cron", "17 4 * * *", "--tz", "Europe/Berlin", "--output", "out")


def test_from_added_to_removed(ready: Any, worker: Context, catalog: Path, tmp_path: Path) -> None:
    code, out, err = ready(*ADD, "catalog.csv", "--lexicon", words(tmp_path), "--budget", "5")
    assert code == 0, err
    when = "At 04:17 every day (17 4 * * *), Europe/Berlin"
    for told in (when, " 04:17 CE", "(in ", "$5.00", str(catalog)):
        assert told in out
    assert "no worker runs" in err
    made = ready.json("schedule", "show", "nightly")
    assert (made["sources"], made["output"]) == ([str(catalog)], str(tmp_path / "out"))
    assert made["spec"]["lexicon"] == [str(tmp_path / "words.toml")]
    assert made["next_due"][10:16] == "T04:17"
    assert made["next_due"][-6:] in ("+01:00", "+02:00")
    assert made["runs"] == []
    assert "has not run yet: next " in ready("schedule", "history", "nightly")[1]

    assert ready("schedule", "pause", "nightly")[1] == "nightly is paused\n"
    (listed,) = ready.json("schedule", "list")
    assert (listed["paused"], listed["next_due"]) == (True, None)
    assert "paused" in ready("schedule", "list")[1]
    assert ready("schedule", "resume", "nightly")[1].startswith("nightly is resumed: next run ")

    assert ready.json("schedule", "run-now", "nightly")["state"] == "waiting"
    (run,) = flow.tick(worker)
    job = flow.fire(worker, run)
    (ran,) = ready.json("schedule", "history", "nightly")
    assert (ran["by_hand"], ran["state"], ran["job"], ran["job_state"]) == (True, "submitted", job, "running")
    line = ready("schedule", "history", "nightly")[1].splitlines()[1].split()
    assert line[3:] == ["by", "hand", "running", str(job), "0", "of", "2", "$0.00"]
    assert "running" in ready("schedule", "list")[1]
    told = ready("schedule", "run-now", "nightly")[1]
    assert told.startswith(f"nightly runs when it can: job {job} of the run before is still running:")

    waits = ready("schedule", "history", "nightly")[1].splitlines()[1]
    assert waits.endswith(f"job {job} of the run before is still running")

    assert ready("schedule", "remove", "nightly")[1] == "nightly is removed; its jobs are kept\n"
    assert ready.json("schedule", "list") == []
    assert "there are no schedules yet" in ready("schedule", "list")[1]
    assert ready.json("status")["job"] == job


def words(folder: Path) -> str:
    (folder / "words.toml").write_text('USB = "you ess bee"\n')
    return "words.toml"


def test_tenants_see_their_own(ready: Any, catalog: Path) -> None:
    assert ready.json(*ADD, catalog, "--tenant", "shop")["tenant"] == "shop"
    assert [one["schedule"] for one in ready.json("schedule", "list", "--tenant", "shop")] == ["nightly"]
    assert ready.json("schedule", "list", "--tenant", "other") == []
    for verb in ("show", "pause", "resume", "run-now", "history", "remove"):
        code, out, err = ready("schedule", verb, "nightly", "--tenant", "other")
        assert (code, out) == (1, "")
        assert "there is no schedule 'nightly' of tenant 'other'" in err


def test_a_name_is_taken_once_and_replaced_on_request(ready: Any, catalog: Path) -> None:
    assert ready(*ADD, "later.csv")[0] == 0
    code, out, err = ready(*ADD, catalog)
    assert (code, out) == (1, "")
    assert "there is a schedule 'nightly' already: give another name, or --replace" in err
    made = ready.json(*ADD, catalog, "--replace", "--catch-up", "none")
    assert (made["sources"], made["catch_up"]) == ([str(catalog)], "none")


def test_a_catalog_that_is_not_there_yet_is_noted(ready: Any, tmp_path: Path) -> None:
    code, _, err = ready(*ADD, "later.csv", "export-*.csv", "https://shop.example/catalog.csv")
    assert code == 0
    assert f"{tmp_path / 'later.csv'} is not there yet: a worker reads it at the due time" in err
    assert err.count("not there yet") == 1


WRONG = [
    ("add n a.csv", 2, "missing option '--cron'"),
    ("add n --cron '0 2 * * *'", 2, "missing argument 'FILES...'"),
    ("add n a.csv --cron '0 2 * *'", 2, "--cron '0 2 * *': there are five fields: give minute, hour"),
    ("add n a.csv --cron '0 2 * * *' --tz Berlin", 2, "no time zone 'Berlin': give one such as"),
    ("add ' ' a.csv --cron '0 2 * * *'", 2, "NAME must have 1 to 100 visible characters"),
    ("add n - --cron '0 2 * * *'", 2, "a schedule cannot read standard input"),
    ("add n https://me:hush@x/a.csv --cron '0 2 * * *'", 1, "https://***@x/a.csv: no keys and passwords"),
    ("add n a.csv --cron '0 2 * * *' --lexicon no.toml", 1, "no.toml"),
    ("add n a.csv --cron '0 2 * * *' --provider nobody", 1, "nobody"),
    ("show n", 1, "there is no schedule 'n': `speeko schedule list` lists them"),
    ("run-now n", 1, "there is no schedule 'n'"),
]


def test_what_is_wrong_is_told_in_one_line(ready: Any) -> None:
    for words, code, told in WRONG:
        got, out, err = ready("schedule", *shlex.split(words))
        assert (got, out) == (code, ""), words
        assert told in err
        assert "hush" not in err
        assert len(err.splitlines()) == 1
    assert ready.json("schedule", "list") == []


def test_a_schedule_takes_a_webhook_that_its_jobs_keep(ready: Any, worker: Context, catalog: Path) -> None:
    hook = "https://shop.example/hooks/speech"
    code, _, err = ready(*ADD, "catalog.csv", "--webhook", hook)
    assert code == 0, err
    assert ready.json("schedule", "show", "nightly")["spec"]["webhook"] == hook
    ready("schedule", "run-now", "nightly")
    (run,) = flow.tick(worker)
    job = flow.fire(worker, run)
    assert job is not None
    assert jobs.show(worker.database, job).spec.webhook == hook


def test_a_schedule_takes_what_submit_takes(ready: Any) -> None:
    """A schedule waits for nobody, and its webhooks are sent under the worker's settings."""

    def options(*words: str) -> set[str]:
        command: Any = speeko
        for word in words:
            command = command.get_command(click.Context(command), word)
        return {name for option in command.params for name in option.opts if name.startswith("--")}

    of_no_use = {"--dry-run", "--allow-private-webhooks", "--notify", "--wait"}
    assert options("submit") - options("schedule", "add") == of_no_use
