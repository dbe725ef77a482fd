"""Map a page's path and query to a place, and a place to the documents it shows.

Equal places show the same, so a change is rendered once for all their viewers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from tornado.escape import parse_qs_bytes

from speeko_cli.dashboard.errors import Problem
from speeko_cli.dashboard.query_params import (
    COSTS,
    JOBS,
    MAX_CHARS,
    MAX_NUMBER,
    Params,
    number,
    parse_arguments,
    text,
    word,
)
from speeko_cli.dashboard.shared_polling import FeedRequest
from speeko_jobs.flow.reporting.costs import By

SHOWN_JOBS, SHOWN_CHUNKS, SHOWN_FAILED = 50, 12, 25
_PATH = re.compile(r"/(?:(costs|cache|schedules|workers)|jobs/([1-9][0-9]{0,18}))?")


@dataclass(frozen=True)
class Place:
    """A page: `name` of its template, `number` of a job, and the `query` arguments given, sorted."""

    name: str
    number: int = 0
    query: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> str:
        if self.name == "job":
            return f"/jobs/{self.number}"
        return "/" if self.name == "jobs" else f"/{self.name}"

    @property
    def given(self) -> dict[str, str]:
        """Return all its arguments; "" for those not given."""
        return dict.fromkeys(_QUERIES.get(self.name, ()), "") | dict(self.query)

    def with_query(self, **changes: object) -> str:
        """Return the address of this place with changes to its query; None removes an argument."""
        values = dict(self.query) | {name: value for name, value in changes.items() if value is not None}
        left = {name: value for name, value in values.items() if changes.get(name, value) is not None}
        return self.path + (f"?{urlencode(left)}" if left else "")

    def asks(self) -> dict[str, FeedRequest]:
        """Return the requests for its documents by their names in the template."""
        return {"now": FeedRequest.of("now")} | _ASKS[self.name](self)


def place_at(address: str) -> Place:
    """Return the place of an address. Raise Problem for an unknown path or argument."""
    path, _, query = address.partition("?")
    return place(path, parse_qs_bytes(query, keep_blank_values=True))


def place(path: str, query: Mapping[str, list[bytes]]) -> Place:
    """Return the place of a path and its query arguments. Raise Problem as `place_at` does."""
    found = _PATH.fullmatch(path)
    if found is None or int(found[2] or 0) > MAX_NUMBER:
        raise Problem(404, f"there is nothing at {path[:MAX_CHARS]}")
    name = "job" if found[2] else found[1] or "jobs"
    given = parse_arguments(
        {key: values for key, values in query.items() if values != [b""]}, _QUERIES.get(name, {})
    )
    return Place(name, int(found[2] or 0), tuple(sorted((key, str(value)) for key, value in given.items())))


_QUERIES: dict[str, Params] = {
    "jobs": {name: param for name, param in JOBS.items() if name != "limit"},
    "job": {"failed_after": number(0), "find": text()},
    "costs": {**COSTS, "days": word(("today", "month"))},
}


def _jobs(at: Place) -> dict[str, FeedRequest]:
    given = at.given
    before = int(given.pop("before") or 0) or None
    asked = {name: value or None for name, value in given.items()}
    return {"jobs": FeedRequest.of("jobs", before=before, limit=SHOWN_JOBS, **asked)}


def _job(at: Place) -> dict[str, FeedRequest]:
    after = int(at.given["failed_after"] or 0)
    found = {"rows": FeedRequest.of("rows", job=at.number, find=at.given["find"])} if at.given["find"] else {}
    return found | {
        "job": FeedRequest.of("job", job=at.number),
        "chunks": FeedRequest.of("chunks", job=at.number, limit=SHOWN_CHUNKS),
        "failed": FeedRequest.of("failed", job=at.number, after=after, limit=SHOWN_FAILED),
        "samples": FeedRequest.of("samples", job=at.number),
        "course": FeedRequest.of("course", job=at.number),
    }


def _costs(at: Place) -> dict[str, FeedRequest]:
    """Show today and this month always; the table shows one of them, or the days asked for."""
    given = {name: value or None for name, value in at.given.items()}
    by, tenant = given["by"] or By.VOICE.value, given["tenant"]
    today = FeedRequest.of("costs", by=by, tenant=tenant, today=1)
    month = FeedRequest.of("costs", by=by, tenant=tenant)
    since, until = given["since"], given["until"]
    if since or until:
        table = FeedRequest.of("costs", by=by, tenant=tenant, since=since, until=until)
    else:
        table = today if given["days"] == "today" else month
    return {
        "today": today,
        "month": month,
        "costs": table,
        "budgets": FeedRequest.of("budgets", tenant=tenant),
    }


_ASKS: dict[str, Callable[[Place], dict[str, FeedRequest]]] = {
    "jobs": _jobs,
    "job": _job,
    "costs": _costs,
    "cache": lambda _: {"cache": FeedRequest.of("cache")},
    "schedules": lambda _: {"schedules": FeedRequest.of("schedules")},
    "workers": lambda _: {"workers": FeedRequest.of("workers")},
}
NAMES = tuple(_ASKS)
