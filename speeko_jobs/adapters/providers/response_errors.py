"""What an answer that brought no audio means: a kind of failure and one line for a person.

Knows the error shapes of the speech APIs (OpenAI, FastAPI, Polly, plain text, HTML) and their status
codes. Sends nothing, reads no clock.
"""

from __future__ import annotations

import email.utils
import html
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from speeko_jobs.core.model.speech import Failure, ProviderError

MAX_REASON_CHARS = 300
MAX_RETRY_AFTER_SECONDS = 600.0
_MAX_BODY_CHARS = 20_000
_MAX_HTML_CHARS = 4_000  # cutting tags out takes time with the square of this
_JUDGED_BYTES = 1_000
_SECRET_CHARS = 4
_QUOTED_CHARS = 16

_USED_UP = re.compile(r"quota|billing|credit|payment|balance|exceeded your current|plan limit", re.I)
_THROTTLED = re.compile(r"ThrottlingException|TooManyRequests|too_many_(concurrent_)?requests", re.I)


def failure_of(status: int, text: str, has_retry_after: bool) -> Failure:
    """The kind of failure of an HTTP status. `text` is the body, for what the status leaves open."""
    if status == 429:
        # Without Retry-After waiting may not help: a used up quota needs a person.
        return Failure.ACCOUNT if not has_retry_after and _USED_UP.search(text) else Failure.THROTTLED
    if status in (503, 409, 425):  # 409: a call with the same idempotency key is still at work
        return Failure.THROTTLED
    if status in (401, 402, 403) or 300 <= status < 400:
        return Failure.ACCOUNT
    if status in (404, 405, 410) and "voice" not in text.lower():
        # The address or the model is wrong: every row would fail, so a person must act.
        return Failure.ACCOUNT
    if status == 408 or status >= 500 or status < 200:
        return Failure.UNKNOWN
    return Failure.THROTTLED if status == 400 and _THROTTLED.search(text) else Failure.REFUSED


def error_of(
    status: int, headers: Mapping[str, str], body: bytes, now: datetime, secrets: tuple[str, ...] = ()
) -> ProviderError:
    """The ProviderError of an answer that is no audio. `secrets` (key, text) never reach its reason."""
    text = _text(body)[:_MAX_BODY_CHARS]
    stated = headers.get("Retry-After")
    reason = f"HTTP {status}"
    if 300 <= status < 400:
        reason += ": the API redirects; the key is not sent elsewhere, correct SPEEKO_API_URL"
    elif message := one_line(_message(text), secrets):
        reason += f": {message}"
    return ProviderError(
        failure_of(status, text, stated is not None),
        reason[:MAX_REASON_CHARS],
        status=status,
        retry_after_seconds=retry_after_seconds(stated, _date(headers.get("Date", "")) or now),
        server_limit=limits_of(headers)[0],
    )


def limits_of(headers: Mapping[str, str]) -> tuple[int, float]:
    """(calls in flight that the server allows or 0, seconds until the next call may go) by its headers."""
    most = headers.get("maximum-concurrent-requests", "")
    limit = int(most) if most.isascii() and most.isdigit() and len(most) < 6 else 0
    wait = 0.0
    for what in ("requests", "tokens"):
        if headers.get(f"x-ratelimit-remaining-{what}", "").strip() == "0":
            wait = max(wait, _duration(headers.get(f"x-ratelimit-reset-{what}", "")))
    return limit, min(wait, MAX_RETRY_AFTER_SECONDS)


def _duration(text: str) -> float:
    """Seconds of "6m0s", "1.5s", "20ms" or "12"; 0.0 for anything else."""
    if re.fullmatch(r"\d{1,6}(\.\d+)?", text):
        return float(text)
    parts = re.findall(r"(\d{1,6}(?:\.\d+)?)(ms|h|m|s)", text)
    if "".join(number + unit for number, unit in parts) != text:
        return 0.0
    scale = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
    return sum(float(number) * scale[unit] for number, unit in parts)


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """Return the seconds (0 to 600) of a Retry-After header; None where it is neither seconds nor date.

    `now`: by the clock of the server that wrote the date, where it tells its time.
    """
    if value is None:
        return None
    value = value.strip()
    if re.fullmatch(r"\d+(\.\d+)?", value, re.ASCII):
        return min(float(value[:20]), MAX_RETRY_AFTER_SECONDS)
    until = _date(value)
    return None if until is None else max(0.0, min((until - now).total_seconds(), MAX_RETRY_AFTER_SECONDS))


def _date(value: str) -> datetime | None:
    """Return the time of an HTTP date; None for anything else."""
    try:
        found = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def one_line(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Printable text on one line without the secrets, cut to the longest reason.

    From where a secret begins but does not end as it should (an API that quotes the start), all is left
    out. What is shorter than 4 characters is no secret: hiding it would only garble the line.
    """
    line = _printable(text)
    for secret in map(_printable, secrets):
        if len(secret) >= _SECRET_CHARS:
            line = line.replace(secret, "…")
            found = line.find(secret[:_QUOTED_CHARS])
            if found >= 0:
                line = line[:found] + "…"
    return line[:MAX_REASON_CHARS]


def _text(body: bytes) -> str:
    """The body as text; where it is none (compressed, audio, another encoding), a line that says so.

    Latin-1 for what is nearly UTF-8: a quoted text must stay what it was, or it is not recognized.
    """
    start = body[:_JUDGED_BYTES].decode("utf-8", "replace")
    strange = sum(c == "\ufffd" or not (c.isprintable() or c.isspace()) for c in start)
    if 4 * strange > len(start):
        return f"{len(body)} bytes that are no text"
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        if error.start > len(body) - 4:  # cut within its last character
            return body[: error.start].decode()
    return body.decode("latin-1")


def _printable(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _message(text: str) -> str:
    start = text.lstrip()[:1]
    if start in ("{", "["):
        try:
            return _from_json(json.loads(text))
        except (ValueError, RecursionError):
            return text
    if start == "<":
        text = text[:_MAX_HTML_CHARS]
        title = re.search(r"<title[^>]*>(.*?)</title>", text, re.I | re.S)
        shown = (
            title.group(1)
            if title
            else re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", text, flags=re.I | re.S)
        )
        return html.unescape(shown)
    return text


def _from_json(value: Any) -> str:
    """The sentence in an error body: a text, or the first of its usual fields, or FastAPI's list."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "; ".join(filter(None, map(_from_json, value[:3])))
    if not isinstance(value, dict):
        return ""
    if "msg" in value:  # FastAPI; its "input" would show the text
        where = value.get("loc")
        path = ".".join(map(str, where)) if isinstance(where, list) else ""
        return f"{path}: {value['msg']}" if path else str(value["msg"])
    for name in ("message", "error", "detail", "details", "Message", "title", "__type", "code"):
        if value.get(name):
            return _from_json(value[name])
    return ""
