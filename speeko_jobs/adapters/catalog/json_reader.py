"""Read JSONL, JSON arrays and OpenAI batch files.

Objects are rows and keys are columns; strings alone are rows of one column, "text". json_stream reads an
array without loading it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from speeko_jobs.adapters.catalog.cell_text import cell_text
from speeko_jobs.adapters.catalog.json_stream import Value, array_values, why
from speeko_jobs.adapters.catalog.table import SAMPLE_CHARS, BadRow, Row, Table, bad, check_width, fault_of
from speeko_jobs.adapters.catalog.text_decoding import Lines, TextBlocks
from speeko_jobs.core.catalog.column_mapping import OPENAI_BATCH_HEADER, is_common_name
from speeko_jobs.errors import CatalogError

HEADER_OBJECTS = 1_000
BATCH_URL = "/v1/audio/speech"
# where APIs put their rows, beside a code and a message
# fmt: off
LIST_KEYS = frozenset((
    "articles", "data", "documents", "entries", "faqs", "items", "list", "posts", "products", "questions",
    "records", "results", "rows", "values",
))
# fmt: on


def read_jsonl(lines: Lines, name: str) -> Table:
    """Return a table of one JSON value a line; empty lines are no rows."""
    reader = _JsonLines(lines)
    return _tabulate(
        reader.values(), "line", name, f"a line each, {lines.text.shown_encoding}", lambda: reader.line
    )


def read_json(text: TextBlocks, name: str) -> Table:
    """Return a table of a JSON array, or of JSON values one behind the other however they are laid out."""
    is_array = text.peek().lstrip().startswith("[")
    return _tabulate(array_values(text), "entry", name, text.shown_encoding, lambda: 0, in_list=is_array)


class _JsonLines:
    def __init__(self, lines: Lines) -> None:
        self.line = 0
        self._lines = lines

    def values(self) -> Iterator[Value | BadRow]:
        decode = json.loads
        for number, line in enumerate(self._lines.after(0), 1):
            self.line = number
            try:
                value = decode(line)
            except (ValueError, RecursionError) as error:
                if line.strip():
                    yield bad(f"line {number}: {why(error, line)}", line)
            else:
                yield number, value, line, len(line)


def _tabulate(
    values: Iterator[Value | BadRow],
    unit: str,
    name: str,
    how: str,
    line: Callable[[], int],
    *,
    in_list: bool = False,
) -> Table:
    """Return the values as a table: its columns are the keys of the first 1,000 objects as they come up."""
    head: list[Value | BadRow] = []
    keys: dict[str, None] = {}
    size = 0
    objects: list[dict[str, Any]] = []
    for value in values:
        head.append(value)
        if not isinstance(value, BadRow):
            size += value[3]
            if isinstance(value[1], dict):
                objects.append(value[1])
                keys.update(dict.fromkeys(value[1]))
        if len(objects) >= HEADER_OBJECTS or len(head) >= 2 * HEADER_OBJECTS or size > SAMPLE_CHARS:
            break
    if len(head) == 1 and objects:
        _refuse_wrapped_list(objects[0], name, in_list=in_list)
    check_width(keys, name)
    every = chain(head, values)
    cells: Callable[[Any], list[str]]
    if objects and _is_batch(objects[0]):
        header, cells, kind = list(OPENAI_BATCH_HEADER), _batch_cells, "OpenAI batch file"
    elif objects:
        header = [" ".join(key.split()) or str(number) for number, key in enumerate(keys, 1)]
        cells, kind = _object_cells(list(keys)), "JSON objects"
    else:
        header, cells, kind = ["text"], _string_cells, "JSON strings"
    return Table(name, header, True, _rows(every, cells, unit), how=f"{kind}, {how}", line=line)


def _refuse_wrapped_list(value: dict[str, Any], name: str, *, in_list: bool) -> None:
    """Raise CatalogError for a lone object that is no row but holds the list of rows.

    A product with its images is a row: it has more columns that catalogs commonly have than what it lists.
    """
    own = _common_names(value)
    for key, inner in value.items():
        if not (isinstance(inner, list) and inner and isinstance(inner[0], dict)):
            continue
        listed = _common_names(inner[0])
        if own > listed or (own and (in_list or (own == listed and key.lower() not in LIST_KEYS))):
            continue
        raise CatalogError(f"{name}: one JSON object with a list in {key!r}: give that list alone")


def _common_names(value: dict[str, Any]) -> int:
    return sum(map(is_common_name, value))


def _rows(values: Iterator[Value | BadRow], cells: Callable[[Any], list[str]], unit: str) -> Iterator[Row]:
    for value in values:
        if isinstance(value, BadRow):
            yield value
            continue
        try:
            row = cells(value[1])
            fault = fault_of(row)
        except (ValueError, RecursionError) as error:
            fault = str(error)
        if fault:
            yield bad(f"{unit} {value[0]}: {fault}", value[2])
        else:
            yield row


def _object_cells(header: list[str]) -> Callable[[Any], list[str]]:
    def cells(value: Any) -> list[str]:
        if not isinstance(value, dict):
            raise ValueError(f"{_kind(value)} where the others are objects: write {{...}}")
        found = map(value.get, header)
        return [cell if type(cell) is str else cell_text(cell) for cell in found]

    return cells


def _string_cells(value: Any) -> list[str]:
    if not isinstance(value, str):
        raise ValueError(f"{_kind(value)}, not an object or a string: write {{...}}")
    return [value]


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _is_batch(value: dict[str, Any]) -> bool:
    return "custom_id" in value and isinstance(value.get("body"), dict)


def _batch_cells(value: Any) -> list[str]:
    body = value.get("body") if isinstance(value, dict) else None
    if not isinstance(body, dict):
        raise ValueError("not an OpenAI batch request: it needs custom_id, url and body")
    if value.get("url") != BATCH_URL:
        raise ValueError(f"url is {cell_text(value.get('url'))[:100]!r}: only {BATCH_URL} is spoken")
    if value.get("method", "POST") != "POST":
        raise ValueError("method is not POST")
    keys = ("input", "voice", "language", "model", "response_format", "speed", "instructions")
    return [cell_text(value.get("custom_id")), *(cell_text(body.get(key)) for key in keys)]
