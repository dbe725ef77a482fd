"""What is spoken and bought for 5,000 rows stays what it is, unless the CHANGELOG says otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from speeko_jobs.core.providers.profiles import PROFILES
from speeko_jobs.core.text import cleaning
from tests.golden import golden
from tests.golden.rows import OPTIONS, REFUSED, ROWS, Row, reader, rows


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    return golden.read()


def test_no_text_is_bought_again_unawares(lines: list[dict[str, Any]]) -> None:
    found = golden.differences(lines)
    if found:
        pytest.fail(golden.told(found), pytrace=False)


def test_the_file_is_of_the_rows_that_are_drawn(lines: list[dict[str, Any]]) -> None:
    assert len(lines) == ROWS == 5_000
    assert [Row(line["option"], line["language"], line["source"]) for line in lines] == list(rows())


def test_the_rows_cover_what_they_should(lines: list[dict[str, Any]]) -> None:
    assert set(PROFILES) == set(lines[0]) - {"option", "language", "source", "texts"}
    assert {line["option"] for line in lines} == set(OPTIONS)
    for provider in PROFILES:
        outcomes = [golden.kept(line, provider) for line in lines]
        assert sum(one != REFUSED for one in outcomes) > ROWS / 3  # some providers know few languages
        assert sum(len(one.texts) > 1 for one in outcomes) > ROWS / 25
    spoken = [golden.kept(line, "espeak") for line in lines]
    changed = sum(list(one.texts) != [line["source"]] for one, line in zip(spoken, lines, strict=True))
    assert changed > ROWS / 3
    assert sum(one.texts[0].startswith("<speak") for one in spoken if one.texts) > ROWS / 50


def test_a_changed_rule_is_told_row_by_row(
    lines: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaned = cleaning.spoken
    monkeypatch.setattr(cleaning, "spoken", lambda source: cleaned(source).replace("café", "coffee"))
    reader.cache_clear()
    found = golden.differences(lines)
    reader.cache_clear()
    assert found
    assert all("caf" in one for one in found)
    told = golden.told(found)
    assert "  was: [" in told
    assert "  now: [" in told
    assert "coffee" in told
    assert "CHANGELOG.md" in told
