"""Catalogs as programs export them (fixtures): every row is read, and nothing that is no row."""

from __future__ import annotations

from pathlib import Path

import pytest

from speeko_jobs.adapters.catalog import BadRow, Table, open_catalog, sample
from speeko_jobs.core.catalog.column_mapping import choose

FIXTURES = Path(__file__).with_name("fixtures")


def opened(name: str) -> Table:
    (table,) = [(table, list(table.rows)) for table in open_catalog([str(FIXTURES / name)])]
    table[0].rows = iter(table[1])
    return table[0]


def ids_and_texts(table: Table) -> list[tuple[str, str]]:
    rows = sample(table)
    columns = choose(table.header, table.has_header, rows)
    assert not any(isinstance(row, BadRow) for row in table.rows)
    return [(row[columns.id[0]], row[columns.text[0]]) for row in rows]


def test_shopify_metafields_with_long_names_hide_no_header() -> None:
    assert ids_and_texts(opened("shopify_metafields.csv")) == [
        ("pine-shelf", "<p>A long pine shelf.</p>"),
        ("pine-bench", "<p>A low pine bench.</p>"),
    ]


def test_a_prompt_table_without_header_keeps_its_first_row() -> None:
    table = opened("prompts_without_header.csv")
    rows = list(table.rows)
    assert (table.has_header, len(rows), rows[0]) == (False, 30, ["a.wav", "nula", "cs"])


def test_file_headers_of_anki_are_obeyed() -> None:
    table = opened("anki_notes.txt")
    assert table.header == ("guid", "notetype", "deck", "4", "5", "tags")
    assert table.all_notes() == ["Anki export, read by its file headers"]
    rows = ids_and_texts(table)
    assert len(rows) == 8
    assert rows[7] == ("k7", "Das ist Satz 7.<br>Noch einer.")


def test_comment_lines_above_the_header_are_skipped() -> None:
    table = opened("comments_above.csv")
    assert table.all_notes() == ["2 comment lines above the table skipped"]
    assert ids_and_texts(table) == [("1", "First text here"), ("2", "Second text here")]


def test_headers_of_joined_exports_are_skipped_and_told() -> None:
    table = opened("joined_exports.csv")
    assert [row[0] for row in table.rows] == ["1", "2", "3", "4"]
    assert table.all_notes() == ["2 repeated header lines skipped"]


@pytest.mark.parametrize("name", ["one_product.json", "one_product.jsonl"])
def test_one_product_is_one_row(name: str) -> None:
    assert ids_and_texts(opened(name)) == [("81", "<p>Warm scarf.</p>")]


def test_a_repeated_header_is_skipped_wherever_it_stands(read) -> None:
    lines = [f"{n},Text {n}" for n in range(300)]
    lines[150:150] = ["\ufeffid,text"]
    lines[250:250] = ['"id","text"', '\ufeff"id","text"']
    table = read("id,text\n" + "\n".join(lines))
    assert [row[0] for row in table.rows] == [str(n) for n in range(300)]
    assert not table.bad


def test_a_row_that_says_its_column_name_is_a_row(read) -> None:
    table = read("text\nHello\ntext\n\ufefftext\nBye\n", header="yes")
    assert table.rows == [["Hello"], ["text"], ["Bye"]]


def test_comments_between_rows_are_skipped_and_ids_that_begin_with_a_hash_are_not(read) -> None:
    assert read("id,text\n1,One\n# part two\n2,Two\n").rows == [["1", "One"], ["2", "Two"]]
    assert read("id,text\n#1,One\n#2,Two\n").rows == [["#1", "One"], ["#2", "Two"]]
    assert read("#1,Hello there.\n#2,And you.\n").rows == [["#1", "Hello there."], ["#2", "And you."]]
    assert read("#love,Say it.\npeace,Say this.\n").rows[0] == ["#love", "Say it."]


def test_a_header_may_be_a_comment(read) -> None:
    table = read("# made by us\n#id,text\n1,One\n2,Two\n")
    assert (table.header, table.rows) == (("#id", "text"), [["1", "One"], ["2", "Two"]])
    table = read("# id, text\nid,text\n1,One\n")
    assert (table.header, table.rows) == (("id", "text"), [["1", "One"]])


@pytest.mark.parametrize("suffix", ["csv", "txt", "tsv"])
def test_anki_names_separator_and_columns(read, suffix: str) -> None:
    table = read(
        "#separator:Semicolon\n#columns:Front;Back\n#deck:X\nHaus;house\nBaum, der;tree\n", f"x.{suffix}"
    )
    assert table.header == ("Front", "Back")
    assert table.rows == [["Haus", "house"], ["Baum, der", "tree"]]
    assert read("#separator:tab\n#html:true\n", "x.txt").rows == []
    table = read("#separator:tab\n#html:true\nname\tHello there.\nid\tBye.\n", f"x.{suffix}")
    assert (table.has_header, len(table.rows)) == (False, 2)


def test_text_with_hash_lines_stays_text(read) -> None:
    assert read("# Title\n\nSome words, and more.\n", "x.txt").rows == [
        ["# Title"],
        ["Some words, and more."],
    ]
