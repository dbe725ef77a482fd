"""Named points at which a test can kill this process, as a power cut would. Nothing happens without orders.

SPEEKO_CRASH="name", "name:3" (the third time this process comes by) or "name:1:/path/once" (only while that
file does not exist; it is made first, so that one process dies, once). SPEEKO_CRASH_TEXT narrows a point to
texts that hold it. SPEEKO_CRASH_SIGNAL=SIGSTOP freezes it there instead.
"""

from __future__ import annotations

import os
import signal

_name, _, _rest = os.environ.get("SPEEKO_CRASH", "").partition(":")
_count, _, _once = _rest.partition(":")
_text = os.environ.get("SPEEKO_CRASH_TEXT", "")
_signal = signal.Signals[os.environ.get("SPEEKO_CRASH_SIGNAL", "SIGKILL")] if _name else signal.SIGKILL
_left = int(_count or 1) if _name else 0


def point(name: str, text: str = "") -> None:
    """Die here by SIGKILL, if that was ordered."""
    global _left
    if name != _name or _text not in text:
        return
    _left -= 1
    if _left != 0:
        return
    if _once:
        try:
            os.close(os.open(_once, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return
    os.kill(os.getpid(), _signal)
