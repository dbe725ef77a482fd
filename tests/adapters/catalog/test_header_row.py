"""Which row is the header."""

from __future__ import annotations

import pytest

from speeko_jobs.adapters.catalog.header_row import find_header


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        ([["sku", "description"], ["1", "A"]], 0),
        ([["Product list"], ["", ""], ["sku", "description"], ["1", "A"]], 2),
        ([["Report", "", ""], ["by", "me", ""], ["sku", "text", "price"], ["1", "A", "2"]], 2),
        ([["", "text"], ["0", "Hello"], ["1", "World"]], 0),
        ([["productId", "Text"]], 0),
        ([["Artikel", "Preis"], ["Schuhe", "12,50"], ["Hose", "7"]], 0),
        ([["foo", "bar"], ["x1", "This is a whole sentence"], ["x2", "And this is one"]], 0),
        ([["210", "Basque", "text"], ["211", "Thai", "text"]], -1),
        ([["a.wav", "83", "He sets it."], ["b.wav", "6", "I am desperate."]], -1),
        ([["greeting", "Hello there"], ["bye", "See you soon my friend"]], -1),
        ([["ok", "Yes."], ["no", "No, thank you very much."]], -1),
        ([["1", "text"], ["2", "other"]], -1),
        ([["Hello"], ["World"]], -1),
        ([["text"], ["Hello"]], 0),
        ([["type", "text"], ["type", "text"]], -1),
        # known names outweigh a long cell, and what comes up again below speaks against them
        ([["Handle", "Title", "x" * 120], ["a-1", "A", ""], ["b-2", "B", ""]], 0),
        ([["Handle", "Title", *["Name " * 20] * 9], ["a-1", "A"], ["b-2", "B"]], 0),
        ([["a.wav", "nula", "cs"], ["b.wav", "1", "cs"], ["c.wav", "2", "cs"]], -1),
        ([["a.wav", "nula"], ["b.wav", "1"], ["c.wav", "2"]], -1),
        ([["anna", "zero"], ["anna", "1"], ["ben", "2"]], -1),
        ([["name", "Please say your name."], ["code", "Please type your code."]], -1),
        ([["name", "Please say your name"], ["code", "Please type your code"]], -1),
        ([["sku", "color", "size", "brand"], ["A1", "red", "large", "us"], ["A2", "blue", "small", "us"]], 0),
        ([["Product ID", "Long description"], ["A1", "Tall lamp"], ["A2", "Red lamp"]], 0),
        # joined exports repeat the header; titles may be as full as it
        ([["id", "text"], ["1", "A"], ["\ufeffid", "text"], ["2", "B"]], 0),
        ([["Made on Monday", "do not edit"], ["id", "text"], ["1", "A"], ["2", "B"]], 1),
        ([["1", "A"], ["id", "text"], ["2", "B"], ["3", "C"]], -1),
        ([], -1),
    ],
)
def test_found(rows: list[list[str]], index: int) -> None:
    assert find_header(rows) == index


def test_asked_for() -> None:
    rows = [["Anna", "Hello there."], ["Bob", "Good day."]]
    assert (find_header(rows), find_header(rows, "yes")) == (-1, 0)
    assert find_header([["A list", ""], *rows], "yes") == 1
    assert find_header([["sku", "text"], ["1", "a"]], "no") == -1


def test_files_with_and_without(read) -> None:
    table = read('Our products\n\nsku,description,price\nA1,"Nice, red",10\nA2,Blue,11\n')
    assert (table.header, len(table.rows)) == (("sku", "description", "price"), 2)
    table = read("7,Hello there.\n8,And you.\n")
    assert (table.header, table.has_header, len(table.rows)) == (("1", "2"), False, 2)
    assert read("sku,text\n1,a\n", header="no").rows == [["sku", "text"], ["1", "a"]]


def test_names_are_tidied(read) -> None:
    assert read('"sku "," product\ntext",,sku\n1,a,b,c\n2,a,b,c\n').header == (
        "sku",
        "product text",
        "3",
        "sku",
    )
