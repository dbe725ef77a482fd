"""Reading the length, rate and loudness of audio out of its container: WAV, MP3, Ogg and FLAC.

Headers and frames are walked by hand because a full decode of 30 KB costs 1.5 ms (MP3) to 14 ms (Opus);
the decoder (soundfile) is asked where that is cheap (FLAC) or where the bytes look like silence.
Says what a stream is; whether that is the speech asked for is the gate's business.
"""

from __future__ import annotations

import functools
import io
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from speeko_jobs.core.audio import flac, mp3, ogg, wav
from speeko_jobs.core.model.speech import BadAudio

SILENCE_DBFS = -70.0
QUIET_DBFS = -55.0  # a stretch of 20 ms that stays below is silent, unless all of the audio is as quiet
_QUIET = 10 ** (QUIET_DBFS / 20)
_QUIET_SHARE = 0.05  # of the peak
_STRETCHES_A_SECOND = 50
_SILENCE = 10 ** (SILENCE_DBFS / 20)  # of full scale
_SAMPLE_BYTES = 2048
_COMPRESSIBLE = (
    0.85  # speech in a lossy format deflates to 0.95 of its size and more, silence to 0.3 and less
)


@dataclass(frozen=True, slots=True)
class Stream:
    """What a container holds. `peak` is of full scale; None where the bytes were seen not to be silence.

    `sounding`: the share of stretches with sound in them; 1.0 where that was not looked at.
    """

    frames: int
    sample_rate: int
    channels: int
    peak: float | None
    sounding: float = 1.0

    @property
    def silent(self) -> bool:
        # Not "peak < limit": a float WAV full of NaN has to count as silent.
        return self.peak is not None and not self.peak >= _SILENCE


def looks_like(audio: bytes) -> str:
    """The format that the first bytes show: wav, mp3, flac, ogg, opus, or what it is instead."""
    if audio[:4] in (b"RIFF", b"RF64", b"BW64") and audio[8:12] == b"WAVE":
        return "wav"
    if audio[:4] == b"OggS":
        return "opus" if b"OpusHead" in audio[:64] else "ogg"
    if audio[:4] == b"fLaC":
        return "flac"
    if audio[:3] == b"ID3" or (len(audio) > 1 and audio[0] == 0xFF and audio[1] & 0xE6 == 0xE2):
        return "mp3"
    if len(audio) > 1 and audio[0] == 0xFF and audio[1] & 0xF6 == 0xF0:
        return "AAC"
    if audio[4:8] == b"ftyp":
        return "MP4"
    if audio[:2] == b"\x1f\x8b":
        return "gzip"
    start = audio[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start[:1] in (b"{", b"["):
        return "JSON"
    if start[:1] == b"<":
        return "HTML"
    if start and all(32 <= byte < 127 or byte in b"\t\r\n" for byte in audio[:256]):
        return "text"
    return "unknown bytes"


_NO_AUDIO = frozenset({"JSON", "HTML", "text", "gzip", "unknown bytes"})


def is_audio(body: bytes) -> bool:
    """Return whether the first bytes are those of any audio, sound or not."""
    return bool(body) and looks_like(body) not in _NO_AUDIO


def describe_bytes(body: bytes) -> str:
    """Return what a body that is no audio is instead, for a reason."""
    return f"it looks like {looks_like(body)}" if body else "it is empty"


def opened(audio: bytes) -> Any:
    """A soundfile.SoundFile that reads straight on.

    soundfile itself seeks to where it is after every read: a FLAC of unknown length fails at that, and an
    MP3 decoder forgets what the frames before have in store.
    """
    return _straight_reader()(io.BytesIO(audio))


@functools.cache
def _straight_reader() -> Any:
    import soundfile

    return type("StraightReader", (soundfile.SoundFile,), {"seekable": lambda _: False})


def read(audio: bytes, format: str) -> Stream:
    """Read audio of that format, all files of it where several were put one behind the other.

    Raises BadAudio for what is cut, does not decode, or holds no sound.
    """
    parts = _SPLITTERS[format](audio) if format in _SPLITTERS else [audio]
    found = [_READERS[format](part) for part in parts]
    return found[0] if len(found) == 1 else _added_up(found)


def _added_up(found: list[Stream]) -> Stream:
    first = found[0]
    frames = [round(one.frames * first.sample_rate / one.sample_rate) for one in found]
    peaks = [one.peak for one in found]
    known = [peak for peak in peaks if peak is not None]
    sounding = sum(n * one.sounding for n, one in zip(frames, found, strict=True)) / max(sum(frames), 1)
    peak = max(known) if len(known) == len(peaks) else None
    return Stream(sum(frames), first.sample_rate, first.channels, peak, sounding)


def read_wav(audio: bytes) -> Stream:
    """A RIFF WAVE. Its declared length counts where the bytes bear it out."""
    sound = wav.sound_of(audio)
    rate, channels, block = sound.rate, sound.channels, sound.block
    frames, sample = sound.size // block, (sound.kind, sound.bits)
    if block * 8 != channels * sound.bits or sample not in _DTYPES:
        return read_decoded(wav.closed(audio))
    return Stream(
        frames, rate, channels, *_wav_sound(audio, sound.at, frames, rate, channels, *_DTYPES[sample])
    )


def read_flac(audio: bytes) -> Stream:
    """A FLAC, decoded to its end: what it declares is only taken to see a cut."""
    stream, declared = _decoded(flac.undeclared(audio))[0], flac.declared_frames(audio)
    if stream.frames < declared:
        raise _cut(stream, declared)
    return stream


_DTYPES = {(1, 16): ("<i2", 32768.0), (1, 32): ("<i4", 2147483648.0), (3, 32): ("<f4", 1.0)}


def _wav_sound(
    audio: bytes, at: int, frames: int, rate: int, channels: int, dtype: str, full_scale: float
) -> tuple[float, float]:
    """(the peak, the share of stretches with sound) of samples that lie in the bytes as they are."""
    import numpy as np

    samples = np.frombuffer(audio, dtype, frames * channels, at)
    return _sounding([_peaks(samples, rate, channels) / full_scale])


def _peaks(samples: Any, rate: int, channels: int) -> Any:
    """The peak of each stretch of 20 ms, the last one longer."""
    import numpy as np

    each = max(rate // _STRETCHES_A_SECOND, 1) * channels
    starts = np.arange(0, max(len(samples) - each + 1, 1), each)
    highest = np.maximum.reduceat(samples, starts).astype(np.float64)
    return np.maximum(highest, -np.minimum.reduceat(samples, starts).astype(np.float64))


def _sounding(peaks: list[Any]) -> tuple[float, float]:
    """(the peak, the share of stretches with sound) of all of these."""
    import numpy as np

    found = peaks[0] if len(peaks) == 1 else np.concatenate(peaks)
    peak = float(found.max())
    loud = np.count_nonzero(found >= min(_QUIET, _QUIET_SHARE * peak))  # np.mean takes 5 µs longer
    return peak, int(loud) / len(found)


def read_mp3(audio: bytes) -> Stream:
    """MPEG layer III: every frame header is visited, so a cut at any byte but a frame's end is seen."""
    return Stream(*mp3.length(audio), *_sound_if_doubtful(audio))


def read_ogg(audio: bytes) -> Stream:
    """Ogg Vorbis or Opus: all pages whole, their checksums right, each link marked as ended."""
    try:
        links = ogg.linked_pages(audio)
    except ValueError as error:
        raise BadAudio(f"the Ogg stream does not decode: {error}") from None
    found = [_link(audio, pages) for pages in links]
    whole = found[0] if len(found) == 1 else _added_up(found)
    if not whole.frames:
        return read_decoded(audio)
    peak, sounding = _sound_if_doubtful(audio)
    return Stream(whole.frames, whole.sample_rate, whole.channels, peak, sounding)


def _link(audio: bytes, pages: list[ogg.OggPage]) -> Stream:
    """One link of a chain, its sound not looked at; no frames where its codec is another."""
    if not all(ogg.intact(audio, page) for page in pages):
        raise BadAudio("the Ogg stream does not decode: a page's checksum is wrong")
    page = pages[-1]
    if not page.last:
        raise BadAudio("the Ogg stream is cut: its last page is missing")
    head = audio[pages[0].body : pages[0].end]
    if head[:8] == b"OpusHead" and len(head) >= 19:
        channels, skip = head[9], struct.unpack_from("<H", head, 10)[0]
        rate = 48_000  # of the granule, whatever was encoded
    elif head[:7] == b"\x01vorbis" and len(head) >= 30:
        channels, rate, skip = head[11], struct.unpack_from("<I", head, 12)[0], 0
    else:
        return Stream(0, 1, 0, 0.0)
    if not (channels and 0 < rate <= wav.MAX_RATE):
        raise BadAudio("the Ogg stream has no usable header")
    if page.granule <= skip:
        raise BadAudio("the Ogg stream holds no sound")
    return Stream(page.granule - skip, rate, channels, None)


def read_decoded(audio: bytes) -> Stream:
    """Any format, decoded to the end in blocks: a header may declare hours, so it is not believed."""
    stream, declared = _decoded(audio)
    if stream.frames < declared < 1 << 62:  # a streamed FLAC declares "unknown" as a huge number
        raise _cut(stream, declared)
    return stream


def _cut(stream: Stream, declared: int) -> BadAudio:
    rate = stream.sample_rate
    return BadAudio(f"the audio is cut: {declared / rate:.1f} s declared, {stream.frames / rate:.1f} s there")


def _decoded(audio: bytes) -> tuple[Stream, int]:
    """What there is, and how many frames were declared (guessed, for an MP3 without a header)."""
    import numpy as np
    import soundfile

    # float32: as int16 the decoder would make zeros of the samples of a float file.
    peaks, frames = [np.zeros(0)], 0
    try:
        with opened(audio) as file:
            rate, channels, declared = file.samplerate, file.channels, file.frames
            while len(block := file.read(65_536, dtype="float32")):
                frames += len(block)
                peaks.append(_peaks(block.reshape(-1), rate, channels))
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise BadAudio(f"the audio does not decode: {_one_line(error)}") from None
    if not frames:
        raise BadAudio("the audio holds no sound")
    return Stream(frames, rate, channels, *_sounding(peaks)), declared


def _sound_if_doubtful(audio: bytes) -> tuple[float | None, float]:
    """(None, 1.0) where the middle of the stream is as dense as speech; where it may be silence, the decoded
    peak and the share of stretches with sound.

    Silence in a lossy format is padding and repeated frames, which deflate well. Noise below the limit is
    dense too and passes: telling it from speech would cost a decode of every file.
    """
    middle = max(0, len(audio) // 2 - _SAMPLE_BYTES // 2)
    sample = audio[middle : middle + _SAMPLE_BYTES]
    if len(sample) == _SAMPLE_BYTES and len(zlib.compress(sample, 1)) > _COMPRESSIBLE * len(sample):
        return None, 1.0
    stream = _decoded(audio)[0]
    return stream.peak, stream.sounding


def _one_line(error: Any) -> str:
    return " ".join(str(getattr(error, "error_string", error)).split())[:120]


_READERS: Mapping[str, Callable[[bytes], Stream]] = {
    "wav": read_wav,
    "mp3": read_mp3,
    "flac": read_flac,
    "ogg": read_ogg,
    "opus": read_ogg,
}
# MP3 frames and Ogg pages are visited by their readers, which see the joints themselves.
_SPLITTERS: Mapping[str, Callable[[bytes], list[bytes]]] = {"wav": wav.streams, "flac": flac.streams}
