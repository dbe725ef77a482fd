"""Decide whether a destination holds a row's file as it is wanted, and say why not.

`is_unchanged` is the rule for planner, chunk intake, delivery and `explain`. The planner asks it for a batch
at once, in SQL: `delivered_same` in sql/plan_loading.sql. A test compares the two.
"""

from __future__ import annotations

import zlib
from typing import NamedTuple

ADDED, SAME_SOUND, UNCHANGED = "added", "same_sound", "unchanged"
DAMAGED, REBOUGHT = "damaged", "rebought"  # these files were marked: see `Facts.form`
MARKS = (DAMAGED, REBOUGHT)
TEXT_RULES = "text_rules"  # the words differ by the version of the text rules, and by nothing else
CHANGED = ("text", "voice", "language", "lexicon", TEXT_RULES, "format", "engine", "headers", *MARKS, "other")
KINDS = (ADDED, *CHANGED, SAME_SOUND, UNCHANGED)  # what becomes of rows; the last two are not delivered
NO_SOURCE = -1


class SourceFacts(NamedTuple):
    """What made a file sound as it does, beside the words that were spoken in the end.

    `source`: `source_sum` of the catalog's text. `engine`: family, model and speed; `form`: the file's
    format and loudness, or one of MARKS where the file is to be delivered anew whatever it was made of.
    """

    source: int
    voice: str
    language: str
    engine: str
    form: str


def source_sum(text: str) -> int:
    """CRC-32 of a text as it stood: it decides nothing, it only tells why."""
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))


def is_unchanged(
    held: bytes | None, wanted: bytes, *, held_form: str = "", form: str = "", change: str | None = None
) -> bool:
    """Return whether the file that a destination holds is the one that a row asks for.

    `held`: the content of that file, None where there is no file; `wanted`: the row's, see
    `row_reader.content_of`. `form`: a form that the file must have, "" for any. `change`: why the planner
    delivers the row anew, be it only for its headers.
    """
    return held == wanted and change is None and form in ("", held_form)


def why(old: SourceFacts | None, new: SourceFacts) -> str:
    """ADDED, or the first of CHANGED that differs. "lexicon": the text is the same, its wording is not.

    `old` None: there was no file. "other": it is not known, as for files of older versions.
    """
    if old is None:
        return ADDED
    if old.form in MARKS:
        return old.form
    if old.source == NO_SOURCE:
        return "other"
    for before, now, kind in zip(old[:4], new[:4], ("text", "voice", "language", "engine"), strict=True):
        if before != now:
            return kind
    if old.form != new.form:
        return "format" if old.form.partition("; ")[0] != new.form.partition("; ")[0] else "headers"
    return "lexicon"
