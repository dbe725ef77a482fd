"""Audio that goes out while it still comes in: how large its pieces are, and when the first may leave.

The size follows the round trip to the provider, after the adaptive streaming that this project began with:
16, 8, 4 or 2 KB below 50, 150, 300 ms and beyond. The clock is the caller's, in seconds.
"""

from __future__ import annotations

from speeko_jobs.core.audio.probe import looks_like

PIECE_BYTES = ((0.050, 16_384), (0.150, 8_192), (0.300, 4_096))
MIN_PIECE_BYTES = 2_048
HOLD_SECONDS = 0.25  # a provider that speaks no faster than people listen must not be held up
HEAD_BYTES = 64  # that show what the audio is

# Of these, players take one file after another as one stream; a WAV or a FLAC ends where its header says.
CHAINABLE = frozenset({"mp3", "ogg", "opus"})


def piece_bytes(round_trip_seconds: float | None) -> int:
    """The size of the pieces for that round trip; None: it is not known, and taken for slow."""
    if round_trip_seconds is not None:
        for below, size in PIECE_BYTES:
            if round_trip_seconds < below:
                return size
    return MIN_PIECE_BYTES


def is_format(head: bytes, format: str) -> bool:
    """Whether audio that begins like this may be of the format asked for, as validation sees it."""
    seen = looks_like(head)
    return seen == format or (format == "ogg" and seen == "opus")


class Pieces:
    """Cuts what arrives into pieces of one size. The first leaves at once, short as it may be; what does not
    begin like the format asked for (an error page) never leaves."""

    def __init__(self, format: str, size_bytes: int) -> None:
        self._format, self._size = format, size_bytes
        self._held = bytearray()
        self._since = 0.0
        self._begun = self._refused = False

    def add(self, data: bytes, now: float) -> list[bytes]:
        """What may leave now. What has been held for `HOLD_SECONDS` goes with whatever comes next."""
        if self._refused:
            return []
        if not self._held:
            self._since = now
        self._held += data
        if self._begun:
            return self._taken(now - self._since >= HOLD_SECONDS)
        return self._first() if len(self._held) >= HEAD_BYTES else []

    def rest(self) -> list[bytes]:
        """What is left at the end."""
        return self._taken(True) if self._begun else self._first()

    def _first(self) -> list[bytes]:
        self._begun = is_format(bytes(self._held[:HEAD_BYTES]), self._format)
        self._refused = not self._begun
        return self._taken(True) if self._begun else []

    def _taken(self, everything: bool) -> list[bytes]:
        held, size = bytes(self._held), self._size
        end = len(held) if everything else len(held) - len(held) % size
        self._held = bytearray(held[end:])
        return [held[start : min(start + size, end)] for start in range(0, end, size)]
