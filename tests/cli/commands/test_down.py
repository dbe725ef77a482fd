"""Commands at once: servers and workers stay after a command, until they are idle or `speeko down`."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from speeko_jobs.embedded.servers import lingering_process, running
from speeko_workers.idle_workers import idle_workers
from tests.cli.conftest import Cli
from tests.wait import wait_until


@pytest.fixture
def lingering(tmp_path: Path) -> Iterator[Cli]:
    """A command line whose servers and workers stay; ended with the test."""
    made = Cli(tmp_path, SPEEKO_LINGER="600", SPEEKO_WORKERS="1")
    with made.started:
        yield made
    made("down")
    assert running(made.home) == {}


def ids(cli: Cli) -> tuple[int | None, int | None, dict[str, int]]:
    return idle_workers(cli.home).pid(), lingering_process(cli.home).pid(), running(cli.home)


def test_the_second_run_meets_the_workers_of_the_first(lingering: Cli) -> None:
    catalog = lingering.catalog([(f"r{n}", f"Sentence number {n}.") for n in range(5)])
    assert lingering("run", catalog).returncode == 0
    first = ids(lingering)
    assert all(first)
    wait_until(lambda: "idle workers until" in lingering("status").stderr, "the workers to be idle")
    assert "`speeko down` ends them" in lingering("workers").stderr
    again = lingering.json("run", catalog)
    assert (again["state"], again["rows"]) == ("done", 5)
    assert ids(lingering) == first

    assert lingering("run", catalog, SPEEKO_API_KEY="another", SPEEKO_LOGS="stderr").returncode == 0
    assert ids(lingering)[0] != first[0], "workers of other settings are retired"
    assert ids(lingering)[2] == first[2]

    pid = ids(lingering)[0]
    assert pid
    os.kill(pid, signal.SIGKILL)
    assert lingering("run", catalog).returncode == 0, "a killed process is replaced"

    family = [psutil.Process(pid) for pid in (*ids(lingering)[:2],) if pid]
    family += [child for one in family for child in one.children(recursive=True)]
    assert lingering.json("down")["ended"] == ["workers", "postgres", "redis"]
    assert not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in family)
    assert lingering("down").stdout.startswith("nothing runs in ")


def test_idle_workers_and_servers_end_by_themselves(lingering: Cli) -> None:
    catalog = lingering.catalog([("a", "One sentence.")])
    assert lingering("run", catalog, SPEEKO_LINGER="1").returncode == 0
    wait_until(lambda: not any(ids(lingering)), "the end of workers and servers")


def test_nothing_stays_on_a_build_machine(cli: Cli) -> None:
    assert cli("run", cli.catalog([("a", "One sentence.")]), CI="true").returncode == 0
    assert not any(ids(cli))


def test_workers_take_a_job_that_is_only_submitted(lingering: Cli) -> None:
    assert lingering("run", lingering.catalog([("a", "One sentence.")])).returncode == 0
    more = lingering.catalog([("b", "Another sentence."), ("c", "And a third.")], "more.csv")
    job = lingering.json("submit", more, "--output", lingering.folder / "more")["job"]
    assert lingering("wait", str(job)).returncode == 0


def test_what_a_command_uses_is_left_to_it(lingering: Cli) -> None:
    assert lingering("run", lingering.catalog([("a", "One sentence.")])).returncode == 0
    up = lingering.start("up", "--json")
    assert up.stdout is not None
    up.stdout.readline()
    done = lingering("down")
    assert done.returncode == 1
    assert "end it first" in done.stderr
    up.send_signal(signal.SIGINT)
    assert up.wait(60) == 0
