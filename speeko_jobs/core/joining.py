"""Several pieces of audio made one, with nothing dropped: the seconds of the whole are those of the parts.

WAV and FLAC are joined sample by sample; MP3, Ogg and Opus are decoded and encoded once. Knows samples
only: which parts belong together and whether they are speech is for others. CPU-bound and re-entrant.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from speeko_jobs.core.ogg import with_serial
from speeko_jobs.core.speech import BadAudio

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32 | np.float64 | np.int32]

FADE_SECONDS = 0.003
CLICK_LEVEL = 2.0**-9  # of full scale, -54 dB: a jump to silence below it is not heard
OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
BLOCK_FRAMES = 16_384  # at a time: libsndfile puts what it gets on the stack, and 100 s of Ogg kill it
SERIAL = 1  # of the one stream in an Ogg file that was joined here

_LOSSY = {"mp3": ("MP3", "MPEG_LAYER_III"), "ogg": ("OGG", "VORBIS"), "opus": ("OGG", "OPUS")}
_EXACT = {"wav": "WAV", "flac": "FLAC"}
FORMATS = (*_LOSSY, *_EXACT)


@dataclass(frozen=True)
class _Part:
    samples: Samples  # (frames, channels)
    rate: int
    subtype: str

    @property
    def full_scale(self) -> float:
        return 2.0**31 if self.samples.dtype.kind == "i" else 1.0


def join(parts: Sequence[bytes], format: str) -> bytes:
    """One file of all parts, in the format they have (mp3, wav, flac, ogg, opus).

    The length in samples is the sum of the parts'. Rate, channels and sample width are the first part's:
    other rates are resampled (linearly), mono is copied to all channels, several are averaged to mono.
    Where a join would click, 3 ms on each side are faded; all other samples of WAV and FLAC are exact.
    One part comes back as it is. Raises BadAudio on a part that cannot be decoded, ValueError on an
    unknown format or no parts.
    """
    if not parts:
        raise ValueError("nothing to join")
    if format not in FORMATS:
        raise ValueError(f"cannot join {format!r}: {', '.join(FORMATS)}")
    if len(parts) == 1:
        return parts[0]
    first = _decode(parts[0], format, 1)
    decoded = [first.samples]
    for number, data in enumerate(parts[1:], 2):
        decoded.append(_alike(_decode(data, format, number), first))
    import numpy as np

    for left, right in itertools.pairwise(decoded):
        _fade_join(left, right, first)
    return _encode(np.concatenate(decoded), first, format)


def _decode(data: bytes, format: str, number: int) -> _Part:
    import soundfile as sf

    try:
        with sf.SoundFile(io.BytesIO(data)) as f:
            whole_numbers = format in _EXACT and f.subtype not in ("FLOAT", "DOUBLE")
            exact_float = "float64" if f.subtype == "DOUBLE" else "float32"
            samples = f.read(dtype="int32" if whole_numbers else exact_float, always_2d=True)
            return _Part(samples, f.samplerate, f.subtype)
    except (sf.SoundFileError, ValueError, TypeError) as error:
        raise BadAudio(f"segment {number} cannot be decoded: {error}") from None


def _alike(part: _Part, first: _Part) -> Any:
    """The part's samples with the first's rate, channels and kind of number."""
    import numpy as np

    samples: Any = part.samples
    channels = first.samples.shape[1]
    if samples.dtype == first.samples.dtype and part.rate == first.rate and samples.shape[1] == channels:
        return part.samples
    samples = samples.astype(np.float64) / part.full_scale
    if samples.shape[1] != channels:
        samples = np.repeat(samples.mean(axis=1, keepdims=True), channels, axis=1)
    return _cast(_resample(samples, part.rate, first.rate), first)


def _resample(samples: Any, rate: int, to_rate: int) -> Any:
    """Linear interpolation at the new sample times; round(frames * to_rate / rate) frames."""
    import numpy as np

    frames = len(samples)
    if rate == to_rate or not frames:
        return samples
    at = np.arange(round(frames * to_rate / rate)) * (rate / to_rate)
    old = np.arange(frames)
    return np.stack([np.interp(at, old, channel) for channel in samples.T], axis=1)


def _cast(samples: Any, first: _Part) -> Any:
    import numpy as np

    if first.samples.dtype.kind != "i":
        return samples.astype(first.samples.dtype)
    limits = np.iinfo(np.int32)
    return np.clip(np.rint(samples * first.full_scale), limits.min, limits.max).astype(np.int32)


def _fade_join(left: Any, right: Any, first: _Part) -> None:
    """Take the last samples of `left` and the first of `right` to zero, each where it ends in sound."""
    import numpy as np

    level = CLICK_LEVEL * first.full_scale
    for samples, edge in ((left, -1), (right, 0)):
        frames = min(round(first.rate * FADE_SECONDS), len(samples))
        if not frames or np.abs(samples[edge].astype(np.float64)).max() <= level:
            continue
        ramp = np.linspace(0.0, 1.0, frames, endpoint=False)[:, None]
        span = slice(0, frames) if edge == 0 else slice(len(samples) - frames, None)
        samples[span] = samples[span] * (ramp if edge == 0 else ramp[::-1])


def _encode(samples: Any, first: _Part, format: str) -> bytes:
    import soundfile as sf

    rate, options = first.rate, {}
    if format in _EXACT:
        container, subtype = _EXACT[format], first.subtype
    else:
        container, subtype = _LOSSY[format]
        if format == "opus" and rate not in OPUS_RATES:
            better = next((r for r in OPUS_RATES if r >= rate), OPUS_RATES[-1])
            samples, rate = _resample(samples, rate, better), better
        if format != "opus":
            options["compression_level"] = 0.0  # the best quality: this is a second generation
    out = io.BytesIO()
    with sf.SoundFile(
        out, "w", samplerate=rate, channels=samples.shape[1], subtype=subtype, format=container, **options
    ) as f:
        for start in range(0, len(samples), BLOCK_FRAMES):
            f.write(samples[start : start + BLOCK_FRAMES])
    data = out.getvalue()
    # Encoders draw the serial number at random; the same parts should give the same bytes.
    return with_serial(data, SERIAL) if container == "OGG" else data
