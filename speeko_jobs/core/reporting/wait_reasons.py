"""What a job waits for, since when and until when: one decision, which every screen shows.

Pure: the facts are read by one statement (adapters.postgres.wait_facts), times are the database's. None
means that the job gets on, or has ended.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from speeko_jobs.core.model.pause_reasons import PauseKind, kind_of
from speeko_jobs.core.model.states import JobState
from speeko_jobs.core.output import formatting
from speeko_jobs.core.output.redaction import redacted
from speeko_jobs.core.policies.outage_detection import GOOD_RUN, TroubleKind
from speeko_jobs.core.reporting.next_steps import first_step, remedy

STALE: Final = timedelta(seconds=700)  # a failure before that says nothing of now
SOON: Final = timedelta(seconds=2)  # shorter than that nobody calls it waiting
DELIVERY: Final = timedelta(seconds=5)
FREE_WORKER: Final = timedelta(seconds=20)


class WaitKind(StrEnum):
    """What for, in a word; labels of metrics and values of --json."""

    PLANNING = "planning"
    OUTPUT = "output"  # another job delivers there
    PAUSED = "paused"
    WORKER = "worker"
    PROVIDER = "provider"  # it fails, holds calls off, or cannot be reached
    RATE = "rate"  # calls or characters a minute
    PERMITS = "permits"  # other jobs hold all calls at a time
    RETRIES = "retries"
    OTHER_JOB = "other job"  # which buys the same texts
    DELIVERIES = "deliveries"


SHORT: Final = {
    WaitKind.PLANNING: "its plan",
    WaitKind.OUTPUT: "its output",
    WaitKind.PAUSED: "resume",
    WaitKind.WORKER: "a worker",
    WaitKind.PROVIDER: "the provider",
    WaitKind.RATE: "its rate a minute",
    WaitKind.PERMITS: "permits",
    WaitKind.RETRIES: "retries",
    WaitKind.OTHER_JOB: "another job",
    WaitKind.DELIVERIES: "deliveries",
}


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """The account that a job's calls are made through, as far as waiting goes."""

    name: str
    limit: int
    held: int  # permits, by all engines
    blocked_until: datetime | None = None
    why: str = ""  # the limit moved or calls are blocked
    trouble_since: datetime | None = None  # of nothing but failures
    trouble_at: datetime | None = None  # the last of them
    trouble_kind: str = ""
    trouble_why: str = ""
    probe_at: datetime | None = None
    good_run: int = 0
    calls_a_minute: int = 0
    chars_a_minute: int = 0
    calls_left: float = 0.0
    chars_left: float = 0.0

    def is_in_trouble(self, at: datetime) -> bool:
        """Return whether calls were made lately and nothing but failures came."""
        if self.trouble_since is None or self.trouble_at is None:
            return False
        return self.trouble_at > at - STALE and at - self.trouble_since > SOON


@dataclass(frozen=True, slots=True)
class WaitFacts:
    """A job at the moment `at`. `since`: when it came into its state, or was released."""

    job: int
    at: datetime
    state: JobState
    reason: str
    since: datetime
    provider: str
    accounts: tuple[str, ...] = ()  # that it names
    give_up_seconds: float = 1800.0
    rival: int | None = None  # the job that delivers to its output
    account: AccountFacts | None = None
    workers: int = 0  # that synthesize and serve it
    engines: int = 0  # alive, with chunks of it
    has_work: bool = False  # chunks that are not ready
    held: int = 0  # permits, by its engines
    open_calls: int = 0
    elsewhere: int = 0  # texts that it needs and other jobs buy now
    retrying: int = 0  # texts that it needs and that failed
    ready: int = 0  # chunks to deliver
    ready_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class JobWait:
    """`what` follows "waits for"; `then`: what happens at `until`; `remedy`: what a person can do."""

    kind: WaitKind
    what: str
    since: datetime | None = None
    until: datetime | None = None
    then: str = ""
    remedy: str = ""
    pauses_at: datetime | None = None
    retrying: int = field(default=0)

    def line(self, at: datetime) -> str:
        """Return it as a sentence, as seen at that moment."""
        parts = [f"waits for {self.what}"]
        if self.since is not None and at - self.since >= SOON:
            parts.append(f"for {_span(at - self.since)} now")
        if self.until is not None and self.until > at:
            parts.append(f"{self.then or 'at most'} in {_span(self.until - at)}")
        if self.pauses_at is not None and self.pauses_at > at:
            parts.append(f"pauses in {_span(self.pauses_at - at)} unless it answers")
        if self.retrying and self.kind is not WaitKind.RETRIES:
            parts.append(f"{formatting.count(self.retrying, 'text')} wait for retries")
        if self.remedy:
            parts.append(self.remedy)
        return "; ".join(parts)

    def short(self, at: datetime) -> str:
        """Return it in a few words."""
        since = "" if self.since is None or at - self.since < SOON else f" for {_span(at - self.since)}"
        return f"waits for {SHORT[self.kind]}{since}"

    def to_json(self, at: datetime) -> dict[str, Any]:
        """Return it as --json and the API show it."""
        return {
            "for": self.kind.value,
            "what": self.what,
            "since": _iso(self.since),
            "until": _iso(self.until),
            "then": self.then,
            "pauses_at": _iso(self.pauses_at),
            "retrying": self.retrying,
            "remedy": self.remedy,
            "text": self.line(at),
        }


def waiting(facts: WaitFacts) -> JobWait | None:
    """Return what the job waits for; None when it gets on or has ended."""
    match facts.state:
        case JobState.PLANNING:
            return _planning(facts)
        case JobState.PAUSED:
            return _paused(facts)
        case JobState.RUNNING:
            return _running(facts)
        case JobState.FINALIZING:
            what = "its manifest to be written"
            return JobWait(WaitKind.DELIVERIES, what, facts.since) if _is_late(facts) else None
    return None


def _planning(facts: WaitFacts) -> JobWait:
    if facts.rival is not None:
        what = f"job {facts.rival}, which delivers to the same output"
        return JobWait(WaitKind.OUTPUT, what, facts.since)
    return JobWait(WaitKind.PLANNING, "its plan: the catalog is read", facts.since)


def _paused(facts: WaitFacts) -> JobWait:
    if kind_of(facts.reason) is not PauseKind.OUTAGE:
        return JobWait(WaitKind.PAUSED, "`speeko resume`", facts.since, remedy=_resume(facts))
    probe = None if facts.account is None else facts.account.probe_at
    what = "the provider to answer again, and then resumes by itself"
    remedy = "" if facts.workers else "no worker runs that could try: start one with `speeko up`"
    return JobWait(WaitKind.PAUSED, what, facts.since, probe, "the next try", remedy)


def _resume(facts: WaitFacts) -> str:
    """Return what to do before the job is resumed, with the command; "" for nothing but to resume it."""
    return remedy(facts.reason, facts.job) if first_step(facts.reason) else ""


def _running(facts: WaitFacts) -> JobWait | None:
    account, at = facts.account, facts.at
    if not facts.has_work:
        return _deliveries(facts)
    if not facts.workers and not facts.engines:
        whose = " or ".join(facts.accounts) or facts.provider
        what = f"a worker: none runs that serves {whose}"
        return JobWait(
            WaitKind.WORKER, what, facts.since, remedy="start one with `speeko up` or `speeko worker`"
        )
    if account is not None and account.is_in_trouble(at):
        return _provider(facts, account)
    if account is not None and account.blocked_until is not None and account.blocked_until > at + SOON:
        what = f"the provider, which holds calls off ({redacted(account.why)})"
        until = account.blocked_until
        return JobWait(WaitKind.PROVIDER, what, None, until, "the next call", retrying=facts.retrying)
    if facts.retrying > facts.open_calls and (account is None or account.good_run < GOOD_RUN):
        what = (
            f"retries: {formatting.count(facts.retrying, 'text')} failed and may go at a tenth of all calls"
        )
        return JobWait(WaitKind.RETRIES, what, retrying=facts.retrying)
    return None if facts.open_calls else _held_up(facts)


def _provider(facts: WaitFacts, account: AccountFacts) -> JobWait:
    why = redacted(account.trouble_why)
    what = {
        TroubleKind.THROTTLED: f"the provider, which holds every call off ({why})",
        TroubleKind.UNREACHABLE: f"a connection to the provider ({why})",
    }.get(TroubleKind(account.trouble_kind), f"the provider: every call fails ({why})")
    since = account.trouble_since
    assert since is not None
    pauses_at = max(since, facts.since) + timedelta(seconds=facts.give_up_seconds)
    until, then = account.blocked_until, "the next call"
    if until is not None and until <= facts.at:
        until, then = None, ""
    return JobWait(WaitKind.PROVIDER, what, since, until, then, pauses_at=pauses_at, retrying=facts.retrying)


def _held_up(facts: WaitFacts) -> JobWait | None:
    """Return why a job with work to do has no call open."""
    account = facts.account
    if facts.elsewhere:
        what = f"{formatting.count(facts.elsewhere, 'text')} that other jobs buy"
        return JobWait(WaitKind.OTHER_JOB, what)
    if account is not None and facts.engines:
        if account.calls_a_minute and account.calls_left < 1:
            return JobWait(WaitKind.RATE, f"its share of {account.calls_a_minute:,} calls a minute")
        if account.chars_a_minute and account.chars_left <= 0:
            return JobWait(WaitKind.RATE, f"its share of {account.chars_a_minute:,} characters a minute")
        if not facts.held and account.held >= account.limit:
            return JobWait(
                WaitKind.PERMITS, f"permits: other jobs hold all {account.limit:,} calls at a time"
            )
    if not facts.engines and facts.at - facts.since > FREE_WORKER:
        return JobWait(WaitKind.WORKER, "a free worker process", facts.since)
    return None


def _deliveries(facts: WaitFacts) -> JobWait | None:
    if not facts.ready or facts.ready_since is None or facts.at - facts.ready_since < DELIVERY:
        return None
    what = f"the delivery of {formatting.count(facts.ready, 'chunk')}"
    return JobWait(WaitKind.DELIVERIES, what, facts.ready_since)


def _is_late(facts: WaitFacts) -> bool:
    return facts.at - facts.since > FREE_WORKER


def _span(span: timedelta) -> str:
    return formatting.duration(max(span.total_seconds(), 0.0))


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds")
