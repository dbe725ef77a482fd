"""Several pieces of audio made one, with nothing dropped: the seconds of the whole are those of the parts.

Knows how parts meet: in order, in one layout, without a click. Decoding and encoding is the business of
`codec`; which parts belong together, and whether they are speech, is for others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from speeko_jobs.core.audio import codec
from speeko_jobs.core.audio.codec import Layout

FADE_SECONDS = 0.003
CLICK_LEVEL = 2.0**-9  # of full scale, -54 dB: a jump to silence below it is not heard


@dataclass(frozen=True, slots=True)
class Joined:
    """The samples of all parts in one layout, a piece a part; each round decodes anew, one part at a time.

    The frames are the sum of the parts'. Where a join would click, 3 ms on each side are faded; all other
    samples are as they were decoded. Raises BadAudio for a part that cannot be decoded.
    """

    parts: Sequence[bytes]
    layout: Layout

    def __iter__(self) -> Iterator[Any]:
        last = len(self.parts) - 1
        for number, part in enumerate(self.parts):
            samples = codec.decoded(part, self.layout, part_name(number, len(self.parts)))
            if number:
                _fade(samples, 0, self.layout)
            if number < last:
                _fade(samples, -1, self.layout)
            yield samples


def part_name(number: int, of: int) -> str:
    """What errors call the part of that index."""
    return f"segment {number + 1}" if of > 1 else "the audio"


def _fade(samples: Any, edge: int, layout: Layout) -> None:
    """Take the first (edge 0) or last (edge -1) samples to zero, if they do not end in silence."""
    import numpy as np

    full_scale = 2.0**31 if layout.dtype == "int32" else 1.0
    frames = min(round(layout.rate * FADE_SECONDS), len(samples))
    if not frames or np.abs(samples[edge].astype(np.float64)).max() <= CLICK_LEVEL * full_scale:
        return
    ramp = np.linspace(0.0, 1.0, frames, endpoint=False)[:, None]
    span = slice(0, frames) if edge == 0 else slice(len(samples) - frames, None)
    samples[span] = samples[span] * (ramp if edge == 0 else ramp[::-1])
