"""Say what a cell means where exporters write more than its text: null markers, ="00123", lists, objects."""

from __future__ import annotations

import ast
import json
import re
import warnings
from typing import Any

from speeko_jobs.core.catalog.column_mapping import join_texts

# As databases, pandas, Python and Excel write a missing value: the whole cell, spelled just so.
NULL_MARKERS = frozenset(
    (
        *("\\N", "NULL", "null", "NaN", "nan", "None", "<NA>", "NaT"),
        *("#N/A", "#NAME?", "#NULL!", "#REF!", "#VALUE!", "#DIV/0!", "#NUM!"),
    )
)
# Languages in which "null" is the word for zero.
_NULL_IS_ZERO = frozenset(("de", "nds", "lb", "no", "nb", "nn", "et"))
_FORMULA = re.compile(r'\s*="([^"]*)"\s*').fullmatch
MAX_REPR_CHARS = 100_000


def is_null(cell: str, language: str = "") -> bool:
    """Return whether the cell is a marker of a missing value, and no word of this language (BCP 47)."""
    cell = cell.strip()
    if cell not in NULL_MARKERS:
        return False
    return cell != "null" or language.partition("-")[0].lower() not in _NULL_IS_ZERO


def is_formula(cell: str) -> bool:
    """Return whether the cell may be text that was made a formula, so that Excel keeps its zeros."""
    return cell.lstrip()[:2] == '="'


def without_formula(cell: str) -> str:
    """Return the text of `="00123"`; other cells as they are."""
    found = _FORMULA(cell)
    return cell if found is None else found[1]


def is_nested(cell: str) -> bool:
    """Return whether the cell may be a list or an object."""
    return cell[:1] in ("[", "{") and cell[-1:] in ("]", "}")


def text_of(cell: str, language: str = "") -> str:
    """Return the text to speak of a cell: "" for a null marker, a list of texts joined with pauses.

    Raises ValueError, one line, for a nested object.
    """
    if is_formula(cell):
        cell = without_formula(cell)
    if is_null(cell, language):
        return ""
    stripped = cell.strip()
    if not is_nested(stripped):
        return cell
    value = _value(stripped)
    if isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(v, (dict, list)) for v in value)
    ):
        raise ValueError("the text is a nested object: put what is to be spoken into a column of its own")
    if isinstance(value, list) and (not value or any(isinstance(v, str) for v in value)):
        return join_texts([str(v) for v in value if v is not None])
    return cell


def _value(text: str) -> Any:
    """Return the JSON value, or Python's list of strings as pandas writes it; None for other text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if text[:2] in ("['", '["', "{'") and len(text) <= MAX_REPR_CHARS:
        try:
            with warnings.catch_warnings(action="ignore"):  # of escapes that Python does not know
                return ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            pass
    return None
