"""Judge one answer of a provider: what it is booked as, and the audio that is kept of it.

Sound audio in another container than was asked for is converted. An answer that holds no audio at all may
or may not be charged; audio that failed validation is. CPU-bound: runs in a thread of the engine.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, replace
from typing import Final

from speeko_jobs.adapters.postgres.breaker_windows import WindowVoice
from speeko_jobs.adapters.postgres.claims import Claim
from speeko_jobs.adapters.postgres.settlements import Outcome
from speeko_jobs.core.audio import probe
from speeko_jobs.core.audio.codec import FORMATS
from speeko_jobs.core.audio.transcode import Delivered, one_file, render
from speeko_jobs.core.audio.validation import AudioFacts, inspect, usual_seconds
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.model.speech import BadAudio, Failure, ProviderError, Speech
from speeko_jobs.core.model.states import AttemptState
from speeko_jobs.core.policies.waste_breaker import FAILED_PREFIX
from speeko_jobs.core.text import ssml

log = logging.getLogger(__name__)

_STATE: Final = {
    Failure.NOT_SENT: AttemptState.REFUSED,
    Failure.THROTTLED: AttemptState.REFUSED,
    Failure.REFUSED: AttemptState.REFUSED,
    Failure.ACCOUNT: AttemptState.REFUSED,
    Failure.UNKNOWN: AttemptState.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One call that has ended: what was claimed, and the speech or the error it brought."""

    job: int
    spec: JobSpec
    claim: Claim
    result: Speech | ProviderError
    latency_seconds: float
    usual_seconds_per_char: float = 0.0  # of the voice, 0 where it is not known yet
    account: str = ""  # that the call was made on; "" for what a spool or the store held


@dataclass(frozen=True, slots=True)
class ValidatedAnswer:
    """How an answer is booked, and the audio to keep: b"" where there is none."""

    outcome: Outcome
    audio: bytes = b""


def validate(answer: Answer, account: str = "") -> ValidatedAnswer:
    """Return the verdict on an answer of `account` ("": it counts in no window)."""
    claim, result = answer.claim, answer.result
    base = Outcome(
        answer.job,
        claim.attempt,
        claim.at,
        claim.key,
        AttemptState.UNKNOWN,
        latency_millis=round(answer.latency_seconds * 1000),
        voice=WindowVoice(account, claim.model, claim.voice) if account else None,
        row_no=claim.row_no,
    )
    if isinstance(result, ProviderError):
        final = result.failure is Failure.REFUSED
        state = _STATE[result.failure]
        return ValidatedAnswer(
            replace(base, state=state, reason=result.reason, status=result.status, final=final)
        )
    if not probe.is_audio(result.audio):
        reason = f"no audio in the answer: {probe.describe_bytes(result.audio)}"
        return ValidatedAnswer(replace(base, reason=reason, status=200, wasted=True))
    try:
        facts, audio = _sound(answer, result.audio)
    except BadAudio as error:
        reason = f"{FAILED_PREFIX}{error}"
        return ValidatedAnswer(replace(base, state=AttemptState.BAD, reason=reason, status=200, wasted=True))
    stored = replace(
        base,
        state=AttemptState.STORED,
        status=200,
        audio_bytes=len(audio),
        millis=round(facts.seconds * 1000),
        sha256=hashlib.sha256(audio).digest(),
        converted=probe.looks_like(audio) != probe.looks_like(result.audio),
        unique=not answer.spec.profile.is_deterministic,
    )
    return ValidatedAnswer(stored, audio)


def _sound(answer: Answer, audio: bytes) -> tuple[AudioFacts, bytes]:
    """Return the facts of valid audio, and it in the format that was asked for. Raises BadAudio."""
    claim = answer.claim
    marked = ssml.is_canonical(claim.text)
    usual = usual_seconds("" if marked else claim.text, answer.usual_seconds_per_char)
    chars = ssml.validation_chars(claim.text) if marked else len(claim.text)
    seen = probe.looks_like(audio)
    if seen == claim.format or seen not in FORMATS or (claim.format, seen) == ("ogg", "opus"):
        facts = inspect(audio, claim.format, chars, answer.spec.speed, usual)
        return facts, one_file(audio, seen, round(facts.seconds * facts.sample_rate))
    facts = inspect(audio, seen, chars, answer.spec.speed, usual)
    return facts, render([audio], seen, Delivered(claim.format)).audio
