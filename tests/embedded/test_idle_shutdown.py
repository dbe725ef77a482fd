"""Servers that stay for a while after the last command."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path

import psutil
import pytest

from speeko_jobs.embedded import servers
from speeko_jobs.embedded.background_process import code_fingerprint
from speeko_jobs.embedded.servers import EmbeddedServers, lingering_process, running
from tests.wait import wait_until

LONG = 600.0


def use(home: Path, seconds: float | None = LONG) -> dict[str, int]:
    """Use the servers as one command does; the process ids of the servers meanwhile."""
    with EmbeddedServers(home, linger_seconds=seconds):
        return running(home)


def test_the_next_command_meets_the_servers_of_the_last(used_home: Path) -> None:
    first = use(used_home)
    assert running(used_home) == first
    assert use(used_home) == first
    assert lingering_process(used_home).end()
    assert running(used_home) == {}


def test_it_holds_no_terminal_and_no_descriptor_of_the_command(used_home: Path, tmp_path: Path) -> None:
    with (tmp_path / "ours").open("w") as ours:
        os.set_inheritable(ours.fileno(), True)
        use(used_home)
        pid = wait_until(lingering_process(used_home).state, "its state").pid
        process = psutil.Process(pid)
        assert process.terminal() is None
        assert os.getsid(pid) != os.getsid(0)
        root = str(used_home.resolve() / "servers")
        files = {str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir()}
        assert files <= {"/dev/null", f"{root}/linger.log", f"{root}/linger.lock"}


def test_idle_servers_stop_by_themselves(used_home: Path) -> None:
    use(used_home, 0.01)
    wait_until(lambda: not running(used_home), "the servers' end")
    wait_until(lambda: not lingering_process(used_home).is_alive(), "its own end")


def test_servers_in_use_are_not_idle(used_home: Path) -> None:
    with EmbeddedServers(used_home, linger_seconds=0.01):
        before = running(used_home)
        assert not servers.stop_unused(used_home)
        assert lingering_process(used_home).end()  # SIGTERM: it leaves the servers to the command
        assert running(used_home) == before
    assert running(used_home) == {}


def test_a_setting_of_zero_ends_what_lingers(used_home: Path) -> None:
    use(used_home)
    use(used_home, 0)
    assert running(used_home) == {}
    assert not lingering_process(used_home).is_alive()


def test_without_the_setting_what_lingers_is_left_as_it_is(used_home: Path) -> None:
    first = use(used_home)
    assert use(used_home, None) == first
    assert running(used_home) == first


def test_a_killed_process_is_replaced_by_the_next_command(used_home: Path) -> None:
    first = use(used_home)
    pid = lingering_process(used_home).pid()
    assert pid
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not lingering_process(used_home).is_alive(), "its end")
    assert use(used_home) == first
    assert lingering_process(used_home).is_alive()


def test_the_servers_end_with_their_home(used_home: Path) -> None:
    first = use(used_home)
    pid = lingering_process(used_home).pid()
    shutil.rmtree(used_home)
    for number in (*first.values(), pid):
        assert number
        wait_until(lambda n=number: not _lives(n), "its end")  # type: ignore[misc]


@pytest.fixture
def of_another_version(used_home: Path) -> dict[str, int]:
    """Servers that another version left."""
    with EmbeddedServers(used_home):
        lingering = lingering_process(used_home)
        lingering.start((sys.executable, "-m", lingering.module, str(used_home), "600", "another"))
        wait_until(lambda: lingering.state() is not None, "its state")
        return running(used_home)


def test_servers_of_another_version_are_retired(used_home: Path, of_another_version: dict[str, int]) -> None:
    assert running(used_home) == of_another_version
    assert use(used_home) != of_another_version
    state = lingering_process(used_home).state()
    assert state is None or state.fingerprint == code_fingerprint()


def test_servers_of_another_version_that_are_used_are_joined(
    used_home: Path, of_another_version: dict[str, int]
) -> None:
    with EmbeddedServers(used_home):
        assert use(used_home) == of_another_version


def _lives(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
