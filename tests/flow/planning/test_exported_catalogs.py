"""Catalogs as shops, databases, card programs and Excel export them: which rows are spoken, and their ids."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from speeko_jobs.core.text.pipeline import Wording
from speeko_jobs.core.text.text_rules import VERSIONS
from speeko_jobs.core.voices.availability import VoiceOffer
from speeko_jobs.flow.planning.catalog_reader import CatalogOptions, CatalogReader
from tests.fixtures.books import SPEC

PLAIN = Wording()
FILES = Path(__file__).with_name("exported_catalogs")


class Read(NamedTuple):
    texts: dict[str, tuple[str, ...]]  # path → its texts
    left_out: int
    refused: list[str]
    notes: list[str]


def read(name: str, wording: Wording = PLAIN, language: str = "", **options: Any) -> Read:
    spec = replace(SPEC, name="{id}.{ext}", language=language)
    reader = CatalogReader(
        spec,
        CatalogOptions((str(FILES / name),), **options),
        wording,
        VoiceOffer(spec.profile, any_voice=True),
    )
    rows = [row for batch in reader.batches() for row in batch.rows]
    return Read({row.path: row.texts for row in rows}, reader.left_out, reader.first_refusals, reader.notes)


def texts(name: str, wording: Wording = PLAIN, **options: Any) -> dict[str, str]:
    return {path: "|".join(found) for path, found in read(name, wording, **options).texts.items()}


def test_line_ends_of_woocommerce() -> None:
    assert texts("woocommerce_line_ends.csv") == {
        "w1.mp3": "9579 pieces. Display stand. Ships in about 2 months.",
        "w2.mp3": "Made of oak. Oiled finish.",
        "w3.mp3": r"Path C:\new\table",
    }


def test_pictures_and_variants_of_shopify() -> None:
    found = read("shopify_pictures.csv")
    assert found.texts == {"oak-lamp.mp3": ("A tall oak lamp.",), "oak-desk.mp3": ("A wide oak desk.",)}
    assert (found.left_out, found.refused) == (3, [])


def test_formulas_that_keep_zeros() -> None:
    assert texts("excel_formula_ids.csv") == {"00123.mp3": "First text", "00124.mp3": "Second text"}


def test_null_markers_of_databases() -> None:
    found = read("null_markers.tsv", text=("text",))
    assert found.texts == {"3.mp3": ("Real text here",), "2.mp3": ("Another text",)}
    assert (found.left_out, found.refused) == (4, [])
    before = read("null_markers.tsv", Wording(rules=VERSIONS[1]), text=("text",))
    assert before.left_out == 0


def test_lists_and_nested_objects() -> None:
    found = read("lists.jsonl")
    assert found.texts == {"1.mp3": ("Plain text",), "2.mp3": ("First line. Second line.",)}
    assert len(found.refused) == 1
    assert "row 3: the text is a nested object: put what is to be spoken into a column" in found.refused[0]


@pytest.mark.parametrize(
    ("language", "wanted"),
    [
        ("", "A sharp television set."),
        ("de-DE", "Ein scharfer Fernseher."),
        ("en", "A sharp television set."),
    ],
)
def test_locale_columns_of_akeneo(language: str, wanted: str) -> None:
    assert texts("akeneo_locales.csv", language=language) == {"1111.mp3": wanted}


def test_ruby_and_cards() -> None:
    assert texts("readings.csv") == {
        "r1.mp3": "ゆううつな春が来た。",
        "r2.mp3": "憂鬱な気分だった。",
        "a1.mp3": "Ich bin ein Mann.",
        "a2.mp3": "Guten Morgen",
        "a3.mp3": "かれはくる",
    }


def test_markdown_is_spoken_unless_it_is_not_wanted() -> None:
    found = read("markdown.csv")
    assert "## Features" in found.texts["m1.mp3"][0]
    assert any("--markup markdown" in note for note in found.notes)
    assert texts("markdown.csv", Wording(markup="markdown")) == {
        "m1.mp3": "Features. Solid oak. Oiled finish. See our guide.",
        "m2.mp3": "Size. Weight. M. 200 g",
    }


def test_a_row_of_a_failed_csv_is_read_as_its_catalog_was(tmp_path: Path) -> None:
    header = "id,text,voice,language,segments,as_spoken,file,row,error"
    failed = tmp_path / "failed.csv"
    failed.write_text(f'{header}\na,"[""One."", ""Two.""]",,,,,x.csv,1,lost\nb,NULL,,,,,x.csv,2,lost\n')
    assert texts(str(failed)) == {"a.mp3": "One. Two."}
