"""How documents' values stand on a page: figures, times, bars, marks of states, as inert markup.

A figure is a <data> element: its exact value as the command line's --json has it, and its words for people.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup, escape

from speeko_jobs.core.output import formatting
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.core.reporting import job_figures

_MIN_PLACES = 2
_PAD = "\u2007"  # as wide as a digit: columns of money stand one below the other
_FORMS = {"both": "%Y-%m-%d %H:%M UTC", "day": "%Y-%m-%d", "clock": "%H:%M:%S UTC", "from-now": ""}
MARKS = {
    "planning": "quiet",
    "running": "going",
    "paused": "waits",
    "finalizing": "going",
    "done": "good",
    "done_with_errors": "bad",
    "cancelled": "quiet",
    "waiting": "waits",
    "submitted": "going",
    "failed": "bad",
    "skipped": "quiet",
    "delivered": "good",
    "unchanged": "good",
    "refused": "bad",
    "left out": "quiet",
}


def figure(value: object, words: str | Markup, name: str = "") -> Markup:
    """The exact value beside its words; `name` is what the document calls it."""
    named = Markup(' data-figure="{}"').format(name) if name else ""
    return Markup('<data value="{}"{}>{}</data>').format(value, named, words)


def money(dollars: str, name: str = "", places: int = 0) -> Markup:
    """Return dollars given as a decimal string; padded in a column whose longest has so many `places`."""
    words = formatting.table_money(dollars)
    missing = places - len(words.rpartition(".")[2])
    padding = Markup('<span class="pad">{}</span>').format(_PAD * missing) if missing > 0 else Markup()
    return figure(dollars, words, name) + padding


def places(amounts: Iterable[str | None]) -> int:
    """Digits behind the point of the longest amount in a column."""
    parts = (formatting.table_money(amount).rpartition(".")[2] for amount in amounts if amount is not None)
    return max(map(len, parts), default=_MIN_PLACES)


def number(n: int, name: str = "") -> Markup:
    return figure(n, f"{n:,}", name)


def counted(n: int, one: str, many: str = "") -> str:
    """ "1 row", "2,000 rows"."""
    return formatting.count(n, one, many)


def size(count_bytes: int, name: str = "") -> Markup:
    return figure(count_bytes, formatting.size(count_bytes), name)


def duration(seconds: float, name: str = "") -> Markup:
    return figure(seconds, formatting.duration(max(seconds, 0)), name)


def share(part: float, whole: float) -> str:
    """Of nothing nothing is known."""
    return formatting.percent(part, whole) if whole else "–"


def of_money(part: str, whole: str) -> str:
    """What share one amount is of another."""
    return share(max(float(part), 0), float(whole))


def words(text: str) -> str:
    return text.replace("_", " ")


def when(iso: str, form: str = "both") -> Markup:
    """A moment in UTC's words; a script shows it in the viewer's zone. `form`: both, day, clock, or from-now,
    which is for what is still to come or has just been."""
    at = datetime.fromisoformat(iso).astimezone(UTC)
    text = at.strftime(_FORMS[form])
    return Markup('<time datetime="{}" data-form="{}">{}</time>').format(at.isoformat(), form, text)


def mark(state: str, shown: str = "") -> Markup:
    """Return a state in words with a dot of its colour. `shown`: the words, where they say more."""
    return Markup('<span class="mark {}">{}</span>').format(
        MARKS.get(state, "quiet"), words(printable(shown or state))
    )


def bar(parts: Sequence[tuple[str, float]], whole: float, told: str) -> Markup:
    """Parts of a whole one beside the other: (class, amount). `told` is for those who do not see it, ""
    where a table says as much."""
    rects, at = [], 0.0
    whole = max(whole, sum(max(amount, 0) for _, amount in parts))
    for kind, amount in parts:
        wide = 100 * max(amount, 0) / whole if whole else 0
        if wide:
            rects.append(f'<rect class="{escape(kind)}" x="{at:.2f}%" width="{wide:.2f}%" height="100%"/>')
        at += wide
    label = Markup('role="img" aria-label="{}"').format(told) if told else Markup('aria-hidden="true"')
    inside = Markup("".join(rects))  # noqa: S704 (numbers and escaped words)
    return Markup('<svg class="bar" {}>{}</svg>').format(label, inside)


def spread(line: Mapping[str, Any]) -> float:
    """What a line of costs takes of a bar's length."""
    return max(float(line["cost_usd"]), 0) + max(float(line["saved_usd"]), 0)


def rate_words(per_second: float) -> str:
    return formatting.rate(per_second)


def progress_words(part: float) -> str:
    return job_figures.progress_words(part)


def reason_words(reason: str) -> str:
    """Return what a reason says besides the state in words."""
    return job_figures.reason_words(reason)


def actions(job: Mapping[str, Any]) -> list[str]:
    """What can be done to a job as it stands."""
    match job["state"]:
        case "running":
            return ["pause", "cancel"]
        case "paused":
            return ["resume", "cancel"]
        case "done" | "done_with_errors" | "cancelled" if job["failed"] and not job["pruned_at"]:
            return ["retry"]
    return []


def needs_budget(job: Mapping[str, Any]) -> bool:
    """Whether it stands still because its own budget is used up."""
    has_one = job["budget_usd"] is not None
    return bool(has_one and job["state"] == "paused" and "the job's budget" in job["reason"])


def calls_for_you(job: Mapping[str, Any]) -> bool:
    """Whether it stands still for a reason that somebody has to do something about."""
    return bool(job["state"] == "paused" and job["reason"] != "by the user")


def row_key(text: str) -> str:
    """What may stand in an id of the page."""
    return re.sub(r"[^\w.-]", lambda found: f"_{ord(found[0]):x}", text)
