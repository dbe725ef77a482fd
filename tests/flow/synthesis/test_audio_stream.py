"""What goes out of one spoken text: pieces as they come, in the format asked for, or the whole at the end."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from speeko_jobs.core.audio import probe
from speeko_jobs.flow.synthesis.audio_stream import AudioStream
from speeko_jobs.flow.synthesis.single_purchase import SpeechError
from tests.fixtures.books import SPEC
from tests.metered import audio

MP3, OTHER = audio.tone("mp3", 2.0), audio.tone("wav", 2.0)


def stream(out: list[bytes], parts: int = 1, stopped: list[int] | None = None, **spec: str) -> AudioStream:
    return AudioStream(
        replace(SPEC, **spec), parts, out.append, lambda: bool(stopped), started=time.monotonic()
    )


def test_pieces_leave_while_the_call_is_open() -> None:
    out: list[bytes] = []
    one = stream(out)
    assert (one.chains, one.first_byte_seconds, one.piece_bytes) == (True, -1.0, 0)
    call = one.call(lambda: 0.2)
    call.take(MP3[:5_000])
    assert b"".join(out) == MP3[: len(b"".join(out))] != b""
    assert one.first_byte_seconds >= 0
    assert one.piece_bytes == 4_096  # of this round trip
    call.take(MP3[5_000:])
    call.finish(MP3)
    one.finish(MP3)
    assert b"".join(out) == MP3


def test_another_format_waits_for_the_whole_and_is_not_written_as_it_came() -> None:
    out: list[bytes] = []
    one = stream(out)
    call = one.call(lambda: 0.01)
    call.take(OTHER)
    assert out == []
    call.finish(MP3)  # what a purchase returns is converted already
    assert out == [MP3]


def test_what_is_kept_in_another_format_is_converted() -> None:
    out: list[bytes] = []
    stream(out).pass_on(OTHER, "wav")
    assert [probe.looks_like(piece) for piece in out] == ["mp3"]


@pytest.mark.parametrize(("parts", "spec"), [(2, {"format": "wav"}), (1, {"deliver_as": "wav"})])
def test_what_cannot_be_chained_goes_out_whole(parts: int, spec: dict[str, str]) -> None:
    out: list[bytes] = []
    one = stream(out, parts, **spec)
    one.pass_on(MP3, "mp3")
    assert (one.chains, out) == (False, [])
    one.finish(OTHER)
    assert out == [OTHER]


def test_nothing_goes_out_once_the_command_is_stopping() -> None:
    out: list[bytes] = []
    stopped: list[int] = []
    one = stream(out, stopped=stopped)
    one.pass_on(MP3, "mp3")
    stopped.append(1)
    one.pass_on(MP3, "mp3")
    assert out == [MP3]


def test_what_cannot_be_made_is_said_in_one_line() -> None:
    with pytest.raises(SpeechError, match=r"^the file cannot be made: .+$"):
        stream([]).joined([b"no audio"], "wav")
