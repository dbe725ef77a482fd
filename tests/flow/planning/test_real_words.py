"""Real catalogs: what sentences save, what is really said of HTML, and one text with a hundred voices."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow.parquet
import pytest

from speeko_jobs.core.audio import codec
from speeko_jobs.core.catalog.file_names import audio_path
from tests.fixtures.inprocess import InProcess

FASHION = {"id": ("id",), "text": ("description",)}
MARKUP = re.compile(r"<[^<>]*>|&#?\w+;|[\x00-\x1f\x7f-\xa0\u00ad\u200b\ufeff\u2022]|  ")


def test_fashion_costs_two_fifths_where_sentences_are_bought_once(flow: InProcess, shared_data: Path) -> None:
    source = str(shared_data / "livostyle_products_v2.parquet")
    whole = flow.estimate(source, **FASHION)
    sentences = flow.estimate(source, {"segments": "sentence"}, **FASHION)
    assert (whole.rows, whole.refused, whole.calls) == (2766, 0, 2405)
    assert (whole.list_micros, whole.cost_micros) == (27_735_126, 24_642_995)
    assert (sentences.rows, sentences.refused) == (2766, 0)
    assert sentences.cost_micros <= 0.45 * whole.list_micros
    assert sentences.cost_micros <= 0.45 * sentences.list_micros
    assert sentences.chars > 0.98 * whole.chars  # only the spaces between sentences are not bought


@pytest.mark.parametrize(("format", "count"), [("wav", 10), ("mp3", 3)])
def test_rows_of_fashion_last_as_long_as_their_sentences(
    flow: InProcess, shared_data: Path, format: str, count: int
) -> None:
    table = pyarrow.parquet.read_table(shared_data / "livostyle_products_v2.parquet").slice(1_000, count)
    catalog = flow.folder / "ten.parquet"
    pyarrow.parquet.write_table(table, catalog)
    spec = {"segments": "sentence", "format": format}
    told = flow.estimate(str(catalog), spec, **FASHION)
    summary = flow.run(str(catalog), spec, **FASHION)
    assert summary["delivered"] == count
    assert told.cost_micros == flow.provider.micros
    store = flow.context.store_of(flow.settings.store_url)
    keys = "SELECT row_id, keys FROM speeko.item"
    seconds: dict[bytes, float] = {}
    many = 0
    rows = dict(flow.books.execute(keys))
    for line in flow.manifest():
        parts = [bytes(key) for key in rows[line["id"]]]
        for key in parts:
            if key not in seconds:
                seconds[key] = codec.seconds_of(store.get(audio_path(key, format)))
        wanted = sum(seconds[key] for key in parts)
        heard = codec.seconds_of((flow.output / line["path"]).read_bytes())
        assert abs(heard - wanted) <= 0.01 * wanted
        assert abs(line["audio_seconds"] - wanted) <= 0.01 * wanted
        many += len(parts) > 3
    assert many >= count / 2


def test_no_tag_and_no_entity_of_magento_is_said(flow: InProcess, shared_data: Path) -> None:
    source = str(shared_data / "magento_configurable_products.csv")
    sentences = {"segments": "sentence", "read_numbers": True, "language": "en"}
    for spec in ({"output": str(flow.folder / "whole")}, sentences):
        job, _ = flow.submit(source, spec, id=("sku",), text=("description",))
        for no in flow.chunks(job, "planned"):
            flow.synthesize(job, no)
    said = [entry["text"] for entry in flow.provider.bill()]
    assert len(said) == len(set(said)) > 146 + 146
    assert {"Machine wash/dry.", "Two-tone gray heather hoodie."} <= set(said)
    assert not [text for text in said if MARKUP.search(text)]


def test_one_sentence_with_102_speakers_is_102_keys(flow: InProcess, shared_data: Path) -> None:
    text = "Ask her to bring these things with her from the store."
    lines = (shared_data / "vctk_sid_text_filelist.txt").read_text("utf-8").splitlines()
    rows = [line.split("|", 2) for line in lines if line.endswith(f"|{text}")]
    source = flow.catalog(rows, ("wav", "speaker", "text"))
    orders = {"id": ("wav",), "text": ("text",), "voice_column": "speaker"}
    spec = {"any_voice": True}
    told = flow.estimate(source, spec, **orders)
    summary = flow.run(source, spec, **orders)
    assert (len(rows), told.unique_texts, summary["calls"], summary["delivered"]) == (102, 102, 102, 102)
    assert len({line["key"] for line in flow.manifest()}) == 102
    assert (
        len({(entry["key"], entry["voice"]) for entry in flow.provider.bill()}) == flow.provider.calls == 102
    )
