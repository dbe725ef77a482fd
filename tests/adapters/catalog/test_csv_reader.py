"""Delimited files: what is detected, what a row is, and that a bad row costs one row."""

from __future__ import annotations

import csv
import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from speeko_jobs.adapters.catalog import BadRow, ReadOptions, open_catalog, sample
from speeko_jobs.errors import CatalogError, UsageError


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~", "\x1f"])
def test_delimiters_are_detected(read, delimiter: str) -> None:
    lines = ["sku,text,price", "1,Red shoes. They fit: really,10", "2,Blue shoes,9"]
    data = "\n".join(line.replace(",", delimiter) for line in lines)
    table = read(data)
    assert table.header == ("sku", "text", "price")
    assert [row[0] for row in table.rows] == ["1", "2"]


def test_a_delimiter_can_be_said(read) -> None:
    table = read("id:text\n1:Hello, you\n", delimiter=":")
    assert table.rows == [["1", "Hello, you"]]
    assert read("id*text\n1*a\n", name="x.txt", delimiter="*").header == ("id", "text")


@pytest.mark.parametrize(
    "options", [{"delimiter": ",,"}, {"quoting": "all"}, {"header": "2"}, {"format": "yaml"}]
)
def test_options_that_mean_nothing(read, options: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        read("id,text\n", **options)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(read, end: str) -> None:
    assert read(end.join(["id,text", "1,a", "", '2,"b\nc"', ""])).rows == [["1", "a"], ["2", "b\nc"]]


def test_mixed_line_ends_and_no_last_one(read) -> None:
    assert read("id,text\r\n1,a\n2,b\r3,c").rows == [["1", "a"], ["2", "b"], ["3", "c"]]


def test_other_line_separators_are_text(read) -> None:
    assert read("id,text\n1,a\u2028b\x0bc\x85d\n").rows == [["1", "a\u2028b\x0bc\x85d"]]


def test_short_rows_stay_short_and_long_ones_are_bad(read) -> None:
    table = read("id,text,note\n1,a\n2,b,c,d\n3,e,f,,\n\n,,\n4,g,h\n")
    assert table.rows == [["1", "a"], ["3", "e", "f"], ["", "", ""], ["4", "g", "h"]]
    assert len(table.bad) == 1
    assert table.bad[0].reason.startswith("line 3: too many fields (4, not 3)")
    assert table.bad[0].raw == "2,b,c,d"


def test_long_rows_far_behind_the_header_search(read) -> None:
    lines = [f"{i},text {i}" for i in range(5000)]
    lines[4000] += ",more"
    table = read("id,text\n" + "\n".join(lines))
    assert len(table.rows) == 4999
    assert [row.reason.partition(":")[0] for row in table.bad] == ["line 4002"]


def test_an_open_quote_costs_its_row_alone(read) -> None:
    quoted = "".join(f'{i},"Text, number {i}"\n' for i in range(100))
    table = read('id,text\n1,fine\n2,"open\n3,three\n4,four\n' + quoted)
    assert [row[0] for row in table.rows[:4]] == ["1", "3", "4", "0"]
    assert len(table.rows) == 103
    (refused,) = table.bad
    assert refused.reason.startswith("line 3: a quote opens here and is not closed")
    assert refused.raw == '2,"open'


@pytest.mark.parametrize("tail", ["", "3,three\n4,four\n" * 20_000])
def test_a_quote_open_up_to_the_end(read, tail: str) -> None:
    table = read('id,text\n1,fine\n2,"open\n' + tail)
    assert len(table.rows) == 1 + tail.count("\n")
    assert [row.reason[:32] for row in table.bad] == ["line 3: a quote opens here and i"]


def test_an_open_quote_before_more_than_the_longest_cell(read) -> None:
    tail = "".join(f"{i},{'words ' * 20}\n" for i in range(20_000))  # 2.5 million characters
    table = read('id,text\n1,"open\n' + tail)
    assert len(table.rows) == 20_000
    assert len(table.bad) == 1
    assert table.bad[0].reason.startswith("line 2:")


def test_many_open_quotes_in_a_quoted_file(read) -> None:
    rows = "".join(f'{i},"ok, {i}"\n' if i % 50 else f'{i},"open {i}\n' for i in range(1, 5001))
    table = read("id,text\n" + rows)
    assert len(table.bad) == 100
    assert len(table.rows) == 4900


def test_lone_quotes_inside_cells_are_read_as_elsewhere(read) -> None:
    table = read('id,text\n1,"a, b"\n2,5" nails\n3,"say ""x"""\n4,"odd"tail\n')
    assert [row[1] for row in table.rows] == ["a, b", '5" nails', 'say "x"', "oddtail"]


def test_quotes_that_are_text(read) -> None:
    lines = [f"{i}|Plain words {i}" for i in range(60)]
    lines[5] = '5|"Quoted through," he said.'
    lines[9] = '9|"All of it."'
    table = read("\n".join(lines))
    assert table.rows[5][1] == '"Quoted through," he said.'
    assert table.rows[9][1] == '"All of it."'
    assert read("\n".join(lines), quoting="minimal").rows[9][1] == "All of it."


def test_excel_quotes_commas_between_tabs(read) -> None:
    lines = ["id\ttext", *(f"{i}\tPlain words" for i in range(60)), '60\t"Warm, dry"']
    assert read("\n".join(lines), "x.txt").rows[60] == ["60", "Warm, dry"]


def test_quoting_can_be_switched_off(read) -> None:
    table = read('id,text\n1,"a\n2,b"\n', quoting="none")
    assert table.rows == [["1", '"a'], ["2", 'b"']]


def test_backslash_before_quotes(read) -> None:
    table = read('id,text\n1,"She said \\"hi\\", and left"\n2,"plain, here"\n')
    assert table.rows[0] == ["1", 'She said "hi", and left']


def test_excel_names_its_delimiter(read) -> None:
    table = read("sep=;\nsku;text\n1;a,b\n2;c\n")
    assert (table.header, table.rows) == (("sku", "text"), [["1", "a,b"], ["2", "c"]])


def test_one_column_keeps_its_commas(read) -> None:
    table = read('text\nHello\n"World, again"\nfoo, bar\n')
    assert table.rows == [["Hello"], ["World, again"], ["foo, bar"]]


def test_plain_text_is_a_row_a_line(read) -> None:
    table = read("Hello, you\n\n  \nAnd; you\tthere\n", name="lines.txt")
    assert (table.header, table.rows) == (("text",), [["Hello, you"], ["  "], ["And; you\tthere"]])
    assert read("a|b\nc|d\n", name="x.txt", format="text").rows == [["a|b"], ["c|d"]]


def test_bad_bytes_and_nulls_cost_their_rows(read) -> None:
    table = read(b"id,text\n1,caf\xc3\xa9\n2,b\xffd\n3,nu\0l\n4,ok\n")
    assert table.rows == [["1", "caf\u00e9"], ["4", "ok"]]
    assert [row.reason[:7] for row in table.bad] == ["line 3:", "line 4:"]
    lines = read(b"caf\xc3\xa9\nb\xff\nok\n", name="x.txt")
    assert (len(lines.rows), len(lines.bad)) == (2, 1)


def test_a_bad_byte_far_into_the_file(read) -> None:
    body = "".join(f"{i},número {i}\n" for i in range(60_000)).encode()
    table = read(b"id,text\n" + body + b"bad,\xff\n" + body)
    assert len(table.rows) == 120_000
    assert [row.reason.partition(":")[0] for row in table.bad] == ["line 60002"]


def test_two_thousand_columns(read) -> None:
    header = [f"c{i}" for i in range(2000)]
    table = read(",".join(header) + "\n" + ",".join(["a b"] * 2000) + "\n", header="yes")
    assert table.header == tuple(header)
    assert len(table.rows[0]) == 2000


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_huge_cell_costs_its_row_and_little_memory(tmp_path: Path, quote: str) -> None:
    path = tmp_path / "x.csv"
    with path.open("wb") as file:
        file.write(b'id,text\n0,"a, b"\n1,' + quote.encode())
        for _ in range(50):
            file.write(b"x" * 1_000_000)
        file.write(quote.encode() + b"\n2,ok\n")
    tracemalloc.start()
    (table,) = [table for table in open_catalog([str(path)]) if sample(table)]
    (table,) = [list(table.rows) for table in open_catalog([str(path)])]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(table[1], BadRow)
    assert table[2] == ["2", "ok"]
    assert peak < 40_000_000


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    peaks = []
    for rows in (40_000, 200_000):
        path = tmp_path / f"{rows}.csv"
        path.write_text("id,text\n" + "".join(f"{i},A short text {i}\n" for i in range(rows)))
        tracemalloc.start()
        for table in open_catalog([str(path)]):
            assert sum(1 for _ in table.rows) == rows
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 2.5 + 1_000_000


def test_sampling_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("id,text\n1,a\n2,b,c\n3,d\n")
    for table in open_catalog([str(path)]):
        assert sample(table, 2) == [["1", "a"]]
        rows = list(table.rows)
        assert [row if isinstance(row, BadRow) else row[0] for row in rows][::2] == ["1", "3"]
        assert table.line == 4


CELLS = st.text(
    st.characters(
        codec="utf-8", exclude_categories=["Cc"], exclude_characters="\ufeff", include_characters="\t\r\n"
    ),
    max_size=12,
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    rows=st.lists(st.tuples(st.integers(0, 99), CELLS, CELLS), min_size=1, max_size=30),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_csv_writes_is_read_back(
    tmp_path: Path, rows: list[tuple[int, str, str]], delimiter: str, end: str, quoting: int
) -> None:
    # csv leaves a lone CR unquoted, for which every reader ends the line
    rows = [(n, a.replace("\r", "\r\n"), b.replace("\r", "\r\n")) for n, a, b in rows]
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([("sku", "description", "note"), *rows])
    path = tmp_path / "x.csv"
    path.write_bytes(out.getvalue().encode())
    (table,) = [(t.header, list(t.rows)) for t in open_catalog([str(path)], ReadOptions(quoting="minimal"))]
    assert table == (("sku", "description", "note"), [[str(n), a, b] for n, a, b in rows])
    (table,) = [(t.header, list(t.rows)) for t in open_catalog([str(path)])]
    if delimiter in ",;" or quoting == csv.QUOTE_ALL:
        assert table == (("sku", "description", "note"), [[str(n), a, b] for n, a, b in rows])


def test_a_csv_without_rows(read) -> None:
    assert read("id,text\n").rows == []
    with pytest.raises(CatalogError, match=r"x\.csv: the file is empty"):
        read("\n\n")
