"""Say what went wrong: the answers that are no success, their status and their one line."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from tornado.web import HTTPError

from speeko_jobs.core.output.redaction import redacted
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.errors import BudgetError, JobError, SpeekoError, UsageError

USUAL_LINES = {
    400: "the request cannot be understood",
    403: "that is not allowed",
    404: "there is nothing at this address",
    405: "this address does not take that method",
    413: "the request is too large",
}


class Problem(HTTPError):
    """Answer with an error: its status, one line that says why, and headers that go with it."""

    def __init__(self, status: int, line: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.line, self.headers = line, headers or {}


def status_and_line(status: int, error: BaseException | None) -> tuple[int, str]:
    """Return the HTTP status and the line of an error; `status` is the web server's."""
    if isinstance(error, SpeekoError):
        return status_of(error), redacted(printable(str(error)))
    if isinstance(error, Problem):
        return error.status_code, error.line
    reason = error.reason if isinstance(error, HTTPError) else None
    usual = USUAL_LINES.get(status, HTTPStatus(status).phrase.lower())
    return status, printable(reason or usual) if status != 500 else "a bug in speeko: see the dashboard's log"


def status_of(error: SpeekoError) -> int:
    """Return the HTTP status of a SpeekoError raised while reading."""
    if isinstance(error, JobError):
        return 404
    if isinstance(error, UsageError):
        return 400
    if isinstance(error, BudgetError):
        return 409
    return 500 if type(error) is SpeekoError else 503  # a bug is raised as the root class
