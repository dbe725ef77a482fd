"""Answers in pieces: files put one behind the other, and headers with placeholders for their length.

Each gives its full seconds, also in the file that is kept, or is refused as bad audio.
"""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from speeko_jobs.core.audio import mp3
from speeko_jobs.core.audio.transcode import one_file
from speeko_jobs.core.audio.validation import AudioFacts, inspect
from speeko_jobs.core.model.speech import BadAudio
from tests.metered import audio

FORMATS = ("wav", "mp3", "flac", "ogg", "opus")
LENGTHS = (0.5, 1.0, 2.0, 4.0)
CHARS = 60
JOINT_SECONDS = 0.08  # of MP3 frames whose delay and padding no header declares any more


def kept(body: bytes, format: str) -> tuple[AudioFacts, bytes]:
    """Return the facts of an answer and the file that is kept."""
    facts = inspect(body, format, CHARS)
    return facts, one_file(body, format, round(facts.seconds * facts.sample_rate))


def heard(body: bytes) -> float:
    """Return the seconds that a player plays, which believes the header."""
    samples, rate = soundfile.read(io.BytesIO(body))
    return len(samples) / rate


def vbr_mp3(seconds: float) -> bytes:
    """Return an MP3 whose frames differ in size, behind a header that counts them."""
    samples = audio.tone("wav", seconds)
    out = io.BytesIO()
    decoded, rate = soundfile.read(io.BytesIO(samples))
    decoded[len(decoded) // 2 :] *= 0.01
    with soundfile.SoundFile(
        out, "w", rate, 1, "MPEG_LAYER_III", format="MP3", bitrate_mode="VARIABLE", compression_level=0.5
    ) as file:
        file.write(decoded)
    return out.getvalue()


def wav_with(data_size: int | None = None, riff_size: int | None = None, seconds: float = 2.0) -> bytes:
    body = bytearray(audio.tone("wav", seconds))
    at = body.find(b"data") + 4
    if data_size is not None:
        body[at : at + 4] = struct.pack("<I", data_size)
    if riff_size is not None:
        body[4:8] = struct.pack("<I", riff_size)
    return bytes(body)


@settings(deadline=None, max_examples=60)
@given(format=st.sampled_from(FORMATS), lengths=st.lists(st.sampled_from(LENGTHS), min_size=1, max_size=4))
def test_files_one_behind_the_other_give_all_their_seconds(format: str, lengths: list[float]) -> None:
    body = b"".join(audio.tone(format, seconds) for seconds in lengths)
    facts, file = kept(body, format)
    assert facts.seconds == pytest.approx(sum(lengths), abs=0.01)
    joints = JOINT_SECONDS * len(lengths) if format == "mp3" else 0.01
    assert heard(file) == pytest.approx(sum(lengths), abs=joints)
    assert one_file(file, format, round(heard(file) * facts.sample_rate)) == file
    assert len(lengths) > 1 or file == body


@settings(deadline=None, max_examples=60)
@given(
    data=st.sampled_from(
        [0, 36, 4096, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFDB, 2_000_000_000, 1 << 30, None]
    ),
    riff=st.sampled_from([0, 36, 44, 0x7FFFFFFF, 0xFFFFFFFF, 2_000_000_036, None]),
    behind=st.sampled_from([b"", b"LIST\x04\0\0\0abcd"]),
)
def test_a_wav_with_any_placeholder_gives_its_full_seconds(
    data: int | None, riff: int | None, behind: bytes
) -> None:
    body = wav_with(data, riff) + (behind if data is None else b"")
    facts, file = kept(body, "wav")
    assert facts.seconds == pytest.approx(2.0)
    assert heard(file) == pytest.approx(2.0)


@settings(deadline=None)
@given(declared=st.integers(1, 0xFFFFFFFF))
def test_a_wav_that_declares_any_size_is_whole_or_refused(declared: int) -> None:
    try:
        facts, file = kept(wav_with(declared), "wav")
    except BadAudio:
        return
    assert facts.seconds == pytest.approx(2.0, abs=0.001)
    assert heard(file) == pytest.approx(2.0, abs=0.001)


@settings(deadline=None)
@given(
    declared=st.one_of(
        st.integers(0, (1 << 36) - 1), st.sampled_from([0, (1 << 36) - 1, 0x7FFFFFFF, 0xFFFFFFFF, 4096])
    )
)
def test_a_flac_that_declares_any_length_is_whole_or_refused(declared: int) -> None:
    body = bytearray(audio.tone("flac", 2.0))
    kept_bits = int.from_bytes(body[21:26], "big") >> 36 << 36
    body[21:26] = (kept_bits | declared).to_bytes(5, "big")
    try:
        facts, file = kept(bytes(body), "flac")
    except BadAudio:
        return
    assert facts.seconds == pytest.approx(2.0)
    assert declared == 0 or heard(file) == pytest.approx(2.0)


@pytest.mark.parametrize("declared", [0, 0x7FFFFFFF, 0xFFFFFFFF])
def test_an_mp3_whose_header_does_not_know_its_frames_is_whole(declared: int) -> None:
    body = bytearray(vbr_mp3(2.0))
    at = max(body.find(b"Xing"), body.find(b"Info"))
    body[at + 8 : at + 12] = struct.pack(">I", declared)
    facts, file = kept(bytes(body), "mp3")
    assert facts.seconds == pytest.approx(2.0, abs=JOINT_SECONDS)
    assert heard(file) == pytest.approx(2.0, abs=JOINT_SECONDS)


def test_two_vbr_mp3s_are_four_seconds() -> None:
    one = vbr_mp3(2.0)
    body = one + one
    assert [len(part) for part in mp3.streams(body)] == [len(one), len(one)]
    facts, file = kept(body, "mp3")
    assert facts.seconds == pytest.approx(4.0, abs=0.01)
    assert heard(file) == pytest.approx(4.0, abs=2 * JOINT_SECONDS)


def test_an_mp3_behind_the_tags_of_another_is_heard() -> None:
    tag = b"TAG" + bytes(125)
    ape = b"APETAGEX" + struct.pack("<IIII", 2000, 40, 1, 1 << 31) + bytes(8) + bytes(40)
    body = audio.tone("mp3", 1.0) + ape + tag + b"ID3\x03\0\0\0\0\0\x0a" + bytes(10) + audio.tone("mp3", 2.0)
    assert kept(body, "mp3")[0].seconds == pytest.approx(3.0, abs=0.01)


def test_every_link_of_an_opus_chain_counts() -> None:
    body = audio.tone("opus", 4.0) + audio.tone("opus", 0.5)
    assert inspect(body, "opus", CHARS).seconds == pytest.approx(4.5)


def test_a_chain_whose_first_link_is_cut_is_refused() -> None:
    first, second = audio.tone("opus", 2.0), audio.tone("opus", 1.0)
    last_page = first.rfind(b"OggS")
    with pytest.raises(BadAudio, match="last page is missing"):
        inspect(first[:last_page] + second, "opus", CHARS)


def test_a_wav_whose_first_part_is_cut_is_refused() -> None:
    with pytest.raises(BadAudio, match="cut"):
        inspect(audio.tone("wav", 2.0)[:-9_000] + audio.tone("wav", 1.0), "wav", CHARS)


def test_streamed_parts_of_placeholder_size_are_one_file() -> None:
    body = wav_with(0xFFFFFFFF, 0xFFFFFFFF) + wav_with(0, 0, 1.0)
    facts, file = kept(body, "wav")
    assert facts.seconds == heard(file) == pytest.approx(3.0)


def test_rf64_is_a_wav() -> None:
    samples, rate = soundfile.read(io.BytesIO(audio.tone("wav", 2.0)))
    out = io.BytesIO()
    soundfile.write(out, samples, rate, format="RF64", subtype="PCM_16")
    facts, file = kept(out.getvalue(), "wav")
    assert (facts.seconds, file[:4]) == (pytest.approx(2.0), b"RIFF")
    assert heard(file) == pytest.approx(2.0)


def test_samples_of_joined_wavs_are_those_of_the_parts() -> None:
    first, second = audio.tone("wav", 1.0), audio.tone("wav", 0.5)
    file = kept(first + second, "wav")[1]
    parts = [soundfile.read(io.BytesIO(part), dtype="int16")[0] for part in (first, second)]
    whole = soundfile.read(io.BytesIO(file), dtype="int16")[0]
    edge = 200  # samples, where a join that would click is faded
    assert np.array_equal(whole[: len(parts[0]) - edge], parts[0][:-edge])
    assert np.array_equal(whole[len(parts[0]) + edge :], parts[1][edge:])
