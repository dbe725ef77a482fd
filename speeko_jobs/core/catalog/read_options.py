"""How a catalog is to be read, as the user asked for it."""

from __future__ import annotations

from dataclasses import dataclass

FORMATS = ("csv", "jsonl", "json", "text", "xml", "parquet", "xlsx")
READ_FORMATS = "CSV, JSON, JSONL, text, an RSS or Atom feed, Parquet or XLSX"


@dataclass(frozen=True)
class ReadOptions:
    """Say how to read a catalog; empty and "auto" mean: find out.

    `format` is csv (any delimiter), jsonl, json, text, xml (RSS, Atom), parquet or xlsx; `quoting`
    is auto, none or minimal; `header` is auto, yes or no.
    """

    delimiter: str = ""
    encoding: str = ""
    quoting: str = "auto"
    format: str = ""
    header: str = "auto"
