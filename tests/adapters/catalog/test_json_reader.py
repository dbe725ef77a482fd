"""JSONL, JSON arrays, OpenAI batch files."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from speeko_jobs.adapters.catalog import open_catalog
from speeko_jobs.errors import CatalogError


def test_lines_of_objects(read) -> None:
    table = read(
        '{"id":1,"text":"a"}\n\n{"text":"b","tags":["x",{"y":1}],"id":2.0}\n{"text":null,"ok":true}\n',
        "x.jsonl",
    )
    assert table.header == ("id", "text", "tags", "ok")
    assert table.rows == [
        ["1", "a", "", ""],
        ["2", "b", '["x", {"y": 1}]', ""],
        ["", "", "", "true"],
    ]


def test_bad_lines_cost_one_row_each(read) -> None:
    lines = ['{"id":1}', "nope", "[1]", '{"id":"\\ud800"}', '{"id":"\\u0000"}', '{"id":2', "[" * 100_000]
    table = read("\n".join([*lines, '{"id":' + "9" * 5000 + "}", '{"id":3}']), "x.jsonl")
    assert table.rows == [["1"], ["3"]]
    assert [row.reason.split(":")[0] for row in table.bad] == [f"line {n}" for n in range(2, 9)]


@pytest.mark.parametrize("indent", [None, 2])
def test_arrays_however_laid_out(read, indent: int | None) -> None:
    objects = [{"sku": f"s{i}", "description": '[{"…' * (i % 50)} for i in range(3000)]
    for name in ("x.json", "x.txt", "x"):
        table = read(json.dumps(objects, indent=indent, ensure_ascii=False), name)
        assert table.header == ("sku", "description")
        assert table.rows == [[o["sku"], o["description"]] for o in objects]
        assert not table.bad


def test_values_one_behind_the_other(read) -> None:
    text = "\n".join(json.dumps({"id": str(i), "text": "a"}, indent=1) for i in range(5))
    assert [row[0] for row in read(text, "x.json").rows] == list("01234")


def test_strings_alone(read) -> None:
    assert read('["a", "b"]', "x.json").rows == [["a"], ["b"]]
    table = read('"a"\n"b"\n3\n', "x.jsonl")
    assert (table.header, table.rows, len(table.bad)) == (("text",), [["a"], ["b"]], 1)
    assert read("[]", "x.json").rows == []


def test_broken_entries_cost_one_row_each(read) -> None:
    table = read(
        '[{"id":1},{"id":2,"x":nope},{"id":3} {"id":4},{"id":5},7,{"id":"\\ud800"},{"id":6}]', "x.json"
    )
    assert [row[0] for row in table.rows] == ["1", "5", "6"]
    assert [row.reason.split(":")[0] for row in table.bad] == ["entry 2", "entry 3", "entry 5", "entry 6"]


def test_an_array_that_is_cut_off(read) -> None:
    for text in ('[{"id":1},{"id":2', '[{"id":1},', '[{"id":1}', '[{"id":"1'):
        with pytest.raises(CatalogError, match=r"x\.json: the JSON array has no end"):
            read(text, "x.json")


def test_the_last_entry_broken(read) -> None:
    table = read('[{"id":1},{"id":nope}]', "x.json")
    assert (table.rows, len(table.bad)) == ([["1"]], 1)
    assert len(read('[{"id":1}] more', "x.json").bad) == 1


def test_an_object_around_the_list(read) -> None:
    with pytest.raises(CatalogError, match="'products'"):
        read('{"products":[{"id":1}]}', "x.json")


def test_batch_files(read) -> None:
    good = {
        "model": "m",
        "input": "Hi",
        "voice": "v",
        "speed": 1.0,
        "response_format": "wav",
        "instructions": "warm",
    }
    requests = [
        {"custom_id": "a", "method": "POST", "url": "/v1/audio/speech", "body": good},
        {"custom_id": "b", "method": "POST", "url": "/v1/chat/completions", "body": good},
        {"custom_id": "c", "method": "GET", "url": "/v1/audio/speech", "body": good},
        {"custom_id": "d", "url": "/v1/audio/speech", "body": {}},
        {"custom_id": "e", "url": "/v1/audio/speech"},
    ]
    table = read("\n".join(map(json.dumps, requests)), "batch.jsonl")
    assert table.header == ("id", "text", "voice", "language", "model", "format", "speed", "instructions")
    assert table.rows == [["a", "Hi", "v", "", "m", "wav", "1", "warm"], ["d", *[""] * 7]]
    assert [row.reason.split(":")[0] for row in table.bad] == ["line 2", "line 3", "line 5"]


@pytest.mark.parametrize("name", ["x.json", "x.jsonl"])
def test_a_huge_value_costs_its_row_and_little_memory(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    array = name == "x.json"
    with path.open("w") as file:
        file.write(("[" if array else "") + '{"id":1,"text":"')
        for _ in range(50):
            file.write("x" * 1_000_000)
        file.write('"}' + (",\n" if array else "\n") + '{"id":2,"text":"ok"}' + ("]" if array else ""))
    tracemalloc.start()
    (rows,) = [list(table.rows) for table in open_catalog([str(path)])]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(rows) == 2
    assert rows[1] == ["2", "ok"]
    assert peak < 60_000_000


def test_arrays_are_not_loaded_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps([{"id": i, "text": "A text to speak " * 20} for i in range(40_000)]))  # 13 MB
    tracemalloc.start()
    for table in open_catalog([str(path)]):
        assert sum(1 for _ in table.rows) == 40_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6_000_000


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
OBJECTS = st.lists(
    st.builds(lambda i, t: {"id": i, "text": t}, st.integers(), TEXTS), min_size=1, max_size=20
)


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(objects=OBJECTS, ascii=st.booleans(), indent=st.sampled_from([None, 1]))
def test_what_json_writes_is_read_back(
    tmp_path: Path, objects: list, ascii: bool, indent: int | None
) -> None:
    wanted = [[str(o["id"]), o["text"]] for o in objects]
    path = tmp_path / "x.json"
    path.write_text(json.dumps(objects, ensure_ascii=ascii, indent=indent), "utf-8", newline="")
    assert [list(table.rows) for table in open_catalog([str(path)])] == [wanted]
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(json.dumps(o, ensure_ascii=ascii) for o in objects), "utf-8", newline="")
    assert [list(table.rows) for table in open_catalog([str(path)])] == [wanted]


PRODUCT = {"id": 794, "name": "Shirt", "description": "<p>Soft.</p>", "images": [{"id": 1, "name": "front"}]}


@pytest.mark.parametrize("name", ["x.json", "x.jsonl", "x.txt", "x"])
@pytest.mark.parametrize("as_list", [True, False])
def test_one_item_is_a_catalog_of_one_row(read, name: str, as_list: bool) -> None:
    table = read(json.dumps([PRODUCT] if as_list else PRODUCT), name)
    assert [row[:3] for row in table.rows] == [["794", "Shirt", "<p>Soft.</p>"]]
    assert table.header == ("id", "name", "description", "images")


@pytest.mark.parametrize(
    "value",
    [
        {"products": [PRODUCT]},
        {"code": 0, "message": "OK", "data": [{"sku": "A1", "body": "Hello"}]},
        {"total": 1, "page": 1, "items": [{"id": 1}]},
        [{"products": [PRODUCT]}],
    ],
)
def test_a_lone_object_that_wraps_the_rows_is_refused(read, value: object) -> None:
    with pytest.raises(CatalogError, match=r"one JSON object with a list in '\w+': give that list alone"):
        read(json.dumps(value), "x.json")


@pytest.mark.parametrize("name", ["x.json", "x.jsonl"])
def test_large_objects_are_looked_at_in_little_memory(tmp_path: Path, name: str) -> None:
    array = name == "x.json"
    with (tmp_path / name).open("w") as file:
        file.write("[" if array else "")
        for number in range(60):
            line = json.dumps({"id": number, "text": "x" * 900_000, "more": "y" * 900_000})
            file.write(("," if array and number else "") + line + "\n")
        file.write("]" if array else "")
    tracemalloc.start()
    (count,) = [sum(1 for _ in table.rows) for table in open_catalog([str(tmp_path / name)])]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 60
    assert peak < 50_000_000


def test_objects_with_a_key_for_each_row_are_refused(read) -> None:
    with pytest.raises(CatalogError, match="5,000 different keys, at most 4,000 are read: keep those"):
        read(json.dumps([{"id": 1}, {f"k{n}": n for n in range(4_999)}]), "x.json")
