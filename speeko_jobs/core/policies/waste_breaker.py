"""Decide when a provider's answers waste money: the waste breaker, the refusal breaker, and the waste cap.

Pure decisions over what is known of one account, model and voice. Engines feed them from every settlement;
the window that they look at lies in Postgres, so they hold over all workers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from decimal import ROUND_UP, Decimal

from speeko_jobs.core.model.money import MICROS_PER_USD, usd
from speeko_jobs.core.model.pause_reasons import PauseKind, stored_reason
from speeko_jobs.errors import UsageError

WINDOW = 50  # paid answers that are looked at
JUDGED_FROM = 10  # answers, before which nothing is judged
TRIAL_CALLS = 8  # open at a time until so many answers were judged
SAMPLES = 3
REFUSALS = 20  # with one reason and no success between
KEPT_REFUSALS = 128
CERTAIN_REFUSALS = 64  # without a success, whatever calls are open
NEW_TRIAL_SECONDS = 60.0  # after a stop, from which on a new job begins a trial by itself
DEFAULT_SHARE = Decimal("0.1")  # of the plan that may be wasted
MIN_MICROS = MICROS_PER_USD  # of a waste cap that is given as a share

GOOD, BAD = "g", "b"


@dataclass(frozen=True, slots=True)
class BreakerSample:
    """One answer that was paid for in vain, or one refusal."""

    job: int
    row_no: int
    reason: str
    key: str = ""  # hex, of a refusal
    attempt: int = 0  # of a refusal


def is_wasteful(recent: str) -> bool:
    """Return whether the window's answers (its last WINDOW, `GOOD` or `BAD` each) call for a stop."""
    last = recent[-WINDOW:]
    return len(last) >= JUDGED_FROM and 2 * last.count(BAD) >= len(last)


def wasteful_reason(
    recent: str, model: str, voice: str, wasted_micros: int, samples: Sequence[tuple[str, str]]
) -> str:
    """Return the stored reason of a job that the waste breaker pauses. `samples`: (row id, reason)."""
    last = recent[-WINDOW:]
    detail = (
        f"audio failed validation: {last.count(BAD)} of {len(last)} answers of {_voice(model, voice)};"
        f" wasted ${usd(wasted_micros)}{_examples(samples)}"
    )
    return stored_reason(PauseKind.WASTE, detail)


def cap_reason(
    cap_micros: int, wasted_micros: int, next_micros: int, samples: Sequence[tuple[str, str]]
) -> str:
    """Return the stored reason of a job whose waste cap has no room for the next text."""
    detail = (
        f"the waste cap of ${usd(cap_micros)} has no room for the next text (${usd(next_micros)}):"
        f" ${usd(wasted_micros)} was wasted on audio that failed validation{_examples(samples)}"
    )
    return stored_reason(PauseKind.WASTE, detail)


def refused_reason(count: int, model: str, voice: str, reason: str, rows: Sequence[str]) -> str:
    """Return the stored reason of a job that the refusal breaker pauses."""
    eg = f"; e.g. row {rows[0]}" if rows else ""
    detail = f"{count} texts in a row refused for {_voice(model, voice)}: {_short(reason, 200)}{eg}"
    return stored_reason(PauseKind.REFUSALS, detail)


def same_audio_reason(texts: int, model: str, voice: str, rows: Sequence[str], delivered: int) -> str:
    """Return the stored reason of a job that got one audio for several texts."""
    eg = f" (e.g. rows {', '.join(rows)})" if rows else ""
    served = f"; {delivered} delivered files hold it, see `speeko results`" if delivered else ""
    detail = (
        f"one audio came for {texts} texts that differ{eg}, from {_voice(model, voice)}: they are quarantined"
        f" and will be bought again{served}"
    )
    return stored_reason(PauseKind.SAME_AUDIO, detail)


def earlier_reason(reason: str, job: int) -> str:
    """Return the stored reason of a job whose voice was stopped, for another job, before it was submitted."""
    return (
        f"{reason}; another job met this shortly before job {job} was submitted:"
        f" `speeko resume {job}` begins a new trial of the voice, and so does a job that is submitted"
        f" {NEW_TRIAL_SECONDS:g} s after the stop"
    )


def run_of(refused: Sequence[BreakerSample], normalize: dict[str, str]) -> list[BreakerSample]:
    """Return the refusals of the reason that occurs most, where it stops the job; else nothing.

    `refused`: refusals since the last success. `normalize`: reason → what it has in common with others.
    """
    counts: dict[str, list[BreakerSample]] = {}
    for one in refused:
        counts.setdefault(normalize[one.reason], []).append(one)
    most = max(counts.values(), key=len, default=[])
    return most if len(most) >= REFUSALS else []


def is_unbroken(run: Sequence[BreakerSample], open_attempts: Iterable[int]) -> bool:
    """Return whether `REFUSALS` calls in a row were refused, in the order in which they were claimed.

    A refusal comes faster than audio: calls that are open between two refusals may still bring some. A run of
    `CERTAIN_REFUSALS` counts whatever is open, so that a call that hangs does not let rows fail one by one.
    """
    if len(run) >= CERTAIN_REFUSALS:
        return True
    refused = {one.attempt for one in run}
    length = 0
    for attempt in sorted(refused | set(open_attempts)):
        length = length + 1 if attempt in refused else 0
        if length >= REFUSALS:
            return True
    return False


def cap_micros(max_waste: str, plan_micros: int) -> int:
    """Return the waste cap of a job with that plan: "" is the default share, "5%" a share, "2.50" dollars.

    A share is at least a dollar. Raises UsageError for anything else.
    """
    share = DEFAULT_SHARE if not max_waste else _share(max_waste)
    if share is None:
        return _dollars(max_waste)
    return max(int((share * plan_micros).to_integral_value(ROUND_UP)), MIN_MICROS)


def _share(text: str) -> Decimal | None:
    found = re.fullmatch(r"(\d{1,3}(?:\.\d{1,4})?)\s*%", text.strip())
    if found is None:
        return None
    share = Decimal(found[1]) / 100
    if not 0 < share <= 1:
        raise UsageError(f"--max-waste takes more than 0% and at most 100%, not {text!r}")
    return share


def _dollars(text: str) -> int:
    plain = text.strip().removeprefix("$")
    if not re.fullmatch(r"\d{1,9}(?:\.\d{1,6})?", plain) or not (amount := Decimal(plain)):
        raise UsageError(f"--max-waste takes a share such as 10%, or dollars such as 2.50, not {text!r}")
    return int(amount * MICROS_PER_USD)


def to_json(samples: Sequence[BreakerSample]) -> str:
    return json.dumps([asdict(one) for one in samples])


def _voice(model: str, voice: str) -> str:
    return f"voice {voice or 'default'} ({model})" if model else f"voice {voice or 'default'}"


def _examples(samples: Sequence[tuple[str, str]]) -> str:
    """Return some (row id, reason) as the end of a sentence; "" for none."""
    shown = "; ".join(f"row {row}: {_short(reason)}" for row, reason in samples[:SAMPLES])
    return f"; e.g. {shown}" if shown else ""


def _short(reason: str, most: int = 120) -> str:
    plain = reason.removeprefix(FAILED_PREFIX)
    return plain if len(plain) <= most else plain[: most - 1] + "…"


FAILED_PREFIX = "audio failed validation: "
