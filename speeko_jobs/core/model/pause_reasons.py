"""Name the kinds of pause, and define how a reason is stored.

A reason is stored in the job as "<kind>: <detail>"; the kind is the prefix. Every automatic pause has a
kind; core.reporting.next_steps has the remedy of each. Writes nothing: engines, sweepers and commands store
the reason.
"""

from __future__ import annotations

from enum import StrEnum


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
