"""How loud a sound is, and the gain that brings it to a wanted loudness without clipping.

Loudness is that of ITU-R BS.1770-4 in LUFS: K-weighted power (pyloudnorm) of 400 ms blocks that overlap by
three quarters, gated at -70 LUFS and then at 10 LU below their mean. Peaks are true peaks: four times
oversampled. Works on pieces and holds half a minute of them at a time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from speeko_jobs.core.model.speech import BadAudio

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32 | np.float64]

CEILING_DB = -1.0  # true peak, of full scale: room for what a lossy encoder adds
MAX_GAIN_DB = 30.0  # what is quieter than this below the wanted loudness is a room, not a voice
TOLERANCE_DB = 0.1  # nobody hears it, so it is not worth another generation
MAX_CHANNELS = 5  # that BS.1770 has weights for

_BLOCK_SECONDS = 0.4
_GATE_LUFS = -70.0
_RELATIVE_GATE = 0.1  # of the mean power: -10 LU
_STEP_SECONDS, _SLAB_SECONDS = 30, 31.3  # a second for the filters to settle, and the last block's 0.3 s
_SETTLING_BLOCKS = 10
_OVERSAMPLING = 4


@dataclass(frozen=True, slots=True)
class Level:
    """`lufs` is -inf for silence; `peak` is the true peak, of full scale."""

    lufs: float
    peak: float


def measure(pieces: Iterable[Samples], rate: int) -> Level:
    """The level of all pieces as one sound; each is (frames, channels), full scale 1.0.

    A sound shorter than a block (400 ms) is measured as one block of its own length, without gates. That is
    what is heard of it: padding it with silence would call it quiet. Raises BadAudio over five channels.
    """
    import numpy as np

    powers: list[Any] = []
    peak = _Peak(rate)
    for slab, skip in _slabs(peak.listened(pieces), rate):
        powers.append(_block_powers(slab, rate)[skip:])
    return Level(_gated(np.concatenate(powers) if powers else np.empty(0)), peak.value)


def gain(level: Level, wanted_lufs: float) -> float:
    """The factor that brings a sound to `wanted_lufs`, or as near as the ceiling lets it; 1.0 for silence.

    Peaks over the ceiling lower the gain instead of being cut off, so a sound with high peaks ends quieter
    than wanted. Exactly 1.0 where the change would not be heard.
    """
    if level.lufs == -math.inf or not level.peak:
        return 1.0
    change = min(wanted_lufs - level.lufs, MAX_GAIN_DB, CEILING_DB - 20 * math.log10(level.peak))
    return 1.0 if abs(change) < TOLERANCE_DB else float(10 ** (change / 20))


def shortfall(level: Level, factor: float, wanted_lufs: float) -> float:
    """Return by how many LU a sound stays below `wanted_lufs` after this gain; 0.0 for silence.

    That is where peaks, or the most gain that is given, allow no more.
    """
    if level.lufs == -math.inf:
        return 0.0
    return max(0.0, wanted_lufs - level.lufs - 20 * math.log10(factor))


def _slabs(pieces: Iterable[Samples], rate: int) -> Iterator[tuple[Any, int]]:
    """(samples, blocks that the slab before has counted): the whole sound in slabs that overlap."""
    import numpy as np

    held: Any = None
    skip, size, step = 0, round(_SLAB_SECONDS * rate), _STEP_SECONDS * rate
    for piece in pieces:
        held = piece if held is None else np.concatenate((held, piece))
        while len(held) > size:
            yield held[:size], skip
            held, skip = held[step:], _SETTLING_BLOCKS
    if held is not None and len(held):
        yield held, skip


def _block_powers(slab: Any, rate: int) -> Any:
    """The weighted power of each block, summed over channels."""
    import numpy as np
    import pyloudnorm

    if slab.shape[1] > MAX_CHANNELS:
        raise BadAudio(f"the loudness of {slab.shape[1]} channels cannot be measured: {MAX_CHANNELS} at most")
    # Half a frame less than all: the meter compares frames with seconds times rate.
    seconds = min(_BLOCK_SECONDS, (len(slab) - 0.5) / rate)
    meter = pyloudnorm.Meter(rate, block_size=seconds)
    meter.integrated_loudness(slab.astype(np.float64))
    return 10 ** ((np.array(meter.blockwise_loudness) + 0.691) / 10)


def _gated(powers: Any) -> float:
    """LUFS of the blocks that pass both gates (BS.1770-4, equations 4 to 7); -inf where none does."""
    loud = powers[powers >= 10 ** ((_GATE_LUFS + 0.691) / 10)]
    if not len(loud):
        return -math.inf
    return -0.691 + 10 * math.log10(loud[loud > _RELATIVE_GATE * loud.mean()].mean())


class _Peak:
    """The true peak of the pieces that went through `listened`."""

    def __init__(self, rate: int) -> None:
        self.value = 0.0
        self._rate = rate

    def listened(self, pieces: Iterable[Samples]) -> Iterator[Samples]:
        import numpy as np
        import soxr

        stream: Any = None
        for piece in pieces:
            if stream is None:
                channels = piece.shape[1]
                stream = soxr.ResampleStream(self._rate, _OVERSAMPLING * self._rate, channels)
            for start in range(0, len(piece), self._rate):
                some = np.ascontiguousarray(piece[start : start + self._rate], np.float32)
                self._see(some)
                self._see(stream.resample_chunk(some))
            yield piece
        if stream is not None:
            self._see(stream.resample_chunk(np.empty((0, channels), np.float32), last=True))

    def _see(self, samples: Any) -> None:
        if samples.size:
            self.value = max(self.value, float(samples.max()), -float(samples.min()))
