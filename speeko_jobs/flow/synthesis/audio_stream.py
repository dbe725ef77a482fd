"""The audio of one text as it goes out: in pieces while it arrives, or whole where it must be rendered.

What goes out is a prefix of what it should be where an error is raised later.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from speeko_jobs.adapters.providers.provider import OnAudio
from speeko_jobs.core.audio import probe
from speeko_jobs.core.audio.codec import FORMATS
from speeko_jobs.core.audio.stream_buffer import CHAINABLE, Pieces, piece_bytes
from speeko_jobs.core.audio.transcode import Delivered, render
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.model.speech import BadAudio
from speeko_jobs.flow.synthesis.single_purchase import SpeechError


class AudioStream:
    """Write audio to `on_audio`, from the event loop, which it must not hold up.

    `chains`: parts go out one after another as they come, as files of their own. `first_byte_seconds` is -1
    before the first.
    """

    def __init__(
        self,
        spec: JobSpec,
        parts: int,
        on_audio: OnAudio | None,
        is_stopping: Callable[[], bool],
        *,
        started: float,
    ) -> None:
        """`started`: the time of `time.monotonic()` from which the first byte is waited for."""
        self.chains = not spec.rendering and (parts == 1 or spec.format in CHAINABLE)
        self.first_byte_seconds = -1.0
        self.piece_bytes = 0
        self._spec, self._on_audio, self._is_stopping = spec, on_audio, is_stopping
        self._started = started

    def pass_on(self, audio: bytes, format: str) -> None:
        """Write audio of one part now if parts are chained, converted where its format is another."""
        if self.chains:
            is_same = format == self._spec.format
            self._write(audio if is_same else self._rendered([audio], format, Delivered(self._spec.format)))

    def finish(self, whole: bytes) -> None:
        """Write the whole unless its parts went out already."""
        if not self.chains:
            self._write(whole)

    def joined(self, audios: Sequence[bytes], format: str) -> bytes:
        """Return the parts as one file, as the job delivers it. Raises SpeechError."""
        return self._rendered(audios, format, self._spec.delivered)

    def call(self, round_trip_seconds: Callable[[], float | None]) -> CallStream:
        """Return what takes one call's audio. The round trip is asked for with the first bytes."""
        return CallStream(self, self._spec.format, round_trip_seconds)

    def _write(self, piece: bytes) -> None:
        if self.first_byte_seconds < 0:
            self.first_byte_seconds = time.monotonic() - self._started
        if self._on_audio is not None and not self._is_stopping():
            self._on_audio(piece)

    def _rendered(self, audios: Sequence[bytes], format: str, want: Delivered) -> bytes:
        try:
            return render(audios, format, want).audio
        except BadAudio as error:
            raise SpeechError(f"the file cannot be made: {error}") from None


class CallStream:
    """One call's audio on its way out, in pieces that no player waits for."""

    def __init__(
        self, stream: AudioStream, format: str, round_trip_seconds: Callable[[], float | None]
    ) -> None:
        self._stream, self._format, self._round_trip_seconds = stream, format, round_trip_seconds
        self._pieces: Pieces | None = None
        self._is_other = False  # another format than was asked for: it is converted first

    def take(self, part: bytes) -> None:
        """Take bytes as they arrive, and write the pieces that are complete."""
        self._is_other = self._is_other or (self._pieces is None and self._starts_other(part))
        if self._is_other:
            return
        if self._pieces is None:  # only now, so that nothing waits for the round trip
            self._stream.piece_bytes = piece_bytes(self._round_trip_seconds())
            self._pieces = Pieces(self._format, self._stream.piece_bytes)
        for piece in self._pieces.add(part, time.monotonic()):
            self._stream.pass_on(piece, self._format)

    def finish(self, audio: bytes) -> None:
        """Write what has not gone out yet of `audio`, the whole and validated."""
        for piece in self._pieces.rest() if self._pieces else ():
            self._stream.pass_on(piece, self._format)
        if self._is_other:
            self._stream.pass_on(audio, self._format)

    def _starts_other(self, start: bytes) -> bool:
        """Return whether these first bytes show another audio format than was asked for."""
        seen = probe.looks_like(start)
        return seen in FORMATS and seen != self._format and (self._format, seen) != ("ogg", "opus")
