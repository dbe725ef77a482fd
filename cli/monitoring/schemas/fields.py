"""Define the field types of the JSON documents: what msgspec turns into JSON Schema.

A document type is a TypedDict named after its schema, with `Json` behind it: `JobJson` is the schema `Job`.
Shared schemas, such as an amount of USD, are named here and referred to.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Final

from msgspec import Meta

from speeko_jobs.core.model.states import JobState

REF: Final = "#/components/schemas/"


def doc(text: str) -> Meta:
    """Describe a field."""
    return Meta(description=text)


def words(allowed: Iterable[str]) -> Meta:
    """Limit a text to these words."""
    return Meta(extra_json_schema={"enum": [str(word) for word in allowed]})


def counts_of(names: Iterable[str], *, all_given: bool = True) -> Meta:
    """Limit an object of counts to these names."""
    found = [str(name) for name in names]
    schema: dict[str, Any] = {
        "properties": {name: {"type": "integer", "minimum": 0} for name in found},
        "additionalProperties": False,
    }
    return Meta(extra_json_schema=schema | ({"required": found} if all_given else {}))


def _reference(name: str) -> Meta:
    return Meta(extra_json_schema={"$ref": REF + name})


def _moment(*examples: str) -> Meta:
    return Meta(examples=list(examples) or None, extra_json_schema={"format": "date-time"})


Count = Annotated[int, Meta(ge=0)]
Amount = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Number = Annotated[int, Meta(ge=1, extra_json_schema={"format": "int64"})]
Day = Annotated[str, Meta(extra_json_schema={"format": "date"})]
Moment = Annotated[str, _moment("2026-11-23T02:00:04.512+00:00")]
LocalMoment = Annotated[str, _moment("2026-11-24T02:00:00+01:00")]
BareMoment = Annotated[str, _moment()]
Usd = Annotated[str, _reference("Usd")]
State = Annotated[str, _reference("JobState")]

SHARED: Final[dict[str, dict[str, Any]]] = {
    "Usd": {
        "type": "string",
        "pattern": r"^-?[0-9]+\.[0-9]{6}$",
        "examples": ["12.345678"],
        "description": "Dollars of the United States as a decimal number, exact to the millionth.",
    },
    "JobState": {
        "type": "string",
        "enum": [state.value for state in JobState],
        "description": "planning → running ⇄ paused → finalizing → done or done_with_errors; or cancelled.",
    },
}
