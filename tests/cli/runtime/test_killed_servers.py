"""Embedded servers that are killed while commands use them come back, and nothing is bought twice for it."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from speeko_jobs.embedded.servers import running
from tests.wait import wait_until

ROWS = [(f"r{n}", f"This is the row with the number {n}.") for n in range(300)]


def begin(cli: Any, metered: Any, *, delay_seconds: float = 0.2) -> subprocess.Popen[str]:
    """A run that has bought something and has much left to buy."""
    metered.script([{"match": "*", "times": -1, "delay_seconds": delay_seconds}])
    cli.environ |= {"SPEEKO_API_URL": metered.url, "SPEEKO_API_KEY": metered.api_key}
    words = ("--provider", "speeko", "--max-concurrency", "4", "--output", "out", "--json")
    process: subprocess.Popen[str] = cli.start("run", cli.catalog(ROWS), *words)
    wait_until(lambda: metered.calls >= 3 or process.poll() is not None, "the first calls")
    assert process.poll() is None, process.communicate()
    return process


def start_up(cli: Any) -> subprocess.Popen[str]:
    up: subprocess.Popen[str] = cli.start("up", "--json")
    assert up.stdout is not None
    lines = list(iter(up.stdout.readline, "}\n"))
    assert json.loads("".join([*lines, "}"]))["ready"]
    return up


def kill(home: Path, names: Sequence[str]) -> None:
    """Kill servers of the test's own home, and wait until others stand in their place."""
    before = running(home)
    assert set(names) <= set(before)
    for name in names:
        os.kill(before[name], signal.SIGKILL)

    def back() -> bool:
        now = running(home)
        return set(now) == set(before) and all(now[name] != before[name] for name in names)

    wait_until(back, f"{' and '.join(names)} to be restarted")


def check_served(cli: Any, metered: Any, process: subprocess.Popen[str]) -> None:
    out, err = process.communicate(timeout=150)
    assert process.returncode == 0, err
    summary = json.loads(out)
    assert (summary["state"], summary["delivered"]) == ("done", len(ROWS)), err
    assert "Traceback" not in err
    assert len(list((cli.folder / "out").glob("*.mp3"))) == len(ROWS)
    billed = Counter(entry["key"] for entry in metered.bill())
    twice = sum(billed.values()) - len(billed)
    assert len(billed) == len(ROWS)
    assert twice <= summary["unknown"]["calls"]
    assert running(cli.home) == {}


@pytest.mark.parametrize("names", [["redis"], ["postgres"], ["redis", "postgres"]], ids="+".join)
def test_a_run_survives_servers_that_are_killed_again_and_again(
    cli: Any, metered: Any, names: list[str]
) -> None:
    process = begin(cli, metered)
    for _ in range(3):
        bought = metered.calls
        kill(cli.home, names)
        wait_until(
            lambda least=bought: metered.calls > least + 2 or process.poll() is not None, "more calls", 90
        )
    metered.script([])
    check_served(cli, metered, process)


def test_whoever_is_left_restarts_them(cli: Any, metered: Any) -> None:
    """The command that started the servers and the workers is killed, too."""
    cli.environ |= {"SPEEKO_API_URL": metered.url, "SPEEKO_API_KEY": metered.api_key}
    up = start_up(cli)
    process = begin(cli, metered)
    up.kill()
    up.wait()
    kill(cli.home, ["redis", "postgres"])
    metered.script([])
    check_served(cli, metered, process)


def test_up_restarts_them_for_the_jobs_of_others(cli: Any, metered: Any) -> None:
    cli.environ |= {"SPEEKO_API_URL": metered.url, "SPEEKO_API_KEY": metered.api_key}
    up = start_up(cli)
    kill(cli.home, ["postgres", "redis"])
    kill(cli.home, ["redis"])
    done = cli.json("run", cli.catalog(ROWS[:20]), "--provider", "speeko", "--output", "out")
    assert done["delivered"] == 20
    assert metered.calls == 20
    assert set(running(cli.home)) == {"postgres", "redis"}
    up.send_signal(signal.SIGINT)
    _, err = up.communicate(timeout=60)
    assert up.returncode == 0, err
    assert re.search(r"^speeko: Redis ended unexpectedly: restarted$", err, re.M), err
    assert running(cli.home) == {}


@pytest.fixture
def small_home(cli: Any) -> Iterator[Any]:
    """The home on a disk of its own."""
    cli.home.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=700m,mode=700", "none", str(cli.home)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a disk of its own can only be mounted by root (with the right to mount)")
    yield cli
    wait_until(lambda: running(cli.home) == {}, "the end of the servers")
    subprocess.run(["umount", "--lazy", str(cli.home)], check=True)


def fill(home: Path) -> Path:
    filler = home / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            for size in (1 << 20, 1 << 12):
                for _ in itertools.count():
                    file.write(bytes(size))
        except OSError:
            file.seek(0, os.SEEK_END)
        try:
            while file.write(bytes(1 << 10)):
                pass
        except OSError:
            pass
    return filler


def kill_all(home: Path) -> None:
    for pid in running(home).values():
        os.kill(pid, signal.SIGKILL)


def test_a_full_disk_is_waited_for_and_then_they_start(small_home: Any, metered: Any) -> None:
    cli = small_home
    cli.environ |= {"SPEEKO_API_URL": metered.url, "SPEEKO_API_KEY": metered.api_key}
    up = start_up(cli)
    filler = fill(cli.home)
    kill_all(cli.home)
    assert up.stderr is not None
    told = ""
    while "No space left" not in told:
        line = up.stderr.readline()
        assert line, told
        told += line
    filler.unlink()
    wait_until(lambda: set(running(cli.home)) == {"postgres", "redis"}, "the servers")
    done = cli.json("run", cli.catalog(ROWS[:20]), "--provider", "speeko", "--output", "out")
    assert done["delivered"] == metered.calls == 20
    up.send_signal(signal.SIGINT)
    assert up.wait(60) == 0


def test_a_disk_that_stays_full_is_given_up_with_one_line_and_nothing_is_lost(
    small_home: Any, metered: Any
) -> None:
    cli = small_home
    cli.environ |= {"SPEEKO_API_URL": metered.url, "SPEEKO_API_KEY": metered.api_key}
    up = start_up(cli)
    words = ("--provider", "speeko", "--output", "out")
    assert cli.json("run", cli.catalog(ROWS[:20]), *words)["delivered"] == 20
    filler = fill(cli.home)
    kill_all(cli.home)
    _, err = up.communicate(timeout=150)
    assert up.returncode == 1, err
    assert "Traceback" not in err
    last = err.splitlines()[-1]
    assert re.search(r"No space left.*given up after 7 tries to restart ", last), err
    filler.unlink()
    assert cli.json("run", cli.catalog(ROWS[:30]), *words)["delivered"] == 10
    assert metered.calls == 30
