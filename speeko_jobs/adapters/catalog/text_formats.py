"""Recognize which format a text is in, and refuse by name what is no catalog.

A text that is read line by line is bought line by line. Markup, subtitles, translations and configuration
files are therefore refused, in one line that says what they are and what to do. Looks at the
first block only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from speeko_jobs.adapters.catalog.csv_reader import BY_NAME
from speeko_jobs.errors import CatalogError

FEED_ROOTS = frozenset({"rss", "rdf", "feed", "channel"})
LOOK_LINES = 200

_LIKE_JSON = re.compile(r'\[\s*(?:[{"\]]|$)|\{\s*"')
_DOCTYPE = re.compile(r"<!doctype\s+[\w:.-]+[^\[>]*(?:\[.*?\]\s*)?>", re.I | re.S)
_TAG = re.compile(r"<([A-Za-z_][\w:.-]*)(?=[\s/>])")
_SRT = re.compile(r"\s*\d+[ \t]*\r?\n\s*\d{1,2}:\d\d:\d\d[,.]\d{1,3}\s*-->")
_LRC = re.compile(r"(?:\[[a-z]{2,6}:[^\]]*\]\s*)*\[\d\d:\d\d[.:]\d\d\d?\]")
_PO = (re.compile(r'^msgid\s+"', re.M), re.compile(r'^msgstr(?:\[\d\])?\s+"', re.M))
_SQL = (
    re.compile(r"\s*(?:--|/\*|SET |INSERT |CREATE |DROP )", re.I),
    re.compile(r"^INSERT INTO \S", re.M | re.I),
)
_YAML_KEY = re.compile(r"""(\s*)(- )?["']?[\w .-]{1,40}["']?:(?:\s|$)""")
# fmt: off
_FRAGMENTS = frozenset((  # tags with which a line of text may begin
    "a", "b", "blockquote", "br", "center", "div", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr",
    "i", "img", "li", "ol", "p", "pre", "section", "span", "strong", "table", "u", "ul", "speak",
))
# fmt: on

_TO_CSV = "convert it to CSV or JSONL with the columns id and text"
_TO_TABLE = "give the table itself as CSV, JSONL or XLSX"
_OR_TEXT = "; --input-format text speaks every line of it"
_ROOTS = {
    "html": ("an HTML page", f"{_TO_TABLE}; a link may lead to a page for signing in"),
    "lexicon": ("a PLS lexicon", "give it with --lexicon"),
    "opml": ("an OPML list of feeds", "give the feeds themselves"),
    "plist": ("a property list", _TO_CSV),
    "resources": ("a file of Android string resources", _TO_CSV),
    "sitemapindex": ("a sitemap index", _TO_TABLE),
    "speak": ("an SSML document", "put it in one cell of a CSV or JSONL file, or speak it with `speeko say`"),
    "svg": ("an SVG image", _TO_TABLE),
    "tmx": ("a TMX translation memory", _TO_CSV),
    "tt": ("a file of TTML subtitles", _TO_CSV),
    "urlset": ("a sitemap", _TO_TABLE),
    "workbook": ("an XML workbook of Excel 2003", "save it as XLSX or CSV"),
    "xliff": ("an XLIFF translation file", _TO_CSV),
}
_BY_SUFFIX = {
    ".yaml": "a YAML file", ".yml": "a YAML file", ".toml": "a TOML file", ".ini": "an INI file",
    ".properties": "a file of properties", ".strings": "a file of Apple strings",
}  # fmt: skip


def text_format(start: str, suffix: str, name: str) -> str:
    """Return json, jsonl, xml, or "" for lines, delimited or not, which their dialect tells apart.

    Raise CatalogError for what is no catalog: markup that is no feed, subtitles, translations, SQL, YAML.
    """
    root = xml_root(start, suffix)
    if root is not None:
        if _local(root) in FEED_ROOTS:
            return "xml"
        raise refused_xml(root, name)
    if what := _subtitles_or_translations(start):
        raise _refused(name, what, _TO_CSV + _OR_TEXT)
    if suffix in BY_NAME:
        return ""
    start = start.lstrip()
    first_line, _, rest = start.partition("\n")
    is_json_line = first_line.startswith(("{", "[", '"')) and _is_json(first_line)
    if suffix in (".jsonl", ".ndjson"):
        is_array = start.startswith("[") and (not is_json_line or not rest.strip())
        return "json" if is_array else "jsonl"
    if start.startswith("{") and is_json_line:
        return "jsonl"
    if suffix == ".json" or _LIKE_JSON.match(start):
        return "json"
    if suffix in _BY_SUFFIX:
        raise _refused(name, _BY_SUFFIX[suffix], _TO_CSV + _OR_TEXT)
    if _SQL[0].match(start) and _SQL[1].search(start):
        raise _refused(name, "an SQL dump", f"export the table as CSV{_OR_TEXT}")
    return ""


def refuse_yaml(lines: Sequence[str], name: str) -> None:
    """Raise CatalogError for YAML that would be read as plain text."""
    if _is_yaml(lines):
        raise _refused(name, "YAML", _TO_CSV + _OR_TEXT)


def xml_root(start: str, suffix: str = "") -> str | None:
    """Return the name of the root element of an XML or HTML document, "" where it cannot be seen.

    None for other text. A line of text may begin with a tag, so a document declares itself, has a root that
    is known, or has a root whose end is not on its line.
    """
    declared, at = _end_of_prolog(start)
    tag = _TAG.match(start, at)
    if tag is None:
        return "" if declared else None
    root, line = tag[1], start[at:].partition("\n")[0]
    ends_on_its_line = f"</{root}" in line or line.rstrip().endswith("/>")
    if declared:
        one_a_line = root == "speak" and ends_on_its_line and start[at + len(line) :].lstrip().startswith("<")
        return None if one_a_line else root
    local = _local(root)
    if suffix in (".html", ".htm", ".xhtml") or local in ("head", "body"):
        return "html"
    if suffix == ".xml" or local in FEED_ROOTS or (local in _ROOTS and local not in _FRAGMENTS):
        return root
    if ends_on_its_line or local in _FRAGMENTS or suffix in BY_NAME:
        return None
    return root if start[at + len(line) :].lstrip().startswith("<") else None


def refused_xml(root: str, name: str) -> CatalogError:
    """Return the error for an XML document that is no feed."""
    if known := _ROOTS.get(_local(root)):
        return _refused(name, *known)
    shown = f"XML with the root element <{root[:60]}>" if root else "XML"
    return _refused(name, shown, f"only RSS, Atom and Google Merchant feeds are read; {_TO_CSV}")


def xml_encoding(head: bytes) -> str:
    """Return the encoding that an XML declaration names, "" where the bytes decide.

    Latin-1 is read as cp1252, as browsers do: feeds that declare it hold quotation marks of Windows.
    """
    match = re.match(rb"""\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""", head)
    declared = match[1].decode().lower() if match else ""
    if declared in ("iso-8859-1", "latin1", "latin-1", "windows-1252"):
        return "cp1252"
    return "" if declared.startswith(("utf", "us-ascii", "ascii", "ucs")) else declared


def _refused(name: str, what: str, remedy: str) -> CatalogError:
    return CatalogError(f"{name}: this is {what}, not a catalog: {remedy}")


def _local(root: str) -> str:
    return root.rpartition(":")[2].lower()


def _end_of_prolog(start: str) -> tuple[bool, int]:
    """Return whether the text declares itself as markup, and where its first element may begin."""
    declared, at = False, 0
    while True:
        at += len(start[at:]) - len(start[at:].lstrip("\ufeff \t\r\n"))
        if start.startswith("<?xml", at) or start.startswith("<?XML", at):
            declared, end = True, start.find("?>", at)
        elif start.startswith("<!--", at):
            end = start.find("-->", at) + 1 or -1
        elif start[at : at + 9].lower() == "<!doctype":
            match = _DOCTYPE.match(start, at)
            declared, end = True, match.end() - 2 if match else -1
        else:
            return declared, at
        if end < 0:
            return declared, len(start)
        at = end + 2


def _subtitles_or_translations(start: str) -> str:
    if start.lstrip("\ufeff").startswith("WEBVTT"):
        return "a file of WebVTT subtitles"
    if _SRT.match(start):
        return "a file of SRT subtitles"
    if start.lstrip().startswith("[Script Info]"):
        return "a file of ASS subtitles"
    if _LRC.match(start.lstrip()):
        return "a file of LRC lyrics"
    if all(pattern.search(start) for pattern in _PO):
        return "a PO translation file"
    return ""


def _is_yaml(lines: Sequence[str]) -> bool:
    """Return whether every line is a key, an entry of a list or the rest of a value, some of them nested."""
    marked = bool(lines) and lines[0].rstrip() == "---"
    used = [line for line in lines[marked:LOOK_LINES] if line.strip() and not line.lstrip().startswith("#")]
    keys = [match for match in map(_YAML_KEY.match, used) if match]
    top_keys = [key for key in keys if not key[1]]
    nested = any(key[1] for key in keys) or sum(bool(key[2]) for key in keys) > 1
    if len(keys) < 2 or not top_keys or not (marked or nested):
        return False
    return all(line[0] in " \t" or line.startswith("- ") or _YAML_KEY.match(line) for line in used)


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True
