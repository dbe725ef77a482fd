"""What is spoken and bought for 5,000 rows stays what it is, under each version of the text rules."""

from __future__ import annotations

import pytest

from speeko_jobs.core.providers.profiles import PROFILES
from speeko_jobs.core.text import cleaning
from speeko_jobs.core.text.text_rules import (
    FIRST_VERSION,
    TEXT_VERSION,
    VERSIONS,
    TextRules,
    may_clean_otherwise,
)
from tests.golden import golden
from tests.golden.golden import Lines
from tests.golden.rows import OPTIONS, REFUSED, ROWS, Row, reader, rows


@pytest.fixture(scope="module")
def lines() -> Lines:
    return golden.read(FIRST_VERSION)


@pytest.mark.parametrize("version", VERSIONS)
def test_no_text_is_bought_again_unawares(version: int) -> None:
    found = golden.differences(golden.read(version), version)
    if found:
        pytest.fail(golden.told(found, version), pytrace=False)


def test_the_versions_are_counted_from_one() -> None:
    assert list(VERSIONS) == list(range(1, TEXT_VERSION + 1))
    assert [rules.version for rules in VERSIONS.values()] == list(VERSIONS)


def test_the_newest_version_differs_where_a_rule_has_changed(lines: Lines) -> None:
    newest = golden.read(TEXT_VERSION)
    changed = [new for old, new in zip(lines, newest, strict=True) if old != new]
    assert len(changed) < ROWS / 10


def test_no_changed_row_is_overlooked(lines: Lines) -> None:
    for old, new in zip(lines, golden.read(TEXT_VERSION), strict=True):
        if old != new and old["option"] in ("plain", "lexicon", "strip") and len(new["texts"]) == 1:
            assert may_clean_otherwise(new["source"]), new


def test_the_file_is_of_the_rows_that_are_drawn(lines: Lines) -> None:
    assert len(lines) == ROWS == 5_000
    assert [Row(line["option"], line["language"], line["source"]) for line in lines] == list(rows())


def test_the_rows_cover_what_they_should(lines: Lines) -> None:
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


def test_a_changed_rule_is_told_row_by_row(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    cleaned = cleaning.spoken

    def changed(source: str, rules: TextRules) -> str:
        return cleaned(source, rules).replace("café", "coffee")

    monkeypatch.setattr(cleaning, "spoken", changed)
    reader.cache_clear()
    found = golden.differences(lines, FIRST_VERSION)
    reader.cache_clear()
    assert found
    assert all("caf" in one for one in found)
    told = golden.told(found, FIRST_VERSION)
    assert "  was: [" in told
    assert "  now: [" in told
    assert "coffee" in told
    assert "CHANGELOG.md" in told
