"""Servers are shared by those who use them, stop with the last, and survive any death with their data."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import redis

from speeko_jobs.embedded import server_process
from speeko_jobs.embedded.servers import EmbeddedServers, ServerUrls, running
from speeko_jobs.errors import ServerError
from tests.wait import wait_until


def sql(urls: ServerUrls, statement: str, role: str = "speeko") -> list[Any]:
    url = urls.database_url.replace("postgresql+psycopg://speeko", f"postgresql://{role}")
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def remember(urls: ServerUrls) -> None:
    sql(urls, "CREATE TABLE kept (word text)")
    sql(urls, "INSERT INTO kept VALUES ('paid')")
    with redis.Redis.from_url(urls.redis_url, decode_responses=True) as client:
        client.set("kept", "paid")


def remembers(urls: ServerUrls) -> bool:
    with redis.Redis.from_url(urls.redis_url, decode_responses=True) as client:
        return sql(urls, "SELECT word FROM kept") == [("paid",)] and client.get("kept") == "paid"


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: gone(pid), "its end")


def test_the_servers_are_what_the_work_needs(home: Path) -> None:
    with EmbeddedServers(home) as urls:
        shown = dict(sql(urls, "SELECT name, setting FROM pg_settings"))
        expected = {
            "listen_addresses": "",
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "wal_level": "minimal",
            "jit": "off",
            "server_encoding": "UTF8",
            "data_checksums": "on",
            "statement_timeout": "0",
            "lock_timeout": "0",
            "idle_in_transaction_session_timeout": "0",
        }
        assert {name: shown[name] for name in expected} == expected
        assert sql(urls, "SELECT word FROM (VALUES ('b'), ('B'), ('a')) v (word) ORDER BY word") == [
            ("B",),
            ("a",),
            ("b",),
        ]
        assert sql(urls, "SELECT lower('Ä')") == [("ä",)]
        with redis.Redis.from_url(urls.redis_url, decode_responses=True) as client:
            wanted = {"appendonly": "yes", "appendfsync": "everysec", "save": "", "port": "0"}
            wanted["maxmemory-policy"] = "noeviction"
            assert {name: client.config_get(name)[name] for name in wanted} == wanted


def test_the_works_role_reaches_no_files(used_home: Path) -> None:
    with EmbeddedServers(used_home, redis=False) as urls:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            sql(urls, "COPY (SELECT 1) TO PROGRAM 'true'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            sql(urls, "SELECT pg_read_file('/etc/passwd')")


def test_only_what_is_asked_for_is_started(used_home: Path) -> None:
    with EmbeddedServers(used_home, database=False) as urls:
        assert (urls.database_url, set(running(used_home))) == ("", {"redis"})
        with EmbeddedServers(used_home, redis=False) as urls:
            assert (urls.redis_url, set(running(used_home))) == ("", {"postgres", "redis"})
        assert set(running(used_home)) == {"postgres", "redis"}
    assert running(used_home) == {}


def test_the_last_user_stops_them_and_the_data_stay(used_home: Path, user: Callable[[], Any]) -> None:
    first, second = user(), user()
    assert first.says() == second.says() != ""
    pids = running(used_home)
    first.leave()
    assert running(used_home) == pids
    second.leave()
    assert running(used_home) == {}
    assert all(gone(pid) for pid in pids.values())
    with EmbeddedServers(used_home) as urls:
        remember(urls)
    with EmbeddedServers(used_home) as urls:
        assert remembers(urls)


def test_two_stacks_of_one_process_are_two_users(used_home: Path) -> None:
    first, second = EmbeddedServers(used_home), EmbeddedServers(used_home)
    with first, second:
        assert first.start() == first.start() == second.start()
        first.stop()
        first.stop()
        assert set(running(used_home)) == {"postgres", "redis"}
    assert running(used_home) == {}


def test_five_commands_at_once_start_one_server_each(home: Path, user: Callable[[], Any]) -> None:
    users = [user() for _ in range(5)]
    assert {one.says().split()[0] for one in users} == {"up"}
    pids = running(home)
    with EmbeddedServers(home) as urls:
        assert sql(urls, "SELECT 1") == [(1,)]
        assert running(home) == pids
    for one in users:
        one.leave()
        if one is not users[-1]:
            assert running(home) == pids


def test_commands_come_and_go_at_the_same_time(used_home: Path, user: Callable[[], Any]) -> None:
    """Whoever has the servers can use them, while others stop what they took for unused."""
    staying = user()
    assert staying.says().startswith("up")
    staying.leave()
    coming = [user() for _ in range(3)]
    for one in coming:
        assert one.says().startswith("up")
        one.process.stdin.close()
        coming.append(user()) if len(coming) < 8 else None
    for one in coming:
        one.process.wait(60)
    assert running(used_home) == {}


def test_killed_command_stops_no_later_one(used_home: Path, user: Callable[[], Any]) -> None:
    killed = user()
    assert killed.says().startswith("up")
    pids = running(used_home)
    killed.kill()
    with EmbeddedServers(used_home) as urls:
        assert running(used_home) == pids
        remember(urls)
    assert running(used_home) == {}


@pytest.mark.parametrize("lines", [1, 4, 12, 25])
def test_command_killed_while_the_servers_are_made(home: Path, user: Callable[[], Any], lines: int) -> None:
    killed = user()
    log = home / "servers" / "postgres.log"
    wait_until(lambda: log.exists() and log.read_bytes().count(b"\n") >= lines, "some lines of the log")
    killed.kill()
    with EmbeddedServers(home) as urls:
        remember(urls)
        assert remembers(urls)
    assert list((home / "servers").glob("postgres.new*")) == []


def test_killed_servers_start_again_with_their_data(used_home: Path) -> None:
    stack = EmbeddedServers(used_home)
    with stack as urls:
        remember(urls)
        killed = running(used_home)
        for pid in killed.values():
            kill(pid)
        assert stack.start() == urls
        assert remembers(urls)
        assert not set(running(used_home).values()) & set(killed.values())
    assert running(used_home) == {}


def test_backends_of_a_killed_postgres_are_ended(used_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session in the middle of a long statement does not notice its server's death."""
    monkeypatch.setattr(server_process, "_STUCK_SECONDS", 0.3)
    with EmbeddedServers(used_home, redis=False) as urls:
        url = urls.database_url.replace("+psycopg", "")
        long = "SELECT FROM generate_series(1, 1e12::bigint)"
        long = f"import psycopg; psycopg.connect({url!r}).execute({long!r})"
        busy = subprocess.Popen([sys.executable, "-c", long], stderr=subprocess.DEVNULL)
        find = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT FROM generate_series(%'"
        [(backend,)] = wait_until(lambda: sql(urls, find), "the long statement")
        kill(running(used_home)["postgres"])
        with EmbeddedServers(used_home, redis=False) as again:
            assert sql(again, "SELECT 1") == [(1,)]
            assert gone(backend)
        busy.wait(60)


def test_slow_recovery_is_left_to_go_on(
    used_home: Path, user: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """To stop a server that recovers would be to start over each time."""
    killed = user()
    assert killed.says().startswith("up")
    killed.kill()
    pids = running(used_home)
    os.kill(pids["postgres"], signal.SIGSTOP)
    monkeypatch.setattr("speeko_jobs.embedded.servers.START_SECONDS", 0.1)
    with pytest.raises(ServerError, match="try again in a minute; log: "):
        EmbeddedServers(used_home).start()
    monkeypatch.undo()
    os.kill(pids["postgres"], signal.SIGCONT)
    with EmbeddedServers(used_home):
        assert running(used_home) == pids
    assert running(used_home) == {}


def test_stale_pid_file_that_names_somebody_else(used_home: Path) -> None:
    """After a power cut the file names a process id that is another program's by now."""
    with EmbeddedServers(used_home, redis=False) as urls:
        remember_pid = (used_home / "servers/postgres/postmaster.pid").read_text()
        sql(urls, "CREATE TABLE kept (word text)")
    stale = used_home / "servers/postgres/postmaster.pid"
    owner = stale.parent.stat()
    with subprocess.Popen(["sleep", "600"], user=owner.st_uid, group=owner.st_gid) as other:
        stale.write_text(remember_pid.replace(remember_pid.split("\n")[0], str(other.pid), 1))
        os.chown(stale, owner.st_uid, owner.st_gid)
        (used_home / "servers/postgres.lock").write_text(f"{other.pid}\n")
        with EmbeddedServers(used_home, redis=False) as urls:
            assert sql(urls, "SELECT * FROM kept") == []
        assert other.poll() is None
        other.kill()


@pytest.mark.parametrize("text", ["", "garbled\n", "\0\0\0\0"])
def test_broken_pid_file(used_home: Path, text: str) -> None:
    with EmbeddedServers(used_home, redis=False):
        pass
    stale = used_home / "servers/postgres/postmaster.pid"
    stale.write_text(text)
    with EmbeddedServers(used_home, redis=False) as urls:
        assert sql(urls, "SELECT 1") == [(1,)]


def test_forked_child_does_not_stop_the_servers(used_home: Path) -> None:
    stack = EmbeddedServers(used_home, redis=False)
    with stack as urls:
        child = os.fork()
        if child == 0:
            stack.stop()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert sql(urls, "SELECT 1") == [(1,)]
    assert running(used_home) == {}


def test_children_keep_the_servers_when_their_parent_is_killed(used_home: Path) -> None:
    """As a prefork pool whose parent died: its children are in the middle of their work."""
    read, write = os.pipe()
    parent = os.fork()
    if parent == 0:
        EmbeddedServers(used_home, redis=False).start()
        if os.fork() == 0:
            os.close(write)
            os.read(read, 1)  # until the test lets go
            os._exit(0)
        os.kill(os.getpid(), signal.SIGKILL)
    os.close(read)
    os.waitpid(parent, 0)
    with EmbeddedServers(used_home, redis=False):
        pass
    assert set(running(used_home)) == {"postgres"}, "the child still uses it"
    os.close(write)

    def last() -> bool:
        with EmbeddedServers(used_home, redis=False):
            pass
        return not running(used_home)

    wait_until(last, "the child's end")


def test_servers_keep_nothing_of_the_command(used_home: Path) -> None:
    """No descriptor but the log, null and the server's own; no terminal group; no settings or secrets."""
    os.environ["SPEEKO_API_KEY"] = "secret"
    try:
        with EmbeddedServers(used_home) as urls:
            assert urls
            for name, pid in running(used_home).items():
                assert os.getsid(pid) != os.getsid(0)
                assert "secret" not in Path(f"/proc/{pid}/environ").read_text()
                files = {}
                for file in Path(f"/proc/{pid}/fd").iterdir():
                    with contextlib.suppress(FileNotFoundError):  # closed since
                        files[file.name] = str(file.readlink())
                locks = {Path(file).name for file in files.values() if file.endswith(".lock")}
                assert locks - {".s.PGSQL.5432.lock"} == {f"{name}.lock"}
                assert files["0"] == "/dev/null"
                assert files["1"].endswith(f"{name}.log")
    finally:
        del os.environ["SPEEKO_API_KEY"]


def test_log_is_turned_before_it_grows_without_end(used_home: Path) -> None:
    with EmbeddedServers(used_home, database=False):
        pass
    log = used_home / "servers/redis.log"
    with log.open("ab") as file:
        file.truncate(server_process.LOG_MAX_BYTES + 1)
    with EmbeddedServers(used_home, database=False):
        pass
    assert log.stat().st_size < 100_000
    assert log.with_name("redis.log.1").stat().st_size > server_process.LOG_MAX_BYTES


def test_running_says_nothing_of_a_home_that_is_not_there(home: Path) -> None:
    assert running(home) == {}
    assert not home.exists()


def test_home_removed_while_in_use(used_home: Path) -> None:
    stack = EmbeddedServers(used_home, database=False)
    stack.start()
    pid = running(used_home)["redis"]
    used_home.rename(used_home.with_name("moved"))
    with pytest.raises(ServerError, match="gone"):
        stack.stop()
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: gone(pid))
