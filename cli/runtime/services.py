"""Everything that a verb needs, standing: servers (joined or started), and the open things on them."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from speeko_cli.output.console import busy, note
from speeko_jobs.errors import JobError, ServerError
from speeko_jobs.settings import Settings

if TYPE_CHECKING:
    from speeko_jobs.flow.context import Context

CHECK_SECONDS = 1.0


@contextlib.contextmanager
def open_services(settings: Settings, *, linger: bool = True) -> Iterator[tuple[Context, bool]]:
    """Open the services; yield them, and whether no worker of this home runs, as far as its lock says.

    `linger`: embedded servers stay for some minutes after the last command, as the settings say.
    """
    from speeko_jobs import private_files, runtime
    from speeko_jobs.embedded.servers import running

    with termination_is_ctrl_c(), contextlib.ExitStack() as stack:
        embedded = settings.embedded_redis and not settings.broker_url
        seconds = settings.linger_seconds if linger else 0.0
        with busy("starting the servers", shown=embedded and not running(settings.home_path)):
            context = stack.enter_context(runtime.context(settings, linger_seconds=seconds))
        if not settings.embedded_redis:
            from speeko_jobs.flow.reporting import doctor_checks

            doctor_checks.require_redis_fits(context)
        _tell_if_foreign(context)
        yield (
            context,
            embedded and not private_files.is_locked(settings.home_path / private_files.WORKERS_LOCK),
        )


def _tell_if_foreign(context: Context) -> None:
    """Say where another database uses the same Redis."""
    from speeko_jobs.flow.reporting.redis_owner import foreign_redis_warning

    with contextlib.suppress(ServerError):  # whoever needs it says so
        if warning := foreign_redis_warning(context):
            note(f"speeko: {warning}")


@contextlib.contextmanager
def open_existing(settings: Settings) -> Iterator[Context]:
    """As `standing`, for verbs that look at jobs: makes no database where none was ever made."""
    if settings.embedded_database and not (settings.home_path / "servers" / "postgres").is_dir():
        raise JobError(f"there are no jobs yet in {settings.home_path}: `speeko run` makes one")
    with open_services(settings) as (context, _):
        _stop_stale_plans(context)
        yield context


def _stop_stale_plans(context: Context) -> None:
    """Have jobs whose submitter was killed shown as what they are; a standby is left as it is."""
    from speeko_jobs.flow.lifecycle import stale_plans

    with contextlib.suppress(ServerError):
        stale_plans.stop_stale_plans(context)


@contextlib.contextmanager
def open_for_watching(settings: Settings, *, name: str, pool_size: int = 4) -> Iterator[Context]:
    """For verbs that look on for long: embedded servers are joined or started, those given by URL may be away
    now and then, which is for the verb to tell."""
    from speeko_jobs import runtime

    if settings.embedded_database or settings.embedded_redis:
        with open_services(settings) as (context, _):
            yield context
        return
    context = runtime.open_context(settings, name=name, pool_size=pool_size)
    try:
        yield context
    finally:
        runtime.close(context)


@contextlib.contextmanager
def termination_is_ctrl_c() -> Iterator[None]:
    """SIGTERM, and the terminal's end, leave things in order as Ctrl-C does."""

    def stop(_: int, __: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                before[number] = signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def only_one(settings: Settings, verb: str) -> Iterator[None]:
    """Hold the home for this verb: two beats on one schedule file would break it. Raises ServerError."""
    import fcntl

    from speeko_jobs import private_files

    home = private_files.folder(settings.home_path)
    with private_files.append(home / f"{verb}.lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServerError(f"`speeko {verb}` runs already in {home}: one is enough") from None
        yield


def until_signalled() -> None:
    """Return when SIGINT or SIGTERM comes, for verbs that are ended that way. Takes both over for good.

    Raises ServerError when the embedded servers cannot be kept running.
    """
    from speeko_jobs.embedded import server_restart

    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: told.set())
    while not told.wait(CHECK_SECONDS):
        server_restart.check()
