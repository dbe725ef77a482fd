"""Samples and what holds them: audio decoded within bounds, samples encoded to the same bytes every time.

Knows rates, channels and codecs; which pieces belong together and how loud they are is for others. The
decoder believes no header: it reads in blocks until there is no more. CPU-bound and re-entrant.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from speeko_jobs.core.audio import flac, mp3, ogg, probe, wav
from speeko_jobs.core.model.speech import BadAudio

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32 | np.float64 | np.int32]

FORMATS = ("mp3", "ogg", "opus", "wav", "flac")
EXACT = ("wav", "flac")
READ_FRAMES = 1 << 16  # at a time
WRITE_FRAMES = 16_384  # at a time: libsndfile puts what it gets on the stack, and 100 s of Ogg kill it
MAX_PART_SAMPLES = 1 << 27  # of one decoded part, over all channels: 93 minutes of 24 kHz mono, 512 MB
MAX_SAMPLES = 1 << 30  # of one file written: 12 hours of 24 kHz mono, a WAV of 2 GB
MIN_RATE, MAX_RATE, MAX_CHANNELS = 4_000, 192_000, 8  # beyond: a broken header; Vorbis dies at 200,001 Hz
MAX_FLOAT = 2.0**16  # of full scale 1.0, in float files that stay such; some hold what was meant as 16 bits

_CODECS = {"mp3": ("MP3", "MPEG_LAYER_III"), "ogg": ("OGG", "VORBIS"), "opus": ("OGG", "OPUS")}
_RATES = {  # that an encoder takes; the others take any
    "mp3": (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000),
    "opus": (8_000, 12_000, 16_000, 24_000, 48_000),
}
_MP3_CHANNELS = 2
# What a container calls the sample width that the other has under its own name
_WIDTHS = {
    "wav": {"PCM_S8": "PCM_U8", "PCM_24": "PCM_24"},
    "flac": {
        "PCM_U8": "PCM_S8",
        "PCM_24": "PCM_24",
        "PCM_32": "PCM_24",
        "FLOAT": "PCM_24",
        "DOUBLE": "PCM_24",
    },
}
_FLOATS = ("FLOAT", "DOUBLE")
_MAX_DECLARED = 1 << 62  # frames; more is libsndfile's "unknown"
_SERIAL = 1  # of the one stream in an Ogg file made here; encoders draw theirs at random


@dataclass(frozen=True, slots=True)
class Layout:
    """How samples lie: frames a second, channels, the width they are written in, and the kind of number."""

    rate: int
    channels: int
    subtype: str  # libsndfile's name: PCM_16, FLOAT, OPUS, ...
    dtype: str  # int32 (full scale 2**31), float32 or float64 (full scale 1.0)


def layout_of(audio: bytes, name: str) -> Layout:
    """What the header of `audio` says; `name` is what an error calls it. Raises BadAudio."""
    with _opened(audio, name) as file:
        return _layout(file, name)


def layout_in(source: Layout, from_format: str, format: str, level: bool) -> Layout:
    """The layout that `format` takes for what came in another: rate and channels stay where it has them.

    Whole numbers stay whole from one exact format to another, unless their `level` is to be changed.
    """
    rates = _RATES.get(format, (source.rate,))
    rate = next((r for r in rates if r >= source.rate), rates[-1])
    channels = 1 if format == "mp3" and source.channels > _MP3_CHANNELS else source.channels
    if format not in EXACT:
        subtype = _CODECS[format][1]
    elif format == from_format:
        subtype = source.subtype
    else:
        subtype = _WIDTHS[format].get(source.subtype, "PCM_16")
    exact = source.dtype == "int32" and format in EXACT and not level
    dtype = "int32" if exact else "float64" if subtype in ("DOUBLE", "PCM_32") else "float32"
    return Layout(rate, channels, subtype, dtype)


def decoded(audio: bytes, layout: Layout, name: str) -> Samples:
    """All samples of `audio` in that layout, (frames, channels).

    Other rates are resampled; mono is copied to all channels, and another number of channels is averaged to
    mono first. Numbers that are none count as silence. Raises BadAudio for what does not decode, and for
    more than MAX_PART_SAMPLES.
    """
    import numpy as np

    with _opened(audio, name) as file:
        source = _layout(file, name)
        dtype = layout.dtype if layout.dtype in (source.dtype, "float32") else "float64"
        samples = _read(file, dtype, name)
    if source.subtype in _FLOATS:
        most = MAX_FLOAT if layout.subtype in _FLOATS else 1.0
        samples = np.clip(np.nan_to_num(samples, copy=False), -most, most)
    if source.channels != layout.channels:
        mono = samples.mean(axis=1, keepdims=True, dtype=np.float64).astype(dtype)
        samples = np.repeat(mono, layout.channels, axis=1)
    if len(samples) * layout.rate // source.rate * layout.channels > MAX_PART_SAMPLES:
        raise BadAudio(f"{name} is too long at {layout.rate} Hz")
    samples = resampled(samples, source.rate, layout.rate)
    if dtype != layout.dtype and layout.dtype == "int32":
        limits = np.iinfo(np.int32)
        samples = np.clip(np.rint(samples * 2.0**31), limits.min, limits.max)
    out: Samples = samples.astype(layout.dtype, copy=False)
    return out


def resampled(samples: Any, rate: int, to_rate: int) -> Any:
    """round(frames * to_rate / rate) frames at the new rate, by libsoxr in its high quality: false tones are
    over 100 dB down, where linear interpolation leaves them at 0 to 30."""
    import numpy as np

    frames = round(len(samples) * to_rate / rate)
    if rate == to_rate or not len(samples):
        return samples
    import soxr

    out = soxr.resample(samples, rate, to_rate, quality="HQ")[:frames]
    return out if len(out) == frames else np.pad(out, ((0, frames - len(out)), (0, 0)))


def encoded(pieces: Iterable[Samples], layout: Layout, format: str) -> tuple[bytes, int]:
    """(one file of all pieces, its frames). The same pieces give the same bytes. Raises BadAudio for what
    the format cannot hold, and where there is no sound at all."""
    import soundfile as sf

    container = format.upper() if format in EXACT else _CODECS[format][0]
    options = {}
    if format in ("mp3", "ogg"):
        options["compression_level"] = 0.0  # the best quality: this is often a second generation
    out, frames = io.BytesIO(), 0
    try:
        with sf.SoundFile(
            out, "w", layout.rate, layout.channels, layout.subtype, format=container, **options
        ) as file:
            for piece in pieces:
                frames += len(piece)
                if frames * layout.channels > MAX_SAMPLES:
                    hours = MAX_SAMPLES / layout.channels / layout.rate / 3600
                    raise BadAudio(f"more than {hours:.0f} hours of audio in one file")
                for start in range(0, len(piece), WRITE_FRAMES):
                    file.write(piece[start : start + WRITE_FRAMES])
    except (sf.SoundFileError, ValueError, TypeError) as error:
        raise BadAudio(f"the audio cannot be encoded as {format}: {_reason(error)}") from None
    if not frames:
        raise BadAudio("the audio holds no sound")
    audio = out.getvalue()
    if container == "OGG":
        return ogg.with_serial(audio, _SERIAL), frames
    return (_without_clock(audio) if format == "wav" else audio), frames


def seconds_of(audio: bytes) -> float:
    """How long `audio` is by its headers; a FLAC that declares no length is decoded. Raises BadAudio."""
    seconds = 0.0
    for stream in streams(audio):
        declared = flac.declared_frames(stream)
        with _opened(stream, "the audio") as file:
            unknown = file.frames > _MAX_DECLARED and not declared
            frames = len(_read(file, "int32", "the audio")) if unknown else declared or file.frames
            seconds += frames / file.samplerate
    return seconds


def streams(audio: bytes) -> list[bytes]:
    """The streams that lie one behind the other in `audio`, nearly always one: a decoder stops after the
    first. ValueError and BadAudio never: what cannot be read is left to the decoder."""
    try:
        seen = probe.looks_like(audio)
        if seen in ("ogg", "opus"):
            return list(ogg.links(audio))
        split = {"mp3": mp3.streams, "wav": wav.streams, "flac": flac.streams}.get(seen)
        return split(audio) if split is not None else [audio]
    except (BadAudio, ValueError):
        return [audio]


def _opened(audio: bytes, name: str) -> Any:
    import soundfile as sf

    seen = probe.looks_like(audio)
    try:
        if seen not in FORMATS:  # libsndfile reads 25 more formats, which nobody asked for
            raise BadAudio(f"the bytes look like {seen}")
        if seen == "mp3":
            audio = mp3.counted(audio)
        elif seen == "wav":
            audio = wav.closed(audio)
        elif seen == "flac":
            audio = flac.undeclared(audio)
        return probe.opened(audio)
    except (BadAudio, sf.SoundFileError, ValueError, TypeError) as error:
        raise BadAudio(f"{name} cannot be decoded: {_reason(error)}") from None


def _layout(file: Any, name: str) -> Layout:
    rate, channels, subtype = file.samplerate, file.channels, file.subtype
    if not (MIN_RATE <= rate <= MAX_RATE and channels <= MAX_CHANNELS):
        raise BadAudio(f"{name} is no speech: {channels} channels of {rate} Hz")
    whole = file.format in ("WAV", "WAVEX", "FLAC") and subtype not in _FLOATS
    return Layout(
        rate, channels, subtype, "int32" if whole else "float64" if subtype == "DOUBLE" else "float32"
    )


def _read(file: Any, dtype: str, name: str) -> Any:
    """All samples, in blocks: a header may declare ten hours."""
    import numpy as np
    import soundfile as sf

    most = MAX_PART_SAMPLES // file.channels
    frames, blocks = 0, [np.empty((0, file.channels), dtype)]
    try:
        while len(block := file.read(READ_FRAMES, dtype=dtype, always_2d=True)):
            frames += len(block)
            if frames > most:
                raise BadAudio(f"{name} is longer than {most / file.samplerate / 60:.0f} minutes")
            blocks.append(block)
    except (sf.SoundFileError, ValueError, TypeError) as error:
        raise BadAudio(f"{name} cannot be decoded: {_reason(error)}") from None
    return np.concatenate(blocks)


def _reason(error: Exception) -> str:
    """One line; libsndfile's own words without the Python object that it read from."""
    return " ".join(str(getattr(error, "error_string", error)).split())[:120]


def _without_clock(wav: bytes) -> bytes:
    """Set the time of day to zero that libsndfile writes into the PEAK chunk of a float WAV."""
    at = wav.find(b"PEAK", 12, 128)
    if at < 0 or wav.find(b"data", 12, at) >= 0:
        return wav
    return wav[: at + 12] + bytes(4) + wav[at + 16 :]
