"""Pieces of audio: their size by the round trip, and that all of it leaves, the first at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speeko_jobs.core.audio.stream_buffer import HEAD_BYTES, HOLD_SECONDS, Pieces, piece_bytes
from tests.metered import audio

MP3 = audio.tone("mp3", 2.0)


@pytest.mark.parametrize(
    ("seconds", "size"),
    [
        (0.0, 16_384), (0.049, 16_384), (0.05, 8_192), (0.149, 8_192), (0.15, 4_096), (0.299, 4_096),
        (0.3, 2_048), (60.0, 2_048), (None, 2_048),
    ],
)  # fmt: skip
def test_the_farther_the_smaller(seconds: float | None, size: int) -> None:
    assert piece_bytes(seconds) == size


@given(st.lists(st.integers(2, 5_000), max_size=40), st.sampled_from([1, 1_000, 2_048, 16_384]))
def test_all_that_comes_leaves_in_order(sizes: list[int], size: int) -> None:
    pieces, out, at = Pieces("mp3", size), list[bytes](), 0
    for number, length in enumerate(sizes):
        out += pieces.add(MP3[at : at + length], number * 0.01)
        at += length
    out += pieces.rest()
    assert b"".join(out) == MP3[:at]
    assert all(0 < len(piece) <= size for piece in out)


def test_the_first_leaves_at_once_and_then_whole_pieces() -> None:
    pieces = Pieces("mp3", 1_000)
    assert pieces.add(MP3[: HEAD_BYTES - 1], 0.0) == []
    assert pieces.add(MP3[HEAD_BYTES - 1 : 100], 0.0) == [MP3[:100]]
    assert pieces.add(MP3[100:1_000], 0.0) == []
    assert pieces.add(MP3[1_000:2_200], 0.0) == [MP3[100:1_100], MP3[1_100:2_100]]
    assert pieces.rest() == [MP3[2_100:2_200]]
    assert pieces.rest() == []


def test_what_was_held_long_goes_with_whatever_comes_next() -> None:
    pieces = Pieces("mp3", 100_000)
    pieces.add(MP3[:100], 0.0)
    assert pieces.add(MP3[100:200], 5.0) == []
    assert pieces.add(MP3[200:300], 5.0 + HOLD_SECONDS) == [MP3[100:300]]


@pytest.mark.parametrize("said", [audio.garbage("html", "mp3"), audio.garbage("json", "mp3"), b"\0" * 99])
def test_what_is_no_audio_never_leaves(said: bytes) -> None:
    pieces = Pieces("mp3", 1_000)
    assert pieces.add(said, 0.0) == []
    assert pieces.add(MP3, 1.0) == []
    assert pieces.rest() == []


@pytest.mark.parametrize("format", ["wav", "mp3", "flac", "ogg", "opus"])
def test_audio_of_every_format_is_known_by_its_beginning(format: str) -> None:
    said = audio.stamped(audio.tone(format, 1.0), format, audio.stamp_of("text"))
    assert b"".join(Pieces(format, 1_000).add(said, 0.0)) == said
    other = "mp3" if format == "wav" else "wav"
    assert Pieces(other, 1_000).add(said, 0.0) == []
