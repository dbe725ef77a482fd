"""One utterance asked for, one answer, and the kinds of failure between them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """What one call asks for. `text` is spoken text, within the profile's limit."""

    key: bytes  # 32 bytes; sent as the idempotency key (hex), so it is not always the text's own
    text: str
    model: str
    voice: str
    language: str  # BCP 47, or "" where the voice decides
    format: str  # mp3, wav, flac, ogg, opus
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class Speech:
    """What one call answered: the whole body, not yet validated."""

    audio: bytes
    latency_seconds: float
    server_limit: int = 0  # calls in flight that the server's headers allow; 0 where they say nothing
    wait_seconds: float = 0.0  # until the server's headers allow the next call


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept of a key that is done: enough to deliver it and to say where it came from."""

    bytes: int
    millis: int
    bought_job: int
    bought_row: int
    settled_millis: int  # since 1970, by the database's clock
    cost_micros: int  # what it cost when it was bought


class Failure(Enum):
    """What is known of a call that brought no audio; it decides what happens to the money and the row."""

    NOT_SENT = "not_sent"  # DNS, refused connection, TLS: nothing was billed, try again
    THROTTLED = "throttled"  # 429, 503: nothing was billed, wait
    REFUSED = "refused"  # 400, 413, 422: this text will never do, the row fails
    ACCOUNT = "account"  # 401, 402, 403, quota: a person must act, the job pauses
    UNKNOWN = "unknown"  # timeout or reset after the first byte, 5xx: perhaps billed


class ProviderError(Exception):
    """A call that brought no audio. `reason` is one line, free of secrets and of the text."""

    def __init__(
        self,
        failure: Failure,
        reason: str,
        *,
        status: int = 0,
        retry_after_seconds: float | None = None,
        server_limit: int = 0,
    ) -> None:
        super().__init__(reason)
        self.failure = failure
        self.reason = reason
        self.status = status
        self.retry_after_seconds = retry_after_seconds
        self.server_limit = server_limit


class BadAudio(Exception):
    """A call that was paid and brought bytes which are not the speech asked for."""
