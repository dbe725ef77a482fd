"""Folders and files of the home that nobody else may read: they hold texts, audio, and what went wrong.

What was there before keeps its mode: whoever made it meant it.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

WORKERS_LOCK = "workers.lock"  # in the home; held shared by every supervisor and its nodes


def folder(path: Path) -> Path:
    """The folder, made with mode 0700 where it is missing, and so are those above it."""
    missing = []
    at = path
    while not at.exists() and at != at.parent:
        missing.append(at)
        at = at.parent
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def append(path: Path) -> IO[bytes]:
    """The file, open at its end; made with mode 0600."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "ab")


def create(path: Path) -> IO[bytes]:
    """The file, open and empty; made with mode 0600."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb")


def is_locked(path: Path) -> bool:
    """Return whether a process holds this file's lock; the kernel frees it however that one ends."""
    try:
        with append(path) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False  # no such folder, or none of ours
    return False
