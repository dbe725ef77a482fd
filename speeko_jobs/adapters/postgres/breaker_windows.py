"""Windows: how the last answers of each voice of an account were, and what follows from it for jobs.

Everything here happens within the transaction of a settlement or a claim, so that a stop holds for every
engine from its commit on. The decisions are core.policies.waste_breaker and core.audio.identical_audio;
statements are in sql/breaker_windows.sql. Windows are locked after jobs and utterances, in the order of their
keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.adapters.postgres.database import Database, Transaction
from speeko_jobs.core.audio import identical_audio
from speeko_jobs.core.model.states import JobState
from speeko_jobs.core.policies import waste_breaker
from speeko_jobs.core.policies.failure_grouping import normalized
from speeko_jobs.core.policies.waste_breaker import BreakerSample

SPARED = "to be tried again: the provider did the same to other texts"
QUARANTINED = "quarantined: other texts have the same audio"
QUARANTINED_AT_ONCE = 10_000


class WindowVoice(NamedTuple):
    """One voice of one model, as one account buys it."""

    account: str
    model: str
    voice: str


@dataclass(frozen=True, slots=True)
class AnswerJudgement:
    """One paid answer (or one that may have been paid and held no audio), judged."""

    voice: WindowVoice
    job: int
    row_no: int
    cost_micros: int
    good: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RefusedText:
    """One answer that refused a text for good."""

    voice: WindowVoice
    job: int
    row_no: int
    key: bytes
    reason: str
    attempt: int


@dataclass(frozen=True, slots=True)
class StoredText:
    """One text whose audio was just stored."""

    voice: WindowVoice
    job: int
    key: bytes
    sha256: bytes


@dataclass(frozen=True, slots=True)
class WindowStatus:
    """One window as it stands. `stopped_seconds` is 0.0 where nothing is stopped."""

    voice: WindowVoice
    recent: str
    answers: int
    bad: int
    wasted_micros: int
    reason: str
    stopped_seconds: float


def note(t: Transaction, judged: Sequence[AnswerJudgement]) -> dict[int, str]:
    """Add paid answers to their windows. Return the jobs that were paused for it, with the reason."""
    if not judged:
        return {}
    by_voice = _by_voice(judged)
    samples = {
        voice: [BreakerSample(a.job, a.row_no, a.reason) for a in answers if not a.good][
            -waste_breaker.SAMPLES :
        ]
        for voice, answers in by_voice.items()
    }
    voices = sorted(by_voice)
    rows = t.rows(
        "windows_add",
        _columns(voices)
        | {
            "recents": [_marks(by_voice[v]) for v in voices],
            "answers": [len(by_voice[v]) for v in voices],
            "bads": [sum(not a.good for a in by_voice[v]) for v in voices],
            "wasted": [sum(a.cost_micros for a in by_voice[v] if not a.good) for v in voices],
            "samples": [waste_breaker.to_json(samples[v]) for v in voices],
            "window": waste_breaker.WINDOW,
        },
    )
    paused: dict[int, str] = {}
    for account, model, name, recent, _, wasted_micros, kept, is_stopped in rows:
        if is_stopped or not waste_breaker.is_wasteful(recent):
            continue
        voice = WindowVoice(account, model, name)
        shown = named(t, [BreakerSample(**one) for one in kept])
        reason = waste_breaker.wasteful_reason(recent, model, name, wasted_micros, shown)
        paused |= stop(t, voice, reason, {a.job for a in by_voice[voice]})
    return paused


def stop(t: Transaction, voice: WindowVoice, reason: str, of: Iterable[int]) -> dict[int, str]:
    """Buy nothing more of a voice, and pause these of its jobs. Return those that ran."""
    t.rows("window_trip", {**voice._asdict(), "reason": reason})
    return {
        job: reason
        for job in sorted(of)
        if jobs.set_state(t, job, JobState.PAUSED, reason, expected=[JobState.RUNNING])
    }


def note_refused(
    t: Transaction, refused: Sequence[RefusedText], succeeded: set[WindowVoice], useless: set[int]
) -> tuple[dict[int, str], set[bytes]]:
    """Judge refusals. Return the jobs that were paused, and the keys that are not failed for good.

    `succeeded`: voices with good answers in the same settlement; those begin a new run. `useless`: attempts
    of the same settlement that brought no audio; the others break a run as open ones do.
    """
    if not refused:
        return {}, set()
    by_voice = _by_voice(refused)
    voices = sorted(by_voice)
    known = {WindowVoice(*row[:3]): row[3:] for row in t.rows("windows_lock", _columns(voices))}
    paused: dict[int, str] = {}
    spared: set[bytes] = set()
    runs: dict[WindowVoice, list[BreakerSample]] = {}
    for voice in voices:
        before, is_stopped = known.get(voice, ([], False))
        new = [BreakerSample(r.job, r.row_no, r.reason, r.key.hex(), r.attempt) for r in by_voice[voice]]
        old = [] if voice in succeeded else [BreakerSample(**one) for one in before]
        since = (old + new)[-waste_breaker.KEPT_REFUSALS :]
        run = waste_breaker.run_of(since, {one.reason: normalized(one.reason) for one in since})
        runs[voice] = since
        if is_stopped:
            spared |= {r.key for r in by_voice[voice]}
        elif run and waste_breaker.is_unbroken(run, _open_between(t, voice, run) - useless):
            common = normalized(run[0].reason)
            spared |= {bytes.fromhex(one.key) for one in run}
            spared |= {r.key for r in by_voice[voice] if normalized(r.reason) == common}
            rows = [row for row, _ in named(t, run[-waste_breaker.SAMPLES :])]
            reason = waste_breaker.refused_reason(len(run), voice.model, voice.voice, run[-1].reason, rows)
            paused |= stop(t, voice, reason, {one.job for one in run})
    t.run("windows_refused", _columns(voices) | {"refused": [waste_breaker.to_json(runs[v]) for v in voices]})
    earlier = spared - {r.key for r in refused}
    if earlier:
        t.run("refusals_spared", {"keys": sorted(earlier), "reason": SPARED})
    return paused, spared


def _open_between(t: Transaction, voice: WindowVoice, run: Sequence[BreakerSample]) -> set[int]:
    """Return the attempts of a voice that are open and were begun within a run of refusals."""
    begun = [one.attempt for one in run]
    rows = t.rows("windows_open", {**voice._asdict(), "after": min(begun), "before": max(begun)})
    return {attempt for (attempt,) in rows}


def quarantine(t: Transaction, stored: Sequence[StoredText]) -> tuple[dict[int, str], list[bytes]]:
    """Look for one audio under several texts. Return the jobs that were paused, and the keys that are
    missing now."""
    if not stored:
        return {}, []
    found = t.rows("sounds_shared", {"hashes": [s.sha256 for s in stored], "keys": [s.key for s in stored]})
    texts: dict[bytes, dict[bytes, tuple[str, str]]] = {}
    for sha256, key, text, language, *_ in found:
        texts.setdefault(sha256, {})[key] = (text, language)
    paused: dict[int, str] = {}
    gone: list[bytes] = []
    for sha256, shared in sorted(texts.items()):
        if not identical_audio.is_one_for_all(_with_own(t, shared, sha256)):
            continue
        mine = [s for s in stored if s.sha256 == sha256]
        of = {s.job for s in mine}
        values = {"hashes": [sha256], "jobs": sorted(of), "most": QUARANTINED_AT_ONCE, "reason": QUARANTINED}
        rows = t.rows("sounds_quarantine", values)
        gone += [row[0] for row in rows]
        paused |= _stop_same_audio(t, mine, rows)
    return paused, gone


def _with_own(t: Transaction, shared: dict[bytes, tuple[str, str]], sha256: bytes) -> list[tuple[str, str]]:
    """Return the texts with that audio. Two that were found for each other are all there are."""
    if len(shared) + 1 < identical_audio.TEXTS:
        return list(shared.values())
    rows = t.rows("sounds_shared", {"hashes": [sha256], "keys": [b""]})
    return [(text, language) for _, _, text, language, *_ in rows]


def _stop_same_audio(
    t: Transaction, mine: Sequence[StoredText], rows: Sequence[tuple[Any, ...]]
) -> dict[int, str]:
    where = [(job, row) for _, job, row in rows if job is not None and row is not None]
    found = _rows(t, where[:QUARANTINED_AT_ONCE])
    names = [row_id for row_id, _, _ in found[: waste_breaker.SAMPLES]]
    delivered = sum(is_delivered for _, _, is_delivered in found)
    paused: dict[int, str] = {}
    for voice in sorted({s.voice for s in mine}):
        reason = waste_breaker.same_audio_reason(len(rows), voice.model, voice.voice, names, delivered)
        paused |= stop(t, voice, reason, {s.job for s in mine if s.voice == voice})
    return paused


def resume(t: Transaction, job: int) -> None:
    """Begin a new trial of the voices for which this job was paused, and free what bad audio has failed."""
    t.run("windows_resume", {"job": job})
    t.run("bad_spared", {"job": job, "reason": SPARED})


def try_again(t: Transaction, account: str, job: int, keys: Sequence[bytes]) -> bool:
    """Begin a new trial of stopped voices that a later job wants. Return whether there was one."""
    values = {"account": account, "job": job, "keys": list(keys), "seconds": waste_breaker.NEW_TRIAL_SECONDS}
    return bool(t.rows("windows_try", values))


def samples(t: Transaction, account: str, keys: Sequence[bytes]) -> list[tuple[str, str]]:
    """Return (row id, reason) of some bad answers of the voices that these keys want."""
    rows = t.rows("windows_samples", {"account": account, "keys": list(keys)})
    return named(t, [BreakerSample(**one) for row in rows for one in row[0]][-waste_breaker.SAMPLES :])


def named(t: Transaction, samples: Sequence[BreakerSample]) -> list[tuple[str, str]]:
    """Return (row id, reason) of samples whose rows are still there; a row without an id by its number."""
    ids = {(job, row): row_id for job, row, row_id, *_ in _found(t, [(s.job, s.row_no) for s in samples])}
    return [(ids.get((s.job, s.row_no), str(s.row_no)), s.reason) for s in samples]


def show(database: Database) -> list[WindowStatus]:
    """Return every voice that has answered."""
    return [WindowStatus(WindowVoice(*row[:3]), *row[3:]) for row in database.rows("windows_show")]


def _rows(t: Transaction, where: Sequence[tuple[int, int]]) -> list[tuple[str, str, bool]]:
    return [(row_id, path or "", delivered) for _, _, row_id, path, delivered in _found(t, where)]


def _found(t: Transaction, where: Sequence[tuple[int, int]]) -> list[tuple[Any, ...]]:
    if not where:
        return []
    return t.rows("window_rows", {"jobs": [job for job, _ in where], "rows": [row for _, row in where]})


def _marks(answers: Sequence[AnswerJudgement]) -> str:
    return "".join(waste_breaker.GOOD if a.good else waste_breaker.BAD for a in answers)[
        -waste_breaker.WINDOW :
    ]


def _columns(voices: Sequence[WindowVoice]) -> dict[str, Any]:
    return {
        "accounts": [v.account for v in voices],
        "models": [v.model for v in voices],
        "voices": [v.voice for v in voices],
    }


def _by_voice(answers: Sequence[Any]) -> dict[WindowVoice, list[Any]]:
    out: dict[WindowVoice, list[Any]] = {}
    for one in answers:
        out.setdefault(one.voice, []).append(one)
    return out
