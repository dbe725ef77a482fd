"""From what went wrong to one line on stderr and an exit code: the one place that maps them.

0 all rows served, 1 error, 2 usage, 3 done with failed or refused rows, 4 paused, 124 not done in time,
130 interrupted.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path
from urllib.parse import urlsplit

import click

from speeko_cli.output.console import emit, note, say
from speeko_cli.runtime.invocation import Invocation
from speeko_jobs import private_files
from speeko_jobs.core.output.redaction import redacted
from speeko_jobs.errors import SpeekoError

OK, ERROR, USAGE, WITH_ERRORS, PAUSED, TIMED_OUT, INTERRUPTED = 0, 1, 2, 3, 4, 124, 130


class Interrupted(SpeekoError):
    """Ctrl-C, with what it meant for the work."""

    exit_code = INTERRUPTED


class TimedOut(SpeekoError):
    """What was waited for did not come in the time given."""

    exit_code = TIMED_OUT


def code_of(error: BaseException, call: Invocation) -> int:
    """Tell the error and answer its exit code."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, SystemExit):  # click's, when whoever read our output has left
        return error.code if isinstance(error.code, int) else ERROR
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return _report("interrupted", INTERRUPTED, call)
    if isinstance(error, SpeekoError):
        return _report(str(error), error.exit_code, call)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return _helped(error)
    if isinstance(error, click.UsageError):
        return _report(_usage(error), USAGE, call)
    if isinstance(error, click.ClickException):
        return _report(error.format_message(), error.exit_code, call)
    if isinstance(error, BrokenPipeError) or (isinstance(error, OSError) and error.errno == errno.EPIPE):
        return _pipe_closed()
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return _report(f"{where}{error.strerror}", ERROR, call)
    if isinstance(error, RuntimeError) and "home directory" in str(error):  # pathlib's, for ~ and ~user
        return _report("a path begins with ~, and that user has no home directory: write it out", ERROR, call)
    return _bug(error, call)


def _report(message: str, code: int, call: Invocation) -> int:
    message = _redacted(message, call)
    try:
        note(f"speeko: {message}")
        if call.json:
            emit({"error": message})
    except BrokenPipeError:
        return _pipe_closed()
    except OSError:  # a full disk, for one: the message is on stderr, or nowhere
        _pipe_closed()
        return code or ERROR
    return code


def _helped(error: click.exceptions.NoArgsIsHelpError) -> int:
    """`speeko` or a group of verbs alone: its help is the answer."""
    try:
        for line in error.format_message().splitlines():
            say(line)
    except BrokenPipeError:
        return _pipe_closed()
    return USAGE


def _usage(error: click.UsageError) -> str:
    message = error.format_message().replace("\n", " ")
    path = error.ctx.command_path if error.ctx else "speeko"
    return f"{message[:1].lower()}{message[1:].rstrip('.')}: `{path} --help` shows how"


def _pipe_closed() -> int:
    """Discard what cannot be written: the reader has left or the disk is full, also at Python's exit."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                os.dup2(nothing, stream.fileno())
    os.close(nothing)
    return ERROR


def _bug(error: BaseException, call: Invocation) -> int:
    text = "".join(traceback.format_exception(error))
    message = (str(error).splitlines() or [""])[0][:200]
    kept = _keep(_redacted(text, call), call)
    where = f"the traceback is in {kept}" if kept else "its traceback could not be kept"
    return _report(f"a bug in speeko: {type(error).__name__}: {message}; {where}", ERROR, call)


def _keep(text: str, call: Invocation) -> Path | None:
    """Write a crash report that only its owner can read: at home, or where temporary files go."""
    name = f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    homes = [call.resolved.home_path / "logs"] if call.resolved else []
    for folder in (*homes, Path(tempfile.gettempdir())):
        try:
            private_files.folder(folder)
            path = folder / name
            path.touch(mode=0o600, exist_ok=False)
            path.write_text(text, errors="replace")
        except OSError:
            continue
        return path
    return None


def _redacted(text: str, call: Invocation) -> str:
    """The text without keys and passwords, those in force and those that look like it."""
    for secret in _secrets(call):
        text = text.replace(secret, "***")
    return redacted(text)


def _secrets(call: Invocation) -> list[str]:
    found = [os.environ.get("SPEEKO_API_KEY", ""), os.environ.get("SPEEKO_WEBHOOK_SECRET", "")]
    if call.resolved:
        from speeko_jobs.core.providers import accounts

        found += [*accounts.secrets(call.resolved), call.resolved.accounts, call.resolved.webhook_secret]
        for url in (call.resolved.database_url, call.resolved.redis_url, call.resolved.broker_url):
            try:
                found.append(urlsplit(url).password or "")
            except ValueError:
                found.append(url)
    return [secret for secret in found if len(secret) > 3]
