"""What delivery costs in CPU where audio is converted, joined or brought to a loudness, a row of 12 seconds.

A row whose format is the one it was bought in is passed on as it is.
"""

from __future__ import annotations

import time

import pytest

from speeko_jobs.core.audio.codec import FORMATS
from speeko_jobs.core.audio.transcode import Delivered, render
from tests.bench.table import show
from tests.metered import audio

pytestmark = pytest.mark.bench
ROUNDS = 5


def millis(parts: list[bytes], bought: str, want: Delivered) -> float:
    """The least CPU time of some rounds; the first loads the libraries."""
    times = []
    for _ in range(ROUNDS):
        started = time.process_time()
        render(parts, bought, want)
        times.append((time.process_time() - started) * 1000)
    return min(times)


def test_conversion() -> None:
    rows: list[list[str | float]] = []
    for bought in FORMATS:
        parts = [audio.tone(bought, seconds) for seconds in (8.0, 4.0)]
        one = [render(parts, bought, Delivered(bought)).audio]
        level = Delivered(bought, -16)
        costs = [millis(one, bought, Delivered(format)) for format in FORMATS]
        rows.append([bought, *costs, millis(parts, bought, Delivered(bought)), millis(parts, bought, level)])
    show("CPU ms a row of 12 s", ["bought", *[f"to {f}" for f in FORMATS], "joined", "at -16 LUFS"], rows)
