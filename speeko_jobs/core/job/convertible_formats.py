"""Which audio in another format may serve a job, and under which keys that would be known.

Lossless audio serves every format, because nothing is lost when it is converted on delivery. Lossy audio
serves another lossy format only on request, and a lossless one never. Keys are as they are for a job in that
format: nothing here changes what a key is. Looks nothing up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from speeko_jobs.core.audio.codec import EXACT
from speeko_jobs.core.audio.transcode import BEST_FIRST
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.model.cache_key import KeyMaker, SpeechEngine

NONE, LOSSLESS, LOSSY = "none", "lossless", "lossy"


class Spoken(NamedTuple):
    """What a key stands for, besides the engine."""

    text: str
    voice: str
    language: str


def usable_formats(spec: JobSpec) -> tuple[str, ...]:
    """Return the other formats whose audio may serve this job, the best first."""
    if spec.reuse == NONE:
        return ()
    exact_only = spec.reuse == LOSSLESS or spec.delivered.format in EXACT
    allowed = EXACT if exact_only else BEST_FIRST
    made = spec.profile.formats
    return tuple(f for f in BEST_FIRST if f in allowed and f in made and f != spec.format)


class SiblingKeys:
    """Keys of the same texts in other formats."""

    def __init__(self, spec: JobSpec, formats: Iterable[str]) -> None:
        family, speed = spec.profile.family, str(spec.speed)
        self._makers = [KeyMaker(SpeechEngine(family, spec.model, format, speed)) for format in formats]

    def of(self, wanted: Mapping[bytes, Spoken]) -> dict[bytes, tuple[bytes, ...]]:
        """Return for each key those of its siblings, in the order of the formats."""
        alike: dict[tuple[str, str], list[bytes]] = {}
        for key, (_, voice, language) in wanted.items():
            alike.setdefault((voice, language), []).append(key)
        out: dict[bytes, tuple[bytes, ...]] = {}
        for speaker, keys in alike.items():
            texts = [wanted[key].text for key in keys]
            columns: list[Sequence[bytes]] = [maker.keys(texts, *speaker) for maker in self._makers]
            out.update(zip(keys, zip(*columns, strict=True), strict=True))
        return out
