"""Ctrl-C and SIGTERM: a job is left paused with what was bought, and `resume` finishes it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from speeko_jobs.embedded.servers import EmbeddedServers, running
from tests.wait import wait_until

ROWS = [(f"r{n}", f"This is the row with the number {n}.") for n in range(60)]


def run_until_it_pays(cli: Any, metered: Any) -> subprocess.Popen[str]:
    cli.environ |= {"SPEEKO_API_URL": metered.url, "SPEEKO_API_KEY": metered.api_key}
    words = ("--provider", "speeko", "--max-concurrency", "2", "--output", "out")
    process: subprocess.Popen[str] = cli.start("run", cli.catalog(ROWS), *words)
    wait_until(lambda: metered.calls >= 3 or process.poll() is not None, "the first calls")
    assert process.poll() is None, process.communicate()
    return process


@pytest.fixture
def slow_metered(metered: Any) -> Any:
    metered.script([{"match": "*", "times": -1, "delay_seconds": 0.6}])
    return metered


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_paused_and_resume_pays_only_the_rest(
    cli: Any, here: Any, slow_metered: Any, number: signal.Signals
) -> None:
    process = run_until_it_pays(cli, slow_metered)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "job 1 is paused: go on with: speeko resume 1" in err
    assert "Traceback" not in err
    assert out == ""
    assert running(cli.home) == {}
    paid = slow_metered.calls
    assert 3 <= paid < len(ROWS)
    slow_metered.script([])
    with EmbeddedServers(cli.home):  # so that not every verb starts and stops them
        status = here.json("status", "1")
        assert (status["state"], status["reason"], status["calls"]) == ("paused", "interrupted", paid)
        summary = cli.json("resume", "1")
    assert (summary["state"], summary["delivered"]) == ("done", len(ROWS))
    assert slow_metered.calls == len(ROWS)
    assert summary["cost_usd"] == f"0.{slow_metered.micros:06d}"
    assert len(list((cli.folder / "out").glob("*.mp3"))) == len(ROWS)


def test_a_second_ctrl_c_leaves_at_once_and_loses_nothing(cli: Any, metered: Any) -> None:
    metered.script([{"match": "*", "times": -1, "delay_seconds": 3.0}])
    process = run_until_it_pays(cli, metered)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    for line in process.stderr:
        if "Ctrl-C again leaves at once" in line:
            break
    wait_until(lambda: _again(process), "the end after a second Ctrl-C")
    assert process.returncode == 130
    metered.script([])
    summary = cli.json("resume", "1")
    assert (summary["state"], summary["delivered"]) == ("done", len(ROWS))
    assert metered.calls <= len(ROWS) + 2  # at most the calls in flight


def _again(process: subprocess.Popen[str]) -> bool:
    """Ctrl-C once more, until it ends: the first of these may come before it listens for it."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    return process.poll() is not None


def test_interrupted_while_planning_nothing_was_started(cli: Any, here: Any) -> None:
    fifo = cli.folder / "endless.csv"
    os.mkfifo(fifo)
    process = cli.start("run", fifo, "--output", "out")
    with fifo.open("w") as catalog:
        catalog.write("id,text\n1,Hello there\n")
        catalog.flush()
        wait_until(lambda: len(running(cli.home)) == 2, "the servers")
        wait_until(lambda: _planning(here) or process.poll() is not None, "the plan")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "interrupted while planning: nothing was started" in err
    assert "Traceback" not in err
    assert here.json("jobs") == []


def _planning(here: Any) -> bool:
    code, out, _ = here("jobs", "--json")  # refused until the tables are there
    return code == 0 and any(job["state"] == "planning" for job in json.loads(out))


def test_up_keeps_workers_for_other_commands(cli: Any, here: Any) -> None:
    up = cli.start("up", "--workers", "1")
    assert up.stderr is not None
    assert up.stderr.readline() == "ready\n"
    catalog: Path = cli.catalog(ROWS[:5])
    assert cli("submit", catalog, "--output", "out", "--wait").returncode == 0
    done = cli("run", catalog, "--output", "out2", "--json")
    assert done.returncode == 0
    second = cli("up")
    assert second.returncode == 1
    assert "one is enough" in second.stderr
    assert {check["ok"] for check in here.json("doctor")["checks"]} == {True}
    up.send_signal(signal.SIGTERM)
    up.communicate(timeout=60)
    assert up.returncode == 0
    assert running(cli.home) == {}


def test_ctrl_c_ends_the_wait_for_a_pipe_with_one_line(cli: Any) -> None:
    pipe = cli.folder / "catalog.csv"
    os.mkfifo(pipe)
    waiting = cli.start("run", str(pipe))
    assert waiting.stderr is not None
    line = waiting.stderr.readline()
    assert line == f"speeko: {pipe} is a named pipe: waiting for a program that writes to it\n"
    waiting.send_signal(signal.SIGINT)
    _, err = waiting.communicate(timeout=120)
    assert waiting.returncode == 130
    assert err == "speeko: interrupted while planning: nothing was started\n"
