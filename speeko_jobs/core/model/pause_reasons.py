"""Why a job is paused: the kinds of pause, how a reason is stored, and what ends each kind.

A reason is stored in the job as "<kind>: <detail>"; the kind is the prefix. Every automatic pause has a
kind, and every kind names its remedy. Writes nothing: engines, sweepers and commands store the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class PauseKind(StrEnum):
    """The value is the prefix of the stored reason."""

    USER = "user"  # by a person, or by Ctrl-C; also every reason without a known prefix
    BUDGET = "budget"  # the next text would exceed a budget or a tenant's cap
    ACCOUNT = "provider"  # key, quota, model or address: a person must act
    WASTE = "waste"  # too much was paid for unusable audio
    REFUSALS = "refusals"  # the provider refuses every text with one reason
    SAME_AUDIO = "same audio"  # one audio under texts that differ
    OUTAGE = "outage"  # the provider has failed for too long; the only kind that resumes by itself
    STORE = "store"  # the audio store refuses, or known audio is gone from it
    SPOOL = "spool"  # no room on the worker's disk
    WORKER = "worker"  # a worker lacks open files, threads or memory
    DESTINATION = "destination"  # the output refuses: full, forbidden, gone


@dataclass(frozen=True, slots=True)
class Remedy:
    """What ends a pause: what to do first ("" for nothing), and the options that `resume` needs then."""

    first: str
    options: str = ""


REMEDIES: Final[dict[PauseKind, Remedy]] = {
    PauseKind.USER: Remedy(""),
    PauseKind.BUDGET: Remedy("raise the budget or the tenant's cap", "--budget USD"),
    PauseKind.ACCOUNT: Remedy("correct the key, quota, model or URL of the speech API"),
    PauseKind.WASTE: Remedy("check the provider's audio", "--max-waste USD"),
    PauseKind.REFUSALS: Remedy("correct the model, voice or options that the provider refuses"),
    PauseKind.SAME_AUDIO: Remedy("check the provider's audio"),
    PauseKind.OUTAGE: Remedy("nothing: the job resumes when the provider answers again"),
    PauseKind.STORE: Remedy("make the audio store available (SPEEKO_STORE)"),
    PauseKind.SPOOL: Remedy("free disk space where the workers run"),
    PauseKind.WORKER: Remedy("raise the worker's limits"),
    PauseKind.DESTINATION: Remedy("make the output writable"),
}


def stored_reason(kind: PauseKind, detail: str) -> str:
    """Return the reason as it is stored in the job."""
    return f"{kind.value}: {detail}"


def kind_of(reason: str) -> PauseKind:
    """Return the kind of a stored reason; USER where it has no known prefix."""
    prefix, separator, _ = reason.partition(": ")
    try:
        return PauseKind(prefix) if separator else PauseKind.USER
    except ValueError:
        return PauseKind.USER


def remedy(reason: str, job: int) -> str:
    """Return what ends a pause, as one sentence with the command."""
    found = REMEDIES[kind_of(reason)]
    command = f"speeko resume {job}"
    if found.options and needs_option(reason):
        command += f" {found.options}"
    if resumes_by_itself(kind_of(reason)):
        return f"{found.first} while workers run; at once with: {command}"
    return f"{found.first}, then: {command}" if found.first else command


def needs_option(reason: str) -> bool:
    """Return whether `resume` needs its option: a tenant's cap is raised elsewhere, and what the waste
    breaker stopped may have most of its waste cap left."""
    kind = kind_of(reason)
    if kind is PauseKind.WASTE:
        return "the waste cap of" in reason
    return kind is not PauseKind.BUDGET or "the job's budget" in reason


def resumes_by_itself(kind: PauseKind) -> bool:
    """Return whether sweepers resume such a job without a person."""
    return kind is PauseKind.OUTAGE
