"""Whether a file is unchanged, and why it is not."""

from __future__ import annotations

import pytest

from speeko_jobs.core.catalog.change_detection import NO_SOURCE, SourceFacts, is_unchanged, source_sum, why

OLD, NEW = b"o" * 32, b"n" * 32
FACTS = SourceFacts(source_sum("hello"), "friendly", "en", "speeko kokoro 1", "mp3")


@pytest.mark.parametrize(
    ("held", "wanted", "expected"),
    [(OLD, OLD, True), (OLD, NEW, False), (None, NEW, False), (b"", NEW, False)],
)
def test_a_file_is_unchanged_where_its_content_is(held: bytes | None, wanted: bytes, expected: bool) -> None:
    assert is_unchanged(held, wanted) is expected


def test_what_the_planner_delivers_anew_is_not_unchanged() -> None:
    assert not is_unchanged(OLD, OLD, change="headers")


@pytest.mark.parametrize(
    ("held_form", "form", "expected"),
    [("mp3; no-store", "", True), ("mp3; no-store", "mp3; no-store", True), ("mp3; no-store", "mp3", False)],
)
def test_a_form_counts_where_one_is_asked_for(held_form: str, form: str, expected: bool) -> None:
    assert is_unchanged(OLD, OLD, held_form=held_form, form=form) is expected


@pytest.mark.parametrize(
    ("old", "expected"),
    [
        (None, "added"),
        (FACTS._replace(source=source_sum("hallo")), "text"),
        (FACTS._replace(source=source_sum("hallo"), voice="other"), "text"),
        (FACTS._replace(voice="other"), "voice"),
        (FACTS._replace(language="de"), "language"),
        (FACTS._replace(engine="speeko kokoro 1.5"), "engine"),
        (FACTS._replace(form="wav"), "format"),
        (FACTS._replace(form="mp3; no-store"), "headers"),
        (FACTS._replace(form="damaged"), "damaged"),
        (FACTS._replace(source=NO_SOURCE), "other"),
        (FACTS, "lexicon"),
    ],
)
def test_the_first_difference_is_the_reason(old: SourceFacts | None, expected: str) -> None:
    assert why(old, FACTS) == expected
