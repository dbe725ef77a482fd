"""Waiting for a condition instead of sleeping for a guess."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(condition: Callable[[], T], what: str = "", timeout_seconds: float = 60.0) -> T:
    """Poll until `condition` answers something true, and return it. AssertionError when time is up."""
    end = time.monotonic() + timeout_seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout_seconds:g} s in vain for {what or condition}")
        time.sleep(0.02)
