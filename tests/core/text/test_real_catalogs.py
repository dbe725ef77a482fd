"""Spoken text over real catalogs: no markup is left, and as many different texts as their README counted."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from speeko_jobs.core.text.cleaning import has_speech, spoken
from speeko_jobs.core.text.language_tags import tag

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
MARKUP = re.compile(r"</?[A-Za-z][^<>]*>|&#?\w+;|[\x00-\x1f\x7f-\xa0\u00ad\u200b\ufeff]|<!--|  |\u2022")


def catalog(name: str) -> Path:
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"needs the sample catalog ../shared/data/{name}")
    return path


def rows(name: str, delimiter: str, quoting: int = csv.QUOTE_MINIMAL) -> Iterator[list[str]]:
    csv.field_size_limit(10_000_000)
    with catalog(name).open(encoding="utf-8-sig", newline="") as file:
        yield from csv.reader(file, delimiter=delimiter, quoting=quoting)  # type: ignore[arg-type]


def column(name: str, delimiter: str, field: str) -> list[str]:
    header, *body = rows(name, delimiter)
    at = header.index(field)
    return [row[at] for row in body if row[at].strip()]


def checked(sources: list[str]) -> set[str]:
    """The different spoken texts; all of them clean, stable and with something to say."""
    texts = {spoken(source) for source in sources}
    for text in texts:
        assert not MARKUP.search(text), text
        assert spoken(text) == text
        assert has_speech(text)
    return texts


def test_magento_html() -> None:
    sources = column("magento_configurable_products.csv", ",", "description")
    assert sum("&bull;" in source for source in sources) == 1914
    texts = checked(sources)
    assert len(texts) == 146
    joined = "\n".join(texts)
    assert "Two-tone gray heather hoodie. Drawstring-adjustable hood. Machine wash/dry." in joined


def test_adventureworks_pairs_of_language_and_text() -> None:
    pairs = [(row[1], row[2]) for row in rows("adventureworks_intl_descriptions.csv", "|")]
    assert len(checked([text for _, text in pairs])) == 4986
    assert len({(tag(language), spoken(text)) for language, text in pairs}) == 5104
    assert any("\u200c" in spoken(text) or "\u200d" in spoken(text) for _, text in pairs)


def test_vctk() -> None:
    sources = [row[2] for row in rows("vctk_sid_text_filelist.txt", "|", csv.QUOTE_NONE)]
    assert len(checked(sources)) == 14964


@pytest.mark.parametrize(("name", "different"), [("v1", 2407), ("v2", 2405)])
def test_livostyle(name: str, different: int) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(catalog(f"livostyle_products_{name}.parquet"), columns=["description"])
    assert len(checked([text for text in table["description"].to_pylist() if text])) == different


@pytest.mark.parametrize(("field", "different"), [("answer", 877), ("answer_html", None)])
def test_covid_faq(field: str, different: int | None) -> None:
    texts = checked(column("covid_faq_2020-03-27.tsv", "\t", field))
    assert different is None or len(texts) == different
