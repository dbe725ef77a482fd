"""Real files are read to the character: the figures are those of the data folder's own README."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from speeko_jobs.adapters.catalog import BadRow, open_catalog, sample
from speeko_jobs.core.catalog.column_mapping import choose

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real catalogs (../shared/data) are not here")

FIGURES = [  # file, text column, rows, non-empty, characters, distinct, columns, guessed id
    ("livostyle_products_v1.parquet", "description", 2768, 2768, 1_850_301, 2407, 18, "id"),
    ("livostyle_products_v2.parquet", "description", 2766, 2766, 1_848_824, 2405, 18, "id"),
    ("magento_configurable_products.csv", "description", 1994, 1994, 770_687, 146, 70, "sku"),
    ("adventureworks_intl_descriptions.csv", "3", 15168, 15168, 1_687_028, 4986, 3, ""),
    ("vctk_sid_text_filelist.txt", "3", 43470, 43470, 1_696_482, 14964, 3, "1"),
    ("covid_faq_2020-03-22.tsv", "answer", 506, 501, 310_353, 494, 12, ""),
    ("covid_faq_2020-03-27.tsv", "answer", 896, 896, 590_675, 877, 12, ""),
]


@pytest.mark.parametrize("figures", FIGURES, ids=[row[0] for row in FIGURES])
def test_counts_characters_and_guess(figures: tuple[str, str, int, int, int, int, int, str]) -> None:
    file, column, count, filled, chars, distinct, width, key = figures
    if file.endswith(".parquet"):
        pytest.importorskip("pyarrow")
    (table,) = [(t.header, t.has_header, sample(t), list(t.rows)) for t in open_catalog([str(DATA / file)])]
    header, has_header, first, rows = table
    columns = choose(header, has_header, first)
    assert [header[at] for at in columns.text] == [column]
    assert [header[at] for at in columns.id] == ([key] if key else [])
    assert columns.guessed
    assert len(header) == width
    assert not [row for row in rows if isinstance(row, BadRow)]
    texts = [row[columns.text[0]] for row in rows if len(row) > columns.text[0]]
    spoken = [text for text in texts if text.strip()]
    assert (len(rows), len(spoken), sum(map(len, texts)), len(set(spoken))) == (
        count,
        filled,
        chars,
        distinct,
    )
    normal = {" ".join(unicodedata.normalize("NFC", text).split()) for text in spoken}
    assert len(normal) == distinct


def test_all_of_the_other_text_columns(read_sources: Callable[..., list]) -> None:
    (faq,) = read_sources(DATA / "covid_faq_2020-03-27.tsv")
    html = [row[faq.header.index("answer_html")] for row in faq.rows]
    assert (sum(map(len, html)), len(set(html)), max(map(len, html))) == (923_149, 888, 19_668)
    (vctk,) = read_sources(DATA / "vctk_sid_text_filelist.txt")
    assert sum('"' in row[2] for row in vctk.rows) == 285
    assert sum("\t" in row[2] for row in vctk.rows) == 1
    assert len({(row[1], row[2]) for row in vctk.rows}) == 43470
    (works,) = read_sources(DATA / "adventureworks_intl_descriptions.csv")
    assert len({(row[1], row[2]) for row in works.rows}) == 5104
    assert len({(row[0], row[1]) for row in works.rows}) == 15168
    assert sum('"' in row[2] for row in works.rows) == 84


def test_a_pattern_and_a_file_in_one_go() -> None:
    names = [
        t.name for t in open_catalog([str(DATA / "*_*.[ct]s*"), str(DATA / "vctk_sid_text_filelist.txt")])
    ]
    assert names == sorted(names)
    assert len(names) == 5
