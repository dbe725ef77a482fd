"""Keys as they are pressed, and the terminal as it was afterwards."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator

ARROWS = {b"\x1b[A": b"k", b"\x1b[B": b"j", b"\x1bOA": b"k", b"\x1bOB": b"j"}


@contextlib.contextmanager
def keyboard() -> Iterator[Callable[[float], str]]:
    """What waits so many seconds for keys: those pressed, none where stdin is no terminal."""
    if not sys.stdin.isatty():
        yield _no_keys
        return
    stdin = sys.stdin.fileno()
    before = termios.tcgetattr(stdin)
    tty.setcbreak(stdin)
    mine = termios.tcgetattr(stdin)
    mine[6][termios.VSUSP] = b"\0"  # Ctrl-Z would leave the terminal on our screen
    termios.tcsetattr(stdin, termios.TCSANOW, mine)

    def pressed(seconds: float) -> str:
        if not select.select([stdin], [], [], seconds)[0]:
            return ""
        said = os.read(stdin, 64)
        if not said:
            return _no_keys(seconds)  # the terminal is gone, SIGHUP will come
        for arrow, key in ARROWS.items():
            said = said.replace(arrow, key)
        return said.decode("latin-1")

    try:
        yield pressed
    finally:
        with contextlib.suppress(termios.error):  # the terminal may be gone
            termios.tcsetattr(stdin, termios.TCSADRAIN, before)


def _no_keys(seconds: float) -> str:
    time.sleep(seconds)
    return ""
