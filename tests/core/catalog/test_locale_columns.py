"""Columns that differ in their locale: the text comes from the one of the job's language."""

from __future__ import annotations

import pytest

from speeko_jobs.core.catalog.column_mapping import choose, is_common_name
from speeko_jobs.core.catalog.locale_columns import LocaleColumn, fit, split

AKENEO = (
    "sku", "categories", "enabled", "family", "description-en_US-ecommerce", "description-de_DE-ecommerce",
    "description-de_AT-print", "name",
)  # fmt: skip
ROW = ("1", "tv", "1", "tv", "A sharp set.", "Ein scharfer Fernseher.", "Ein scharfes Gerät.", "Samsung")


@pytest.mark.parametrize(
    ("language", "wanted"),
    [("", 4), ("en", 4), ("en-GB", 4), ("de", 5), ("de-AT", 6), ("de_at", 6), ("de-CH", 5), ("fr", 7)],
)
def test_the_matching_locale_is_preferred(language: str, wanted: int) -> None:
    columns = choose(AKENEO, True, [ROW], spoken_language=language)
    assert (columns.id, columns.text) == ((0,), (wanted,))
    assert AKENEO[wanted] in columns.guessed


def test_an_empty_column_is_passed_over() -> None:
    rows = [(*ROW[:5], "", *ROW[6:])]
    assert choose(AKENEO, True, rows, spoken_language="de-DE").text == (6,)


def test_a_plain_name_comes_before_another_language() -> None:
    header = ("id", "description", "description_en", "description_de")
    row = ("1", "Words", "Words", "Wörter")
    assert choose(header, True, [row], spoken_language="de").text == (3,)
    assert choose(header, True, [row], spoken_language="fr").text == (1,)
    assert choose(header, True, [row]).text == (1,)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("description-en_US-ecommerce", LocaleColumn("description", "en", "US")),
        ("description-en_US", LocaleColumn("description", "en", "US")),
        ("Description [fr]", LocaleColumn("Description", "fr", "")),
        ("Body (pt-BR)", LocaleColumn("Body", "pt", "BR")),
        ("text.de", LocaleColumn("text", "de", "")),
        ("long_description_de", LocaleColumn("long_description", "de", "")),
        ("text_id", None),
        ("message_no", None),
        ("description", None),
        ("en", None),
    ],
)
def test_names(name: str, wanted: LocaleColumn | None) -> None:
    assert split(name) == wanted


def test_they_are_common_names_of_a_header() -> None:
    assert is_common_name("description-de_DE-ecommerce")
    assert not is_common_name("price-de_DE")
    assert fit(None, "de") == 0
