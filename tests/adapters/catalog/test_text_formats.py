"""What a text is: feeds and tables are read, other formats are refused by name, text says that it is text."""

from __future__ import annotations

import pytest

from speeko_jobs.errors import CatalogError

SRT = "1\n00:00:01,000 --> 00:00:02,000\nHello there.\n\n2\n00:00:03,000 --> 00:00:04,000\nBye.\n"
PO = '# made by us\nmsgid ""\nmsgstr "Language: de\\n"\n\nmsgid "Hello"\nmsgstr "Hallo"\n'
YAML = "- id: 1\n  text: Hello, you\n- id: 2\n  text: Bye, you\n"
HTML = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Sign in, please</body></html>\n"
XML = '<?xml version="1.0"?>\n<products>\n<product id="1"><text>Hi</text></product>\n</products>\n'

REFUSED = [
    (XML, "XML with the root element <products>, not a catalog: only RSS, Atom and Google"),
    (XML.partition("\n")[2], "XML with the root element <products>"),
    ('<?xml version="1.0"?>', "XML, not a catalog"),
    (HTML, "an HTML page, not a catalog: give the table itself as CSV, JSONL or XLSX"),
    ("<!-- saved -->\n<html lang='en'>\n<body>Hi</body></html>", "an HTML page"),
    ('<?xml version="1.0"?><!DOCTYPE html PUBLIC "a" "b"><html>\n</html>', "an HTML page"),
    ('<?xml version="1.0"?><xliff version="1.2">\n</xliff>', "an XLIFF translation file"),
    ('<urlset xmlns="x"><url><loc>u</loc></url></urlset>', "a sitemap"),
    ('<?xml version="1.0"?>\n<speak>\nHello\n</speak>', "an SSML document, not a catalog: put it in"),
    (SRT, "a file of SRT subtitles, not a catalog: convert it to CSV or JSONL with the columns id and text"),
    (SRT.replace("\n", "\r\n"), "a file of SRT subtitles"),
    ("WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n", "a file of WebVTT subtitles"),
    ("[Script Info]\nTitle: x\n", "a file of ASS subtitles"),
    ("[ti:Song]\n[00:01.00]La la\n", "a file of LRC lyrics"),
    (PO, "a PO translation file"),
    (YAML, "YAML, not a catalog: convert it to CSV"),
    ("---\ntitle: One\ntext: Hello there\n", "YAML"),
    ("menu:\n  sales: Press one\n  support: Press two\n", "YAML"),
    ("-- MySQL dump\nINSERT INTO t VALUES (1,'Hello');\n", "an SQL dump, not a catalog: export the table"),
]  # fmt: skip


@pytest.mark.parametrize("name", ["x.txt", "x"])
@pytest.mark.parametrize(("data", "told"), REFUSED)
def test_what_is_no_catalog_is_refused_as_what_it_is(read, name: str, data: str, told: str) -> None:
    with pytest.raises(CatalogError) as error:
        read(data, name)
    assert str(error.value).startswith(f"{name}: this is {told}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "data"),
    [("x.csv", HTML), ("x.json", HTML), ("x.xml", XML), ("x.csv", XML), ("x.xml", "<p>Hi</p>"),
     ("x.html", "<p>Hi</p>"), ("x.srt", SRT), ("x.csv", SRT), ("x.po", PO),
     ("x.yaml", YAML), ("x.yml", "a: b"),
     ("x.strings", '"a" = "Hello";\n'), ("x.toml", 'a = "b"\n')],
)  # fmt: skip
def test_names_and_contents_are_both_looked_at(read, name: str, data: str) -> None:
    with pytest.raises(CatalogError, match="not a catalog"):
        read(data, name)


@pytest.mark.parametrize(
    "data",
    [
        "<speak>Hello</speak>\n<speak>Bye</speak>\n",
        '<?xml version="1.0"?><speak>Hello</speak>\n<?xml version="1.0"?><speak>Bye</speak>\n',
        "<p>Hello</p>\n<p>Bye</p>\n",
        "<div>\nHello\n",
        "<smile> is what she says\nand then she goes\n",
        "Anna: Hello.\nBen: Good day.\n",
        "- one\n- two\n",
        "Note: this is text\nand it goes on\n",
        "---\ntitle: A page\n---\n\nWords that follow.\n",
        "1\nHello\n2\nBye\n",
        "She said msgid and left.\n",
    ],
)
def test_lines_of_text_stay_text_and_say_so(read, data: str) -> None:
    table = read(data, "x.txt")
    assert table.rows == [[line] for line in data.splitlines() if line]
    assert table.notes == ["read as plain text, one row a line"]


@pytest.mark.parametrize("data", [YAML, SRT, HTML, XML, PO])
def test_text_can_be_asked_for(read, data: str) -> None:
    assert len(read(data, "x.txt", format="text").rows) == sum(map(bool, data.splitlines()))


def test_xml_can_be_asked_for(read) -> None:
    with pytest.raises(CatalogError, match="XML with the root element <products>"):
        read(XML, "x.txt", format="xml")
    with pytest.raises(CatalogError, match="not well-formed XML"):
        read("id,text\n1,Hello\n", "x.csv", format="xml")


def test_tables_have_no_note_on_text(read) -> None:
    assert read("id,text\n1,Hello\n").notes == read("text\nHello\n").notes == []
    assert read("a,b\n1,Hello\n2,Bye\n").notes == [
        'the row "a", "b" was taken as the header (--header no reads it as a row)'
    ]
