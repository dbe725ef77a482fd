"""RSS, Atom and Google Merchant feeds: an item is a row; nothing hostile or broken passes."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from speeko_jobs.adapters.catalog import open_catalog
from speeko_jobs.adapters.catalog.feed_reader import MAX_DEPTH
from speeko_jobs.errors import CatalogError
from tests.adapters.catalog.test_exported_catalogs import FIXTURES, ids_and_texts, opened

G = 'xmlns:g="http://base.google.com/ns/1.0"'
CHAIRS = [(f"B{n}", f"<p>A low chair, number {n}.</p>") for n in (1, 2, 3)]


def rss(*items: str, attributes: str = G) -> str:
    inner = "".join(f"<item>{item}</item>" for item in items)
    return f'<rss version="2.0" {attributes}><channel><title>T</title>{inner}</channel></rss>'


@pytest.mark.parametrize("name", ["merchant_feed.xml", "merchant_feed_named.txt"])
def test_a_merchant_feed_is_a_catalog_whatever_its_name(name: str) -> None:
    table = opened(name)
    assert table.header == ("id", "title", "description", "link", "price")
    assert ids_and_texts(table) == CHAIRS
    assert table.how == "Google Merchant feed, utf-8"


@pytest.mark.parametrize("name", ["feed.xml.gz", "feed.csv", "feed.rss", "feed"])
def test_packed_and_misnamed_feeds(read, name: str) -> None:
    data = (FIXTURES / "merchant_feed.xml").read_bytes()
    table = read(gzip.compress(data) if name.endswith("gz") else data, name)
    assert [row[0] for row in table.rows] == ["B1", "B2", "B3"]


def test_feeds_in_a_folder(tmp_path: Path, read_sources) -> None:
    for name in ("a.xml", "b.rss", "c.atom", "notes.md"):
        (tmp_path / name).write_text(rss("<title>One</title>"))
    assert [table.name for table in read_sources(tmp_path)] == ["a.xml", "b.rss", "c.atom"]


def test_atom(read) -> None:
    table = read(
        '<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Blog</title>'
        '<entry><id>urn:1</id><title>One</title><link rel="self" href="https://x.example/s"/>'
        '<link href="https://x.example/1"/><author><name>Ann</name></author>'
        '<category term="a"/><category term="b"/>'
        '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>First &amp; last.</p>'
        "<p>1 &lt; 2</p></div></content></entry>"
        '<entry><id>urn:2</id><title>Two</title><content type="html">&lt;p&gt;Hi.&lt;/p&gt;</content></entry>'
        "</feed>",
        "x.atom",
    )
    assert table.how == "Atom feed, utf-8"
    assert table.header == ("id", "title", "link", "author.name", "category", "content")
    assert table.rows[0] == [
        "urn:1", "One", "https://x.example/1", "Ann", "a. b",
        "<div><p>First &amp; last.</p><p>1 &lt; 2</p></div>",
    ]  # fmt: skip
    assert table.rows[1][-1] == "<p>Hi.</p>"


def test_prefixes_nested_and_repeated_elements(read) -> None:
    table = read(
        rss(
            "<title>Plain</title><m:id>1</m:id><m:title>Merchant</m:title><dc:creator>Ann</dc:creator>"
            "<m:shipping><m:country>DE</m:country><m:price>4 EUR</m:price></m:shipping>"
            "<m:shipping><m:country>AT</m:country></m:shipping>"
            "<description>A <b>tall</b> lamp.</description>",
            attributes='xmlns:m="http://base.google.com/ns/1.0"',
        ),
        "x.xml",
    )
    assert table.header == (
        "title", "id", "g:title", "dc:creator", "shipping.country", "shipping.price", "description",
    )  # fmt: skip
    assert table.rows == [["Plain", "1", "Merchant", "Ann", "DE. AT", "4 EUR", "A <b>tall</b> lamp."]]


def test_a_prefix_that_is_not_declared_and_entities_of_html(read) -> None:
    table = read(
        rss("<g:id>1</g:id><description>A&nbsp;b &eacute; &amp; c</description>", attributes=""), "x.xml"
    )
    assert (table.header, table.rows) == (("id", "description"), [["1", "A\u00a0b \u00e9 & c"]])


def test_rdf_and_items_that_lack_elements(read) -> None:
    table = read(
        '<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        "<channel><title>T</title></channel><item><title>One</title></item>"
        "<item><link>u</link></item><item/></rdf:RDF>",
        "x.xml",
    )
    assert (table.header, table.rows) == (("title", "link"), [["One", ""], ["", "u"], ["", ""]])


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252", "shift_jis", "utf-8-sig"]
)
def test_encodings_as_declared(read, encoding: str) -> None:
    text = "日本語" if encoding == "shift_jis" else "naïve"
    declared = encoding.removesuffix("-sig")
    data = f'\n<?xml version="1.0" encoding="{declared}"?>{rss(f"<description>{text}</description>")}'
    assert read(data.encode(encoding), "x.xml").rows == [[text]]


def test_bad_bytes_nuls_and_control_characters_cost_their_items(read) -> None:
    items = [
        "<title>ca\xc3\xa9</title>",
        "<title>b\xffd</title>",
        "<title>nu\0l</title>",
        "<title>a\x0bb</title>",
    ]
    table = read(rss(*items).encode("latin-1"), "x.xml")
    assert table.rows == [["ca\u00e9"], ["a b"]]
    assert [row.reason.partition(":")[0] for row in table.bad] == ["item 2 (line 1)", "item 3 (line 1)"]


BOMB = '<!DOCTYPE rss [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + rss("<title>&b;</title>")
OUTSIDE = '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + rss("<title>&x;</title>")
PARAMETER = '<!DOCTYPE rss [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]>' + rss("<title>A</title>")


@pytest.mark.parametrize("hostile", [BOMB, OUTSIDE, PARAMETER])
def test_declared_entities_are_refused(read, hostile: str) -> None:
    with pytest.raises(CatalogError, match=r'^x\.xml, line 1: the feed declares the entity "[ax]": remove'):
        read(hostile, "x.xml")


def test_an_external_doctype_is_not_fetched(read) -> None:
    data = '<!DOCTYPE rss PUBLIC "-//Netscape//DTD" "http://127.0.0.1:9/rss.dtd">' + rss(
        "<title>A&nbsp;b</title>"
    )
    assert read(data, "x.xml").rows == [["A\u00a0b"]]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (
            rss("<title>A & B</title>"),
            "line 1: not well-formed XML, invalid token: correct it",
        ),
        (rss("<title>A</titel>"), "line 1: not well-formed XML, mismatched tag"),
        (rss("<title>A</title>")[:-30], "the feed has no end, the file is incomplete: fetch it again"),
        (rss("<title>A</title>") * 2, "more XML behind the end of the feed: split the file"),
        (rss(attributes=""), "the RSS feed has no items"),
        (rss("<a>" * MAX_DEPTH), "elements are nested deeper than 50"),
    ],
)
def test_broken_feeds_are_refused_in_one_line(read, data: str, told: str) -> None:
    with pytest.raises(CatalogError, match=told) as error:
        read(data, "x.xml")
    assert str(error.value).startswith("x.xml")
    assert "\n" not in str(error.value)


def write_feed(path: Path, items: Iterator[str]) -> Path:
    with path.open("w") as file:
        file.write('<?xml version="1.0"?>\n<rss version="2.0"><channel>')
        for item in items:
            file.write(f"<item>{item}</item>\n")
        file.write("</channel></rss>\n")
    return path


def peak_of(path: Path) -> tuple[int, int]:
    """Return the rows of a feed and the memory that reading them took at most."""
    tracemalloc.start()
    (count,) = [sum(1 for _ in table.rows) for table in open_catalog([str(path)])]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return count, peak


def test_memory_does_not_grow_with_the_feed(tmp_path: Path) -> None:
    item = "<title>Title {0}</title><description>A text to speak, number {0}.</description>"
    few = write_feed(tmp_path / "few.xml", (item.format(n) for n in range(4_000)))
    many = write_feed(tmp_path / "many.xml", (item.format(n) for n in range(30_000)))
    (count, small), (more, large) = peak_of(few), peak_of(many)
    assert (count, more) == (4_000, 30_000)
    assert large < small * 1.5 + 1_000_000


def test_a_huge_item_costs_its_row_and_little_memory(tmp_path: Path) -> None:
    huge = "x" * 1_000_000

    def items() -> Iterator[str]:
        yield "<title>One</title>"
        yield f"<title>{huge * 20}</title>"
        yield "<title><![CDATA[" + huge * 20 + "]]></title>"
        yield "<title/>" * 100_000
        yield "<title>Two</title>"

    path = write_feed(tmp_path / "x.xml", items())
    (table,) = [list(table.rows) for table in open_catalog([str(path)])]
    assert [row if isinstance(row, list) else row.reason.partition(":")[0] for row in table] == [
        ["One"], "item 2 (line 3)", "item 3 (line 4)", "item 4 (line 5)", ["Two"],
    ]  # fmt: skip
    assert peak_of(path)[1] < 40_000_000


@pytest.mark.parametrize("begin", ["<!-- ", '<item a="'])
def test_a_tag_or_comment_without_end_is_refused_in_bounded_memory(tmp_path: Path, begin: str) -> None:
    path = tmp_path / "x.xml"
    with path.open("w") as file:
        file.write(f'<rss version="2.0"><channel><item><title>A</title></item>{begin}')
        for _ in range(40):
            file.write("x" * 1_000_000)
    tracemalloc.start()
    with pytest.raises(CatalogError, match="line 1: a tag or comment without end"):
        peak_of(path)
    assert tracemalloc.get_traced_memory()[1] < 80_000_000
    tracemalloc.stop()


def test_items_with_too_many_kinds_of_elements_are_refused(read) -> None:
    with pytest.raises(CatalogError, match="5,000 different keys, at most 4,000 are read"):
        read(
            rss(*("".join(f"<k{n}>x</k{n}>" for n in range(at, at + 500)) for at in range(0, 5_000, 500))),
            "x.xml",
        )
