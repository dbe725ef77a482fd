"""Decide what a person does next about a job: the one table of states and reasons with their remedies.

Every screen, event and report that gives advice reads it here. Pure: knows no home and no settings; the
commands that it names can be passed in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from speeko_jobs.core.model.pause_reasons import PauseKind, kind_of
from speeko_jobs.core.model.states import JobState
from speeko_jobs.core.output.archive_path import is_archive


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
# what the provider said of the account → what to correct, more exactly than for the kind
_ACCOUNT_REMEDIES: Final = (
    (r"HTTP 40[13]|\bkey\b|unauthor|forbidden", "correct the API key (SPEEKO_API_KEY)"),
    (
        r"HTTP 402|quota|billing|credit|payment|balance",
        "raise the quota or add credit at the speech API",
    ),
    (r"HTTP (40[45]|410|3\d\d)", "correct the model (--model) or the URL of the speech API (SPEEKO_API_URL)"),
)


class FailureKind(StrEnum):
    """Why rows have no audio, as far as it decides what to do."""

    CANCELLED = "cancelled"
    PASSING = "passing"  # outages, timeouts, lost connections, rate limits: the rows are fine
    BAD_AUDIO = "bad audio"
    OUTPUT = "output"
    FORGOTTEN = "forgotten"
    ROW = "row"  # the planner or the provider refuses the row itself


_FAILURES: Final = (
    (FailureKind.CANCELLED, r"^cancelled\b"),
    (FailureKind.OUTPUT, r"^its file could not be made"),
    (FailureKind.FORGOTTEN, r"^the text is not known any more"),
    (FailureKind.BAD_AUDIO, r"^audio failed validation|^no audio in the answer"),
    (
        FailureKind.PASSING,
        r"^HTTP (5\d\d|408|409|425|429)\b|^no answer|^no connection|^connection lost|^the answer was cut"
        r"|timed out|timeout|no answer within|process died|Throttl",
    ),
)
_STEPS: Final[dict[FailureKind, str]] = {
    FailureKind.CANCELLED: "to buy the cancelled rows after all",
    FailureKind.PASSING: "the rows are fine, the provider failed: try them again",
    FailureKind.BAD_AUDIO: "check the provider's audio, then try the rows again",
    FailureKind.OUTPUT: "correct what the output refuses, then try the rows again",
    FailureKind.FORGOTTEN: "the texts of some rows were deleted: run the catalog again",
    FailureKind.ROW: "correct the rows",
}


@dataclass(frozen=True, slots=True)
class NextStep:
    """One thing to do: what for, and the command for it ("" where there is none)."""

    text: str
    command: str = ""

    def __str__(self) -> str:
        return f"{self.text}: {self.command}" if self.command else self.text


def failure_kind(reason: str) -> FailureKind:
    """Return the kind of a row's failure."""
    for kind, pattern in _FAILURES:
        if re.search(pattern, reason, re.I):
            return kind
    return FailureKind.ROW


def first_step(reason: str) -> str:
    """Return what to do before a paused job is resumed; "" for nothing."""
    kind = kind_of(reason)
    if kind is PauseKind.ACCOUNT:
        for pattern, words in _ACCOUNT_REMEDIES:
            if re.search(pattern, reason, re.I):
                return words
    return REMEDIES[kind].first


def resume_command(reason: str, command: str) -> str:
    """Return the command that resumes a paused job, with the option that it needs."""
    found = REMEDIES[kind_of(reason)]
    return f"{command} {found.options}" if found.options and needs_option(reason) else command


def remedy(reason: str, job: int, command: str = "") -> str:
    """Return what ends a pause, as one sentence with the command (default: `speeko resume JOB`)."""
    command = resume_command(reason, command or f"speeko resume {job}")
    first = first_step(reason)
    if resumes_by_itself(kind_of(reason)):
        return f"{first} while workers run; at once with: {command}"
    return f"{first}, then: {command}" if first else command


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


def next_steps(
    summary: Mapping[str, Any], *, resume: str = "", retry: str = "", rerun: str = ""
) -> list[NextStep]:
    """Return what to do about a job as its summary stands, most rows first; [] where there is nothing to do.

    `resume`, `retry`: the commands, where they need more than the job's number. `rerun`: the command that
    runs failed.csv; without it the file is named only.
    """
    job, state = summary["job"], JobState(summary["state"])
    if state is JobState.PAUSED:
        return _of_pause(summary["reason"], resume or f"speeko resume {job}")
    if state not in (JobState.DONE_WITH_ERRORS, JobState.CANCELLED) or not is_place(summary["output"]):
        return []
    counted: dict[FailureKind, int] = {}
    for failure in summary["failures"]:
        kind = failure_kind(failure["reason"])
        counted[kind] = counted.get(kind, 0) + failure["rows"]
    steps: dict[FailureKind, NextStep] = {}
    for kind in sorted(counted, key=lambda kind: -counted[kind]):
        text, command = _STEPS[kind], retry or f"speeko retry {job}"
        if kind is FailureKind.ROW:
            failed = failed_csv(summary["output"])
            where = (
                f"{failed} (extract it from {summary['output']})" if is_archive(summary["output"]) else failed
            )
            text, command = f"{text} in {where} and run", rerun
        elif kind is FailureKind.FORGOTTEN:
            command = ""
        steps[kind] = NextStep(text, command)
    return list(steps.values())


def _of_pause(reason: str, command: str) -> list[NextStep]:
    command, kind = resume_command(reason, command), kind_of(reason)
    if resumes_by_itself(kind):
        text = "it resumes by itself when the provider answers again, while workers run (`speeko up`)"
        return [NextStep(f"{text}; go on at once with", command)]
    first = first_step(reason)
    return [NextStep(f"{first}, then go on with" if first else "go on with", command)]


def is_place(output: str) -> bool:
    """Return whether files are delivered there: not for a text said at once, or bought ahead."""
    return "/" in output


def failed_csv(output: str) -> str:
    """Return where the rows without audio are listed: in an archive, its name there."""
    return "failed.csv" if is_archive(output) else output.rstrip("/") + "/failed.csv"
