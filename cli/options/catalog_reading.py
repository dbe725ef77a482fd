"""Declare the options for reading a catalog: its columns, its format, and duplicate ids."""

from __future__ import annotations

from speeko_cli.options.option_builder import READING, choice, column, option, together
from speeko_jobs.core.job.job_spec import DUPLICATE_RULES

reading = together(
    column("--id", "column with the row's id; repeatable; values are joined with '-'", multiple=True),
    column("--text", "column with the text; repeatable; values are spoken in the order given", multiple=True),
    column("--voice-column", "column with the voice of each row"),
    column("--language-column", "column with the language of each row"),
    choice(
        "--input-format",
        ("auto", "csv", "jsonl", "json", "text", "xml", "parquet", "xlsx"),
        "format of the files",
    ),
    option(
        "--delimiter",
        default="",
        metavar="CHAR",
        section=READING,
        help='character between cells, or "tab" [default: auto-detected]',
    ),
    option(
        "--encoding",
        default="",
        metavar="NAME",
        section=READING,
        help="text encoding, such as utf-8 or cp1252 [default: auto-detected]",
    ),
    choice("--quoting", ("auto", "none", "minimal"), "whether cells may be enclosed in quotes"),
    choice("--header", ("auto", "yes", "no"), "whether the first row holds the column names"),
    choice(
        "--on-duplicate-id", DUPLICATE_RULES, "what to do when several rows have the same id or file name"
    ),
    option(
        "--strict", is_flag=True, section=READING, help="fail at the first row that cannot be synthesized"
    ),
)
