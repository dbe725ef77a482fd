"""Spreadsheets, written here as the XML they are."""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from speeko_jobs.errors import CatalogError

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
Cell = str | float | bool | None


def write_xlsx(
    path: Path, sheets: dict[str, list[list[Cell]]], dimension: str = "A1", hidden: str = ""
) -> Path:
    """A workbook with inline strings; `dimension` is what each sheet claims to be its size."""
    types = f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'  # noqa: E501
    numbered = list(enumerate(sheets.items(), 1))
    entries = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"{" state=" + chr(34) + "hidden" + chr(34) if name == hidden else ""}/>'  # noqa: E501
        for n, (name, _) in numbered
    )
    links = "".join(
        f'<Relationship Id="r{n}" Type="{OFFICE}/worksheet" Target="worksheets/s{n}.xml"/>'
        for n, _ in numbered
    )
    root = f'<Relationship Id="r1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("[Content_Types].xml", types)
        book.writestr("_rels/.rels", f'<Relationships xmlns="{PACKAGE}/relationships">{root}</Relationships>')
        book.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{entries}</sheets></workbook>',
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>',
        )
        for n, (_, rows) in numbered:
            data = "".join(_row(number, row) for number, row in enumerate(rows, 1))
            book.writestr(
                f"xl/worksheets/s{n}.xml",
                f'<worksheet xmlns="{MAIN}"><dimension ref="{dimension}"/>'
                f"<sheetData>{data}</sheetData></worksheet>",
            )
    return path


def _row(number: int, row: list[Cell]) -> str:
    cells = ""
    for column, value in zip("ABCDEFGH", row, strict=False):
        if isinstance(value, bool):
            cells += f'<c r="{column}{number}" t="b"><v>{int(value)}</v></c>'
        elif isinstance(value, (int, float)):
            cells += f'<c r="{column}{number}"><v>{value}</v></c>'
        elif value is not None:
            cells += f'<c r="{column}{number}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f'<row r="{number}">{cells}</row>'


ROWS: list[list[Cell]] = [["sku", "description", "price"], [12.0, "Red & warm", 9.5], ["b", "Blue", True]]


def test_numbers_are_plain(tmp_path: Path, read_sources) -> None:
    (table,) = read_sources(write_xlsx(tmp_path / "book.xlsx", {"Sheet1": ROWS}))
    assert (table.name, table.header) == ("book.xlsx#Sheet1", ("sku", "description", "price"))
    assert table.rows == [["12", "Red & warm", "9.5"], ["b", "Blue", "true"]]


def test_a_size_that_lies_is_not_believed(tmp_path: Path, read_sources) -> None:
    rows: list[list[Cell]] = [["sku", "text"], *([f"s{i}", f"Text {i}"] for i in range(11_000))]
    for claimed in ("A1", "A1:B5", "A1:XFD1048576"):
        (table,) = read_sources(write_xlsx(tmp_path / "x.xlsx", {"S": rows}, dimension=claimed))
        assert len(table.rows) == 11_000
        assert table.rows[-1] == ["s10999", "Text 10999"]


def test_the_first_sheet_with_cells_that_can_be_seen(tmp_path: Path, read_sources) -> None:
    sheets = {
        "Empty": [],
        "Secret": [["id", "text"], ["x", "no"]],
        "Goods": ROWS,
        "More": [["id", "text"], ["m", "yes"]],
    }
    path = write_xlsx(tmp_path / "x.xlsx", sheets, hidden="Secret")
    assert read_sources(path)[0].name == "x.xlsx#Goods"
    assert read_sources(f"{path}#More")[0].rows == [["m", "yes"]]
    assert read_sources(f"{path}#secret")[0].rows == [["x", "no"]]
    with pytest.raises(
        CatalogError, match='there is no sheet "Nope": the sheets are "Empty", "Secret", "Goods", "More"'
    ):
        read_sources(f"{path}#Nope")


def test_titles_above_and_empty_rows_between(tmp_path: Path, read_sources) -> None:
    rows = [["Our products"], [], [None, None, None], *ROWS[:2], [], ROWS[2]]
    (table,) = read_sources(write_xlsx(tmp_path / "x.xlsx", {"S": rows}))
    assert table.header == ("sku", "description", "price")
    assert [row[0] for row in table.rows] == ["12", "b"]


def test_without_header_and_away_from_the_corner(tmp_path: Path, read_sources) -> None:
    rows: list[list[Cell]] = [[], [None, None, 1, "Hello there."], [None, None, 2, "And you."]]
    (table,) = read_sources(write_xlsx(tmp_path / "x.xlsx", {"S": rows}))
    assert (table.header, table.rows) == (("1", "2"), [["1", "Hello there."], ["2", "And you."]])


@pytest.mark.parametrize("data", [b"PK\x03\x04 no zip", b"PK\x03\x04", b"\xd0\xcf\x11\xe0 no xls"])
def test_broken_books(read, data: bytes) -> None:
    with pytest.raises(CatalogError, match=r"x\.xlsx: not a spreadsheet"):
        read(data, "x.xlsx")


def test_a_book_cut_in_the_middle_and_an_empty_one(tmp_path: Path, read, read_sources) -> None:
    path = write_xlsx(tmp_path / "whole.xlsx", {"S": ROWS})
    with pytest.raises(CatalogError, match="not a spreadsheet, or it is damaged"):
        read(path.read_bytes()[:-200], "x.xlsx")
    with pytest.raises(CatalogError, match="all visible sheets are empty"):
        read_sources(write_xlsx(tmp_path / "empty.xlsx", {"S": []}))


def inline(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def write_formatted(path: Path, codes: list[str], cells: str) -> Path:
    """A workbook whose cells `s="1"` and so on have these number formats."""
    write_xlsx(path, {"Ware & Co": [["sku", "text"]]})
    styles = "".join(
        f'<numFmt numFmtId="{164 + n}" formatCode="{escape(code, {chr(34): "&quot;"})}"/>'
        for n, code in enumerate(codes)
    )
    used = "".join(f'<xf numFmtId="{164 + n}"/>' for n in range(len(codes)))
    changed = {
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts>{styles}</numFmts>'
        f'<cellStyleXfs><xf numFmtId="164"/></cellStyleXfs><cellXfs><xf numFmtId="0"/>{used}'
        "</cellXfs></styleSheet>",
        "xl/worksheets/s1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{cells}</sheetData></worksheet>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="Ware &amp; Co"'
        ' sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1"'
        f' Type="{OFFICE}/worksheet" Target="worksheets/s1.xml"/><Relationship Id="r2" Type="{OFFICE}/styles"'
        ' Target="styles.xml"/></Relationships>',
    }
    with zipfile.ZipFile(path) as book:
        kept = {name: book.read(name) for name in book.namelist() if name not in changed}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in (kept | {name: text.encode() for name, text in changed.items()}).items():
            book.writestr(name, content)
    return path


def test_numbers_are_read_as_their_format_shows_them(tmp_path: Path, read_sources) -> None:
    def numbered(row: int, value: str, style: int) -> str:
        text = inline(f"D{row}", f"Product number {row} is good.")
        return f'<row r="{row}"><c r="C{row}" s="{style}"><v>{value}</v></c>{text}</row>'

    header = f'<row r="3">{inline("C3", "sku")}{inline("D3", "text")}</row>'
    cells = [
        ("42", 1),
        ("42", 0),
        ("123456", 1),
        ("7", 2),
        ("1234567", 3),
        ("1E15", 0),
        ("-5", 1),
        ("0.5", 1),
    ]
    rows = header + "".join(numbered(n, value, style) for n, (value, style) in enumerate(cells, 4))
    path = write_formatted(tmp_path / "book.xlsx", ["00000", '"SKU-"0000;[Red]-0', "000\\-00-00"], rows)
    (table,) = read_sources(path)
    assert [row[0] for row in table.rows] == [
        "00042", "42", "123456", "SKU-0007", "123-45-67", "1000000000000000", "-5", "0.5",
    ]  # fmt: skip


def test_a_large_sheet_of_padded_cells_is_read_in_pieces(tmp_path: Path, read_sources) -> None:
    rows = f'<row r="1">{inline("A1", "sku")}{inline("B1", "text")}</row>'
    rows += "".join(
        f'<row r="{n}"><c r="A{n}" s="1"><v>{n}</v></c>{inline(f"B{n}", f"Text {n}")}</row>'
        for n in range(2, 20_002)
    )
    (table,) = read_sources(write_formatted(tmp_path / "book.xlsx", ["00000000"], rows))
    assert [row[0] for row in table.rows] == [f"{n:08}" for n in range(2, 20_002)]


def test_formats_that_are_not_understood_change_nothing(tmp_path: Path, read_sources) -> None:
    rows = "".join(
        f'<row r="{n}"><c r="A{n}" s="{n}"><v>{n}</v></c>{inline(f"B{n}", f"Text {n}.")}</row>'
        for n in range(1, 6)
    )
    path = write_formatted(tmp_path / "book.xlsx", ["0", "0.00", "#,##0", "yyyy", "General"], rows)
    (table,) = read_sources(path)
    assert [row[0] for row in table.rows][:3] == ["1", "2", "3"]


def test_a_header_that_comes_again_is_skipped_and_told(tmp_path: Path, read_sources) -> None:
    rows = [["sku", "text"], ["A", "Hello"], ["sku", "text"], ["B", "Bye"]]
    (table,) = read_sources(write_xlsx(tmp_path / "book.xlsx", {"S": rows}))
    assert (table.rows, table.notes) == ([["A", "Hello"], ["B", "Bye"]], ["1 repeated header line skipped"])
