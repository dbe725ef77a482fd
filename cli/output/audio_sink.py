"""Where spoken audio goes: standard output, or a file that appears whole; written while it arrives.

A thread writes, so that a player that listens at its own pace never holds up the provider's answer.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import secrets
import sys
import threading
from pathlib import Path

from speeko_jobs.core.catalog import file_names
from speeko_jobs.errors import UsageError

STDOUT = "-"
PART = ".part"
NAME_CHARS = 40
ABANDON_SECONDS = 1.0  # to whoever does not take what is written


class AudioSink:
    """Open from the start, so that a place that cannot be written costs nothing.

    A file is written under another name (FILE.….part) and renamed by `finish`; with `stream`, and where it
    is a pipe or a device, it is written itself. OSError where that cannot be.
    """

    def __init__(self, path: str, *, stream: bool = False) -> None:
        self.path = path
        self._is_file = path != STDOUT and (not Path(path).exists() or Path(path).is_file())
        self._target = path if stream or not self._is_file else self._part()
        if path == STDOUT:
            sys.stdout.flush()
            self._number = os.dup(sys.stdout.fileno())
        else:
            self._number = os.open(self._target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        self._pieces: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._error: OSError | None = None
        self._is_dropped = False
        # never waited for at the end: who reads a pipe may have stopped without closing it
        self._thread = threading.Thread(target=self._write_all, name="outlet", daemon=True)
        self._thread.start()

    def write(self, piece: bytes) -> None:
        """Write this next. Returns at once."""
        self._pieces.put(piece)

    def finish(self, whole: bytes | None = None) -> None:
        """All was heard: wait until it is written, and give the file its name. With `whole`, a file holds
        that instead. Raises the OSError of what could not be written, and nothing stays then."""
        self._pieces.put(None)
        self._thread.join()
        if self._error is not None:
            self.drop()
            raise self._error
        if not self._is_file:
            return
        if whole is not None:
            other = self._part()
            try:
                Path(other).write_bytes(whole)
            except BaseException:
                Path(other).unlink(missing_ok=True)
                self.drop()
                raise
            if self._target != self.path:
                Path(self._target).unlink()
            self._target = other
        if self._target != self.path:
            Path(self._target).replace(self.path)

    def drop(self) -> None:
        """No more, and no file with a part of it. What a pipe has got is out."""
        self._is_dropped = True
        self._pieces.put(None)
        self._thread.join(ABANDON_SECONDS)
        if self._is_file:
            Path(self._target).unlink(missing_ok=True)

    def _part(self) -> str:
        return f"{self.path}.{secrets.token_hex(4)}{PART}"

    def _write_all(self) -> None:
        try:
            while (piece := self._pieces.get()) is not None:
                rest = memoryview(piece)
                while rest and not self._is_dropped:
                    rest = rest[os.write(self._number, rest) :]
        except OSError as error:
            self._error = type(error)(error.errno, error.strerror, None if self.path == STDOUT else self.path)
        finally:
            with contextlib.suppress(OSError):
                os.close(self._number)


def chosen(out: str, text: str, format: str, *, no_stdout: bool = False) -> str:
    """Where to write: as asked; else standard output, or a new file where people would see the bytes.

    Raises UsageError for bytes on a terminal.
    """
    is_terminal = sys.stdout.isatty()
    if out == STDOUT and (is_terminal or no_stdout):
        why = "a terminal shows no audio" if is_terminal else "--json writes to standard output, too"
        raise UsageError(f"--out -: {why}: name a file, or pipe it to a player")
    if out:
        return out
    return named_after(text, format) if is_terminal or no_stdout else STDOUT


def named_after(text: str, format: str) -> str:
    """A file name out of a text's first words, that is not taken here: "hello-world.mp3"."""
    words = "-".join(re.findall(r"\w+", text[: 10 * NAME_CHARS].lower()))
    if len(words) > NAME_CHARS:
        words = words[: NAME_CHARS + 1].rpartition("-")[0] or words[:NAME_CHARS]
    template = file_names.compile_template(file_names.DEFAULT_TEMPLATE, ())
    number = 1
    while True:
        stem = (words or "speech") + (f"-{number}" if number > 1 else "")
        name = template.name(1, stem, "", "", format, ())
        if not os.path.lexists(name):
            return name
        number += 1
