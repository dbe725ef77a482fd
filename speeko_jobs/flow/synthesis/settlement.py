"""From answers to audio that is kept: validation, store, ledger, cache, in batches and in this order.

Audio is durable in the store before its attempt is booked as stored. Runs in a thread of the engine.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Container, Sequence

from speeko_jobs.adapters import failpoints
from speeko_jobs.adapters.audio_store import Store
from speeko_jobs.adapters.backoff import Backoff, retry
from speeko_jobs.adapters.postgres import claims, deliveries, rebuys, settlements, voice_rates
from speeko_jobs.adapters.postgres.claims import Claim
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.adapters.postgres.settlements import Outcome, SettlementResult
from speeko_jobs.adapters.postgres.voice_rates import SpeechRate
from speeko_jobs.core.audio.validation import LEARNED_MIN_CHARS
from speeko_jobs.core.catalog.file_names import audio_path
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.model.speech import Speech
from speeko_jobs.core.model.states import AttemptState
from speeko_jobs.core.policies.outage_detection import FIRST_TRY_LIMITS, TryLimits
from speeko_jobs.errors import StoreError
from speeko_jobs.flow.cache import missing_audio
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.synthesis import answer_outcome
from speeko_jobs.flow.synthesis.answer_outcome import Answer
from speeko_jobs.flow.synthesis.call_budget import account_of

NOT_CALLED = "not called: its audio was in the store"
STORE_TRIES = 6  # 15 s at most: it is paid audio
log = logging.getLogger(__name__)


def settle(
    context: Context, answers: Sequence[Answer], tries: TryLimits = FIRST_TRY_LIMITS
) -> SettlementResult:
    """Keep the audio, book the calls, and tell Redis. Answers what changed. `tries`: how many a text has.

    Raises StoreError or ServerError when that cannot be done now; nothing is half done then, and the same
    answers may be settled again.
    """
    outcomes, audios = [], dict[bytes, bytes]()
    objects = dict[str, list[tuple[str, bytes]]]()
    for answer in answers:
        verdict = answer_outcome.validate(
            answer, answer.account or account_of(answer.spec.profile, context.settings)
        )
        outcomes.append(verdict.outcome)
        if verdict.outcome.state is AttemptState.STORED:
            audios[answer.claim.key] = verdict.audio
            path = audio_path(answer.claim.key, answer.claim.format)
            objects.setdefault(answer.spec.store, []).append((path, verdict.audio))
    failpoints.point("before_put")
    for url, batch in objects.items():
        _put(context.store_of(url), batch)
    failpoints.point("after_put")
    speech_rates = _speech_rates(answers, outcomes)

    def book(t: Transaction) -> SettlementResult:
        settled = settlements.settle(t, outcomes, tries)
        voice_rates.add_speech_rates(t, answers[0].spec.provider, speech_rates)
        return settled

    settled = context.database.run(book)
    failpoints.point("after_settle")
    for job, reason in settled.paused.items():
        log.warning("job %d is paused: %s", job, reason)
    if settled.quarantined:
        context.cache.drop(settled.quarantined)
    context.cache.put_many(settled.records)
    far = {
        answer.claim.key: audios[answer.claim.key]
        for answer in answers
        if answer.claim.key in audios and answer.claim.key in settled.records
        if not context.store_of(answer.spec.store).is_folder  # a file is as quick, and here already
    }
    if far:
        context.cache.put_audios(far)
    return settled


def _speech_rates(answers: Sequence[Answer], outcomes: Sequence[Outcome]) -> list[SpeechRate]:
    """What these calls teach about their voices, at speed 1; short texts teach nothing."""
    sums: dict[tuple[str, str, str], list[int]] = {}
    for answer, outcome in zip(answers, outcomes, strict=True):
        claim = answer.claim
        stored = outcome.state is AttemptState.STORED
        if stored and len(claim.text) >= LEARNED_MIN_CHARS and answer.spec.speed == 1:
            four = sums.setdefault((claim.model, claim.voice, claim.language), [0, 0, 0, 0])
            for at, value in enumerate((1, len(claim.text), outcome.millis, outcome.latency_millis)):
                four[at] += value
    return [SpeechRate(*voice, *four) for voice, four in sorted(sums.items())]


def recover(
    context: Context, job: int, spec: JobSpec, claimed: list[Claim]
) -> tuple[list[Claim], SettlementResult]:
    """Book what an engine had stored and died before it booked: (claims still to be called, what changed).

    Only texts that were claimed before can lie in the store already. What was never on record, neither as
    stored nor as a call, was bought after the backup that this database came out of: it is booked now.
    """
    store = context.store_of(spec.store)
    again = [claim for claim in claimed if claim.may_be_stored]
    sizes = store.sizes([audio_path(claim.key, claim.format) for claim in again])
    there = [claim for claim, size in zip(again, sizes, strict=True) if size]
    if not there:
        return claimed, SettlementResult({}, {}, [])
    lost = _without_old_audio(context, store, claims.unresolved_calls(context.database, there), there)
    stored = deliveries.sums(context.database, [claim.key for claim in there if claim.key not in lost])
    off_record = [(job, claim) for claim in there if claim.key not in lost and claim.key not in stored]

    def kept(of_job: int, claim: Claim) -> Answer:
        return Answer(of_job, spec, claim, Speech(store.get(audio_path(claim.key, claim.format)), 0.0), 0.0)

    back = _found_again(context, job, spec, [claim for claim in there if claim.key in stored])
    claimed = [claim for claim in claimed if claim.key not in back]
    answers = [kept(*before) for before in lost.values()]
    sound = (kept(*one) for one in off_record)
    answers += [a for a in sound if answer_outcome.validate(a).outcome.state is AttemptState.STORED]
    if not answers:
        return claimed, SettlementResult({}, {}, [])
    settled = settle(context, answers)
    found = [claim for claim in there if claim.key in settled.records and claim.key in lost]
    outcomes = [unsent(job, claim, NOT_CALLED) for claim in found]
    if outcomes:
        context.database.run(lambda t: settlements.settle(t, outcomes))
    return [claim for claim in claimed if claim.key not in settled.records], settled


def _found_again(context: Context, job: int, spec: JobSpec, there: list[Claim]) -> Container[bytes]:
    """Keys of texts that were recorded as missing and lie in the store as they were bought: no call is
    made."""
    back = missing_audio.sound(context, spec.store, [claim.key for claim in there])
    outcomes = [unsent(job, claim, NOT_CALLED) for claim in there if claim.key in back]
    if outcomes:
        context.database.run(lambda t: settlements.settle(t, outcomes))
        missing_audio.take_again(context, back)
    return back


def _without_old_audio(
    context: Context, store: Store, lost: dict[bytes, tuple[int, Claim]], there: list[Claim]
) -> dict[bytes, tuple[int, Claim]]:
    """Those lost calls whose audio may lie in the store: not what is there is still the old audio of a text
    that is bought again."""
    old = rebuys.old_sums(context.database, list(lost)) if lost else {}
    if not old:
        return lost
    formats = {claim.key: claim.format for claim in there}
    return {
        key: before
        for key, before in lost.items()
        if key not in old or hashlib.sha256(store.get(audio_path(key, formats[key]))).digest() != old[key]
    }


def unsent(job: int, claim: Claim, reason: str) -> Outcome:
    """The outcome of a claim that was given back before anything was sent."""
    return Outcome(job, claim.attempt, claim.at, claim.key, AttemptState.REFUSED, reason)


def _put(store: Store, objects: list[tuple[str, bytes]]) -> None:
    def warn(error: Exception, tried: int) -> None:
        log.warning("%s (try %d of %d)", error, tried, STORE_TRIES)

    backoff = Backoff(STORE_TRIES, first_seconds=0.5, min_seconds=0.1)
    retry(lambda: store.put_many(objects), backoff, StoreError, warn)
