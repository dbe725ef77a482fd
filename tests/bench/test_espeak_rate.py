"""Texts a second that espeak speaks: one stream on one core and on all, a stream a core, and real workers.

SPEEKO_BENCH_SPOKEN (1500): texts that the workers speak; the streams speak a third of them each.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import time
from collections.abc import Iterator

import pytest

from speeko_jobs.adapters.providers.provider import open_provider
from speeko_jobs.core.model.speech import SpeechRequest
from speeko_jobs.core.providers.profiles import PROFILES
from speeko_jobs.settings import Settings
from tests.bench.processes import at_work
from tests.bench.programs import planned, steady
from tests.bench.table import show, size
from tests.e2e.conftest import MakeSpine
from tests.fixtures.spine import texts, write_catalog

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]
FORMAT = "mp3"


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """This process, and what it starts meanwhile, on one core: all that a stream needs is done there."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


async def stream_rate(spoken: list[str], streams: int) -> float:
    """Texts a second of the provider alone, so many at a time."""
    provider = open_provider(PROFILES["espeak"], Settings())
    waiting = iter(spoken)

    async def speak() -> None:
        for text in waiting:
            speech = await provider.speak(SpeechRequest(bytes(32), text, "", "", "en", FORMAT))
            assert speech.audio

    try:
        await provider.speak(SpeechRequest(bytes(32), "ready", "", "", "en", FORMAT))  # it starts by that
        started = time.monotonic()
        await asyncio.gather(*[speak() for _ in range(streams)])
        return len(spoken) / (time.monotonic() - started)
    finally:
        await provider.aclose()


def test_rate_of_espeak(make_spine: MakeSpine) -> None:
    count = size("SPOKEN", 1_500)
    spoken = texts(count, "spoken article")
    cores = os.cpu_count() or 1
    with one_core():
        core = asyncio.run(stream_rate(spoken[: count // 3], 1))
    one = asyncio.run(stream_rate(spoken[: count // 3], 1))
    several = asyncio.run(stream_rate(spoken[: count // 3], cores))
    spine = make_spine()
    spine.settings = dataclasses.replace(spine.settings, provider="espeak", api_url="", api_key="")
    with at_work(spine):
        found = planned(spine, "run", write_catalog(spine.folder / "catalog.csv", spoken))
    job = spine.job(found["job"])
    assert (job.delivered, job.calls, spine.provider.calls) == (count, count, 0)
    ends = [float(row[0]) for row in spine.sql("SELECT extract(epoch FROM settled_at) FROM speeko.attempt")]
    rate, whole = steady(ends), count / found["whole_seconds"]
    rows: list[list[str | float]] = [
        ["one stream on one core", core, 1.0, core / one, ""],
        ["one stream", one, one / core, 1.0, ""],
        [f"the provider alone, {cores} streams", several, several / core, several / one, ""],
        ["real workers, steady", rate, rate / core, rate / one, "≥ 2 × one core on 2"],
        ["real workers, submit to done", whole, whole / core, whole / one, ""],
    ]
    header = ["", "texts/s", "of one core", "of one stream", "target"]
    show(f"{count:,} texts spoken by espeak, {FORMAT}", header, rows)
