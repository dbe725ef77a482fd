"""Encodings: by mark, by content, by option; and what is no text."""

from __future__ import annotations

import random

import pytest

from speeko_jobs.errors import CatalogError

TEXT = "id;text\r\n1;Größe: 12 €, naïve\r\n2;„Zweite“ Zeile\r\n"
ROWS = [["1", "Größe: 12 €, naïve"], ["2", "„Zweite“ Zeile"]]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_encodings_are_detected(read, encoding: str) -> None:
    table = read(TEXT.encode(encoding))
    assert (table.header, table.rows) == (("id", "text"), ROWS)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252", "utf-16-le"])
def test_encodings_can_be_said(read, encoding: str) -> None:
    assert read(TEXT.encode(encoding), encoding=encoding).rows == ROWS


def test_utf16_without_mark_in_a_script_of_few_zero_bytes(read) -> None:
    rows = "".join(f"{i},这双红色的鞋子非常舒适耐穿适合日常穿着\n" for i in range(200))
    table = read(("id,text\n" + rows).encode("utf-16-le"))
    assert len(table.rows) == 200
    assert table.how.endswith("utf-16-le")


def test_other_encodings_have_to_be_said(read) -> None:
    russian = "код;текст\n1;Красные туфли на каблуке\n2;Синие ботинки\n"
    with pytest.raises(CatalogError, match="give --encoding"):
        read(russian.encode("cp1251"))
    assert read(russian.encode("cp1251"), encoding="cp1251").rows[0] == ["1", "Красные туфли на каблуке"]
    chinese = "id,text\n1,红色的鞋子\n"
    assert read(chinese.encode("gb18030"), encoding="gb18030").rows == [["1", "红色的鞋子"]]


def test_cp1252_that_shows_late(read) -> None:
    start = "".join(f"{i},plain text of number {i}\n" for i in range(30_000))
    table = read(("id,text\n" + start + "x,café crème\n").encode("cp1252"))
    assert table.rows[-1] == ["x", "café crème"]
    assert not table.bad


@pytest.mark.parametrize("encoding", ["nope", "base64", "rot13"])
def test_no_such_encoding(read, encoding: str) -> None:
    with pytest.raises(CatalogError, match=f'no encoding "{encoding}"'):
        read("id,text\n1,a\n", encoding=encoding)


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.json", "x.txt", "x"])
def test_random_bytes(read, name: str) -> None:
    for seed in range(20):
        with pytest.raises(CatalogError, match=r"binary data, not a catalog|cannot tell the encoding"):
            read(b"\x00" + random.Random(seed).randbytes(3000), name=name)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\x89PNG\r\n\x1a\n....", "PNG"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"RIFF....WAVE", "audio"),
        (b"ID3..", "MP3"),
    ],
)
def test_known_junk_is_named(read, data: bytes, what: str) -> None:
    with pytest.raises(CatalogError, match=what):
        read(data)


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n ", b"\xef\xbb\xbf", b"\xff\xfe\r\0\n\0"])
def test_empty_files(read, data: bytes) -> None:
    with pytest.raises(CatalogError, match=r"x\.csv: the file is empty"):
        read(data)
