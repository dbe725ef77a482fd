"""MPEG layer III frames: walking them, what an encoder's header declares, and how long a player plays.

Knows the frame header of ISO 11172-3 and 13818-3 and the Xing and LAME headers, and nothing of the sound.
"""

from __future__ import annotations

import contextlib
import itertools
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from speeko_jobs.core.model.speech import BadAudio

# kbit/s of layer III by the header's index, for MPEG 1 and for MPEG 2 and 2.5
_BITRATES = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_PLACEHOLDER = 0x7FFFFFFF
_DECODER_DELAY = 529  # samples that every decoder brings before the first; cut off, as is what a header tells
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def _frame_lengths() -> dict[bytes, tuple[int, int, int]]:
    """The first three bytes of a frame → (length in bytes, samples, rate), for all that are layer III."""
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
                            table[bytes((0xFF, second, third))] = (length, samples, rate)
    return table


_FRAMES = _frame_lengths()


def length(audio: bytes) -> tuple[int, int, int]:
    """(sample frames, rate, channels) as a player hears them, without a decode. Raises BadAudio."""
    whole = None
    with contextlib.suppress(BadAudio):
        whole = walk(audio)
    # a header that counts all frames: nothing else was put behind, and that need not be searched for
    parts = [audio] if whole is not None and whole.counted else streams(audio)
    found = [whole] if whole is not None and len(parts) == 1 else [walk(part) for part in parts]
    if len({one.rate for one in found}) > 1:
        raise BadAudio("the MP3 does not decode: its rate changes")
    return sum(one.sound for one in found), found[0].rate, found[0].channels


def counted(audio: bytes) -> bytes:
    """The same stream behind a header that declares its frames, where it has none or a wrong one: without,
    a decoder guesses the length from the first frame and stops there. Raises BadAudio."""
    found = walk(audio)
    if found.counted:
        return audio
    second, third, fourth = audio[found.start + 1] | 1, audio[found.start + 2], audio[found.start + 3]
    full = second >> 3 & 3 == 3  # MPEG 1; 2 and 2.5 have half the samples a frame
    third = (5 if full else 8) << 4 | third & 0x0C  # 64 kbit/s, no padding
    side = (17 if found.channels == 1 else 32) if full else (9 if found.channels == 1 else 17)
    header = (
        bytes((0xFF, second, third, fourth)) + bytes(side) + struct.pack(">4sII", b"Xing", 1, found.frames)
    )
    return header.ljust(_FRAMES[header[:3]][0], b"\0") + audio[found.start :]


def joined(audio: bytes) -> bytes:
    """All frames behind one header that declares them, where files were put one behind the other; else the
    same bytes. Players stop where a header says that the file ends. Raises BadAudio."""
    parts = streams(audio)
    walked = [walk(part) for part in parts]
    if len(parts) == 1 and (walked[0].counted or not walked[0].has_header):
        return audio
    frames = [b"".join(_sound_frames(part, one.start)) for part, one in zip(parts, walked, strict=True)]
    return counted(b"".join(frames))


def _sound_frames(audio: bytes, at: int) -> Iterator[bytes]:
    """Yield the frames from a place on, without the tags between them."""
    while at + 4 <= len(audio):
        found = _FRAMES.get(audio[at : at + 3])
        if found:
            yield audio[at : at + found[0]]
        at += found[0] if found else _tag_bytes(audio, at) or len(audio)


def streams(audio: bytes) -> list[bytes]:
    """The files that were put one behind the other, nearly always one: each but the first begins at an
    encoder's header, and a decoder stops where the first one ends."""
    last = max(audio.rfind(b"Xing"), audio.rfind(b"Info"))
    starts, at, begun = [0], 0, False
    while at < last:
        found = _FRAMES.get(audio[at : at + 3])
        length = found[0] if found else _tag_bytes(audio, at)
        if length is None:
            break  # what comes now is left to whoever reads it
        if found and begun and _encoder_header(audio, at) is not None:
            starts.append(at)
        begun = begun or found is not None
        at += length
    return [audio[start:end] for start, end in itertools.pairwise([*starts, len(audio)])]


@dataclass(frozen=True, slots=True)
class Walked:
    """One stream: where its sound begins, and what an encoder's header before it says."""

    start: int
    frames: int
    samples: int  # a frame
    rate: int
    channels: int
    has_header: bool
    counted: bool  # whether the header declares these frames
    padding: int  # samples around the sound that decoders cut off

    @property
    def sound(self) -> int:
        return self.frames * self.samples - self.padding


def walk(audio: bytes) -> Walked:
    """One stream, every frame header visited. BadAudio where a frame is cut, missing, or of another rate."""
    at, frames, rate, samples, channels, end = 0, 0, 0, 0, 0, len(audio)
    first, frame_of = 0, _FRAMES.get
    while at + 4 <= end:
        found = frame_of(audio[at : at + 3])
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
    header = _encoder_header(audio, first) if frames else None
    declared, padding = header or (-1, _DECODER_DELAY)
    if header is not None:
        frames -= 1  # the frame that carries the header is no sound
        first += _FRAMES[audio[first : first + 3]][0]
        if declared > frames:
            raise BadAudio(f"the MP3 is cut: {declared} frames declared, {frames} there")
    if declared != frames:
        padding = _DECODER_DELAY
    if frames * samples <= padding:
        raise BadAudio("the MP3 holds no sound")
    return Walked(first, frames, samples, rate, channels, header is not None, declared == frames, padding)


def _tag_bytes(audio: bytes, at: int) -> int | None:
    """The length of the tag that begins at `at`, to the end where it is the last thing, or None."""
    if audio[at : at + 3] == b"ID3" and at + 10 <= len(audio):
        size = 0
        for byte in audio[at + 6 : at + 10]:
            size = size << 7 | byte & 0x7F
        return size + 10
    rest = len(audio) - at
    if audio[at : at + 4] == b"TAG+":
        return min(227, rest)
    if audio[at : at + 3] == b"TAG":
        return min(128, rest)
    if audio[at : at + 8] == b"APETAGEX" and rest >= 32:
        return min(32 + int(struct.unpack_from("<I", audio, at + 12)[0]), rest)
    if not any(audio[at:]):
        return rest
    return None


def _encoder_header(audio: bytes, at: int) -> tuple[int, int] | None:
    """(frames declared, samples of delay and padding) by the Xing or Info header in the frame at `at`; None
    where there is none. The layout is LAME's: flags, optional fields, and 21 bytes into its own part two
    numbers of 12 bits, which decoders cut off."""
    frame = _FRAMES.get(audio[at : at + 3])
    end = min(at + 48, at + frame[0]) if frame else at  # the next frame's header is not this one's
    for mark in (b"Xing", b"Info"):
        found = audio.find(mark, at, end)
        if 0 < found <= len(audio) - 12 and audio[found + 7] & 1:
            declared = int(struct.unpack_from(">I", audio, found + 8)[0])
            if declared >= _PLACEHOLDER:
                declared = 0  # the encoder did not know
            flags = audio[found + 7]
            lame = found + 12 + 4 * (flags >> 1 & 1) + 100 * (flags >> 2 & 1) + 4 * (flags >> 3 & 1)
            if lame + 24 > len(audio) or not audio[lame]:
                return declared, _DECODER_DELAY
            both = int.from_bytes(audio[lame + 21 : lame + 24], "big")
            return declared, (both >> 12) + max(both & 0xFFF, _DECODER_DELAY)
    return None
