"""Reading the length, rate and loudness of audio out of its container: WAV, MP3, Ogg and FLAC.

Headers and frames are walked by hand because a full decode of 30 KB costs 1.5 ms (MP3) to 14 ms (Opus);
the decoder (soundfile) is asked where that is cheap (FLAC) or where the bytes look like silence.
Says what a stream is; whether that is the speech asked for is the gate's business.
"""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from typing import Any

from speeko_jobs.core import ogg
from speeko_jobs.core.speech import BadAudio

SILENCE_DBFS = -70.0
_SILENCE = 10 ** (SILENCE_DBFS / 20)  # of full scale
_STREAMED = 0x7FFFF000  # a WAV written to a pipe declares this many bytes or more, or 0
_SAMPLE_BYTES = 2048
_COMPRESSIBLE = (
    0.85  # speech in a lossy format deflates to 0.95 of its size and more, silence to 0.3 and less
)
_MAX_RATE = 384_000


@dataclass(frozen=True, slots=True)
class Stream:
    """What a container holds. `peak` is of full scale; None where the bytes were seen not to be silence."""

    frames: int
    sample_rate: int
    channels: int
    peak: float | None

    @property
    def silent(self) -> bool:
        # Not "peak < limit": a float WAV full of NaN has to count as silent.
        return self.peak is not None and not self.peak >= _SILENCE


def looks_like(audio: bytes) -> str:
    """The format that the first bytes show: wav, mp3, flac, ogg, opus, or what it is instead."""
    if audio[:4] == b"RIFF" and audio[8:12] == b"WAVE":
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


def read_wav(audio: bytes) -> Stream:
    """A RIFF WAVE. Its declared length counts unless a streaming writer left it open."""
    at, kind, channels, rate, block, bits = 12, 0, 0, 0, 0, 0
    while True:
        if at + 8 > len(audio):
            raise BadAudio("the WAV holds no sound")
        name, size = struct.unpack_from("<4sI", audio, at)
        at += 8
        if name == b"data":
            break
        if name == b"fmt " and size >= 16 and at + 16 <= len(audio):
            kind, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", audio, at)
            if kind == 0xFFFE and size >= 26 and at + 26 <= len(audio):
                kind = struct.unpack_from("<H", audio, at + 24)[0]
        at += size + (size & 1)
    if not (channels and block and 0 < rate <= _MAX_RATE):
        raise BadAudio("the WAV has no usable header")
    there = len(audio) - at
    if size == 0 or size >= _STREAMED:
        size = there
    if size > there:
        second = rate * block
        raise BadAudio(f"the WAV is cut: {size / second:.1f} s declared, {there / second:.1f} s there")
    frames = size // block
    if not frames:
        raise BadAudio("the WAV holds no sound")
    if block * 8 != channels * bits or (kind, bits) not in _DTYPES:
        return read_decoded(audio)
    return Stream(frames, rate, channels, _wav_peak(audio, at, frames * channels, *_DTYPES[kind, bits]))


_DTYPES = {(1, 16): ("<i2", 32768.0), (1, 32): ("<i4", 2147483648.0), (3, 32): ("<f4", 1.0)}


def _wav_peak(audio: bytes, at: int, count: int, dtype: str, full_scale: float) -> float:
    import numpy as np

    samples = np.frombuffer(audio, dtype, count, at)
    return max(float(samples.max()), -float(samples.min())) / full_scale


# kbit/s of layer III by the header's index, for MPEG 1 and for MPEG 2 and 2.5
_BITRATES = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def _frame_lengths() -> dict[int, tuple[int, int, int]]:
    """Bytes 1 and 2 of a frame header → (length in bytes, samples, rate), for all that are layer III."""
    table = {}
    for version, rates in _RATES.items():
        samples = 1152 if version == 3 else 576
        for crc in (0, 1):
            second = 0xE0 | version << 3 | 1 << 1 | crc
            for index, kbits in enumerate(_BITRATES[version == 3]):
                for rate_index, rate in enumerate(rates):
                    for rest in range(4):  # padding and private bits
                        length = samples // 8 * kbits * 1000 // rate + (rest >> 1)
                        third = index << 4 | rate_index << 2 | rest
                        if kbits:
                            table[second << 8 | third] = (length, samples, rate)
    return table


_FRAMES = _frame_lengths()


def read_mp3(audio: bytes) -> Stream:
    """MPEG layer III: every frame header is visited, so a cut at any byte but a frame's end is seen."""
    at, frames, rate, samples, channels, end = 0, 0, 0, 0, 0, len(audio)
    first = 0
    while at + 4 <= end:
        found = _FRAMES.get(audio[at + 1] << 8 | audio[at + 2]) if audio[at] == 0xFF else None
        if found is None:
            tag = _tag_bytes(audio, at)
            if tag is None:
                raise BadAudio(f"the MP3 does not decode: no frame at byte {at}")
            at += tag
            continue
        if not frames:
            first, samples, rate, channels = at, found[1], found[2], 1 if audio[at + 3] >> 6 == 3 else 2
        elif found[2] != rate:
            raise BadAudio(f"the MP3 does not decode: its rate changes at byte {at}")
        at += found[0]
        frames += 1
    if at > end or 0 < end - at < 4:
        raise BadAudio("the MP3 is cut inside a frame")
    declared = _declared_frames(audio, first)
    if declared is not None:
        frames -= 1  # the frame that carries the declaration is no sound
        if declared > frames:
            raise BadAudio(f"the MP3 is cut: {declared} frames declared, {frames} there")
    if frames <= 0:
        raise BadAudio("the MP3 holds no sound")
    return Stream(frames * samples, rate, channels, _peak_if_doubtful(audio))


def _tag_bytes(audio: bytes, at: int) -> int | None:
    """The length of the tag that begins at `at`, to the end where it is the last thing, or None."""
    if audio[at : at + 3] == b"ID3" and at + 10 <= len(audio):
        size = 0
        for byte in audio[at + 6 : at + 10]:
            size = size << 7 | byte & 0x7F
        return size + 10
    if audio[at : at + 3] == b"TAG" or audio[at : at + 8] == b"APETAGEX" or not any(audio[at:]):
        return len(audio) - at
    return None


def _declared_frames(audio: bytes, at: int) -> int | None:
    """The number of frames in an encoder's Xing or Info header, or None where there is no such number."""
    for mark in (b"Xing", b"Info"):
        found = audio.find(mark, at, at + 48)
        if 0 < found <= len(audio) - 12 and audio[found + 7] & 1:
            return int(struct.unpack_from(">I", audio, found + 8)[0])
    return None


def read_ogg(audio: bytes) -> Stream:
    """Ogg Vorbis or Opus: all pages whole, their checksums right, the last one marked as the last."""
    try:
        pages = list(ogg.pages(audio))
    except ValueError as error:
        raise BadAudio(f"the Ogg stream does not decode: {error}") from None
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
        return read_decoded(audio)
    if not (channels and 0 < rate <= _MAX_RATE):
        raise BadAudio("the Ogg stream has no usable header")
    if page.granule <= skip:
        raise BadAudio("the Ogg stream holds no sound")
    return Stream(page.granule - skip, rate, channels, _peak_if_doubtful(audio))


def read_decoded(audio: bytes) -> Stream:
    """Any format, decoded to the end in blocks: a header may declare hours, so it is not believed."""
    import numpy as np
    import soundfile

    # float32: as int16 the decoder would make zeros of the samples of a float file.
    peak, frames = 0.0, 0
    try:
        with soundfile.SoundFile(io.BytesIO(audio)) as file:
            rate, channels, declared = file.samplerate, file.channels, file.frames
            while len(block := file.read(65_536, dtype="float32")):
                frames += len(block)
                peak = max(peak, float(np.max(block)), -float(np.min(block)))
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise BadAudio(f"the audio does not decode: {_one_line(error)}") from None
    if not frames:
        raise BadAudio("the audio holds no sound")
    if 0 < frames < declared < 1 << 62:  # a streamed FLAC declares "unknown" as a huge number
        raise BadAudio(f"the audio is cut: {declared / rate:.1f} s declared, {frames / rate:.1f} s there")
    return Stream(frames, rate, channels, peak)


def _peak_if_doubtful(audio: bytes) -> float | None:
    """None where the middle of the stream is as dense as speech; the decoded peak where it may be silence.

    Silence in a lossy format is padding and repeated frames, which deflate well. Noise below the limit is
    dense too and passes: telling it from speech would cost a decode of every file.
    """
    middle = max(0, len(audio) // 2 - _SAMPLE_BYTES // 2)
    sample = audio[middle : middle + _SAMPLE_BYTES]
    if len(sample) == _SAMPLE_BYTES and len(zlib.compress(sample, 1)) > _COMPRESSIBLE * len(sample):
        return None
    return read_decoded(audio).peak


def _one_line(error: Any) -> str:
    return " ".join(str(error).split())[:120]
