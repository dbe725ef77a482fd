"""What keeps a server from starting is told in one line that names what to do or where to look."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from speeko_jobs.embedded import daemonize
from speeko_jobs.embedded.servers import EmbeddedServers, running
from speeko_jobs.errors import ServerError

A_USER = Path(__file__).with_name("a_user.py")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")


def one_line(raised: pytest.ExceptionInfo[ServerError]) -> str:
    text = str(raised.value)
    assert text
    assert "\n" not in text
    return text


def test_home_is_a_file(home: Path) -> None:
    home.write_text("")
    with pytest.raises(ServerError, match="SPEEKO_HOME") as raised:
        EmbeddedServers(home).start()
    assert str(home) in one_line(raised)


def test_data_of_another_postgres(used_home: Path) -> None:
    with EmbeddedServers(used_home, redis=False):
        pass
    (used_home / "servers/postgres/PG_VERSION").write_text("15\n")
    with pytest.raises(ServerError, match=r"Postgres 15.*Postgres 18.*pg_dump") as raised:
        EmbeddedServers(used_home).start()
    assert str(used_home / "servers/postgres") in one_line(raised)


def test_data_folder_that_is_none(home: Path) -> None:
    (home / "servers/postgres").mkdir(parents=True)
    with pytest.raises(ServerError, match="not the data of a Postgres") as raised:
        EmbeddedServers(home).start()
    assert one_line(raised)


def test_broken_postgres_names_reason_and_log(used_home: Path) -> None:
    with EmbeddedServers(used_home, redis=False):
        pass
    (used_home / "servers/postgres/global/pg_control").unlink()
    with pytest.raises(ServerError, match="pg_control") as raised:
        EmbeddedServers(used_home).start()
    assert f"log: {used_home}/servers/postgres.log" in one_line(raised)
    assert running(used_home) == {}


def test_broken_redis_stops_the_postgres_it_came_with(used_home: Path) -> None:
    with EmbeddedServers(used_home, database=False):
        pass
    (used_home / "servers/redis/appendonly.aof").write_bytes(b"*1\r\n$3\r\nnonsense\r\n")
    with pytest.raises(ServerError, match="did not start: Unknown command") as raised:
        EmbeddedServers(used_home).start()
    assert f"log: {used_home}/servers/redis.log" in one_line(raised)
    assert running(used_home) == {}


def test_redis_cut_short_by_a_power_cut_starts(used_home: Path) -> None:
    with EmbeddedServers(used_home, database=False):
        pass
    with (used_home / "servers/redis/appendonly.aof").open("ab") as file:
        file.write(b"*3\r\n$3\r\nSET\r\n$4\r\nke")
    with EmbeddedServers(used_home, database=False):
        assert set(running(used_home)) == {"redis"}


def test_stuck_start_of_another_command(used_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with EmbeddedServers(used_home, database=False):
        held = daemonize.hold(str(used_home / "servers/start.lock"))
        assert held is not None
        monkeypatch.setattr("speeko_jobs.embedded.servers.START_SECONDS", 0.1)
        with pytest.raises(ServerError, match="another speeko command") as raised:
            EmbeddedServers(used_home).start()
        os.close(held)
        monkeypatch.undo()
    assert one_line(raised)


@as_root
def test_folder_of_another_user(home: Path) -> None:
    (home / "servers").mkdir(parents=True)
    os.chown(home / "servers", 65534, 65534)
    with pytest.raises(ServerError, match="belongs to") as raised:
        EmbeddedServers(home).start()
    assert "SPEEKO_HOME" in one_line(raised)
    shutil.rmtree(home)


@as_root
def test_unprivileged_user_and_a_folder_closed_to_it(home: Path) -> None:
    closed, own = home / "closed", home / "own"
    for path in (closed, own):
        path.mkdir(parents=True)
    home.parent.chmod(0o755)
    os.chown(own, 65534, 65534)
    assert said_by(own).startswith("up ")
    assert (own / "servers/postgres").stat().st_uid == 65534
    assert running(own) == {}
    refused = said_by(closed / "below")
    assert refused.startswith("fail ")
    assert "Permission denied" in refused
    assert "set SPEEKO_HOME" in refused
    assert refused.count("\n") == 1


def said_by(home: Path) -> str:
    """What a_user.py says when user 65534 runs it to its end."""
    log = home.with_name(f"{home.name}.said")
    log.unlink(missing_ok=True)
    start = [
        sys.executable,
        "-I",
        "-S",
        daemonize.__file__,
        "run",
        f"{log}.lock",
        str(log),
        "/",
        "65534",
        "65534",
    ]
    subprocess.run([*start, sys.executable, str(A_USER), str(home)], input=b"", check=True, timeout=120)
    return log.read_text()
