"""Any home will do: long, spaced, in any script, below closed folders. Nothing of the user's is opened."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

from speeko_jobs.embedded import data_dirs, server_process, service_user
from speeko_jobs.embedded.servers import EmbeddedServers, ServerUrls, running
from speeko_jobs.errors import ServerError

from .conftest import A_USER, clean


def use(urls: ServerUrls) -> None:
    with psycopg.connect(urls.database_url.replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("speeko",)
    with redis.Redis.from_url(urls.redis_url) as client:
        assert client.ping()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_short_home_keeps_everything_inside(home: Path) -> None:
    with EmbeddedServers(home) as urls:
        use(urls)
        assert f"{home}/servers/sockets" in urls.redis_url
    assert [path.name for path in home.iterdir()] == ["servers"]
    assert mode(home) == mode(home / "servers") == 0o700


@pytest.mark.parametrize("name", ["n" * 200, "mit Leerzeichen", "カタログ ñ'\"%&?#", "a,b"])
def test_homes_whose_path_no_socket_can_have(home: Path, name: str) -> None:
    strange = home / name
    with EmbeddedServers(strange) as urls:
        use(urls)
        with EmbeddedServers(strange) as joined:
            assert joined == urls
        sockets = (strange / "servers/sockets").readlink()
        assert str(sockets) in urls.redis_url
        assert mode(sockets) == mode(sockets.parent) == 0o700
        assert sockets.parent.stat().st_uid == os.geteuid()
    assert running(strange) == {}
    assert not sockets.parent.exists()


def test_sockets_swept_away_by_a_reboot(home: Path) -> None:
    strange = home / "with space"
    with EmbeddedServers(strange):
        link = strange / "servers/sockets"
    link.symlink_to("/tmp/speeko-gone-since-then/s")
    with EmbeddedServers(strange) as urls:
        use(urls)
        assert str(link.readlink()) != "/tmp/speeko-gone-since-then/s"


def test_sockets_swept_away_under_running_servers(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_process, "_STUCK_SECONDS", 0.3)
    strange = home / "with space"
    stack = EmbeddedServers(strange)
    with stack as urls:
        use(urls)
        before = running(strange)
        for path in (strange / "servers/sockets").readlink().iterdir():
            path.unlink()
        use(stack.start())
        assert not set(before.values()) & set(running(strange).values())


def test_foreign_socket_folder_is_not_used(home: Path, tmp_path: Path) -> None:
    """The name in the temporary folder may be anybody's after a reboot."""
    strange = home / "with space"
    with EmbeddedServers(strange, database=False):
        pass
    squatted = tmp_path / "speeko-1" / "s"
    squatted.mkdir(parents=True)
    tmp_path.joinpath("speeko-1").chmod(0o777)
    link = strange / "servers/sockets"
    link.symlink_to(squatted)
    with EmbeddedServers(strange, database=False) as urls:
        assert str(squatted) not in urls.redis_url
    assert squatted.exists()


def test_another_spelling_of_the_home_is_the_same_home(home: Path) -> None:
    home.mkdir()
    other = home.with_name("link")
    other.symlink_to(home)
    with EmbeddedServers(home) as urls, EmbeddedServers(other) as same:
        assert urls == same
        assert running(other) == running(home)


@pytest.mark.skipif(os.geteuid() != 0, reason="root's servers run as another user")
def test_home_of_root_below_a_closed_folder(home: Path) -> None:
    home.mkdir(mode=0o700)
    below = home / "deeper" / "home"
    below.parent.mkdir(mode=0o700)
    with EmbeddedServers(below) as urls:
        use(urls)
        for pid in running(below).values():
            status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
            assert status["Uid"].split()[0] != "0"
            assert int(status["CapEff"], 16).bit_count() == 1
    assert [mode(path) for path in (home, below.parent, below)] == [0o700] * 3
    assert (below / "servers").stat().st_uid == 0
    clean(below)


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root and setpriv")
def test_root_of_a_container(home: Path) -> None:
    """It has few of root's rights: it may not look into another user's processes, for one."""
    rights = "-all,+chown,+dac_override,+fowner,+kill,+setgid,+setuid"
    command = ["setpriv", f"--bounding-set={rights}", sys.executable, str(A_USER), str(home)]
    said = subprocess.run(command, input="", capture_output=True, text=True, timeout=120, check=True).stdout
    assert [line.split()[0] for line in said.splitlines()] == ["up"]
    assert running(home) == {}


def test_system_without_an_unprivileged_user(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(service_user, "SERVICE_USERS", ("no-such-user",))
    with pytest.raises(ServerError, match="add a user 'speeko'"):
        service_user.service_user(data_dirs.at(home).data)
