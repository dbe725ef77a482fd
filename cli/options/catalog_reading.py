"""Options on reading a catalog: its columns, its format, and rows of one name."""

from __future__ import annotations

from speeko_cli.options.option_builder import READING, choice, column, option, together
from speeko_jobs.core.job.job_spec import DUPLICATE_RULES

reading = together(
    column("--id", "column of the id; again: joined with -", multiple=True),
    column("--text", "column to speak; again: one after another", multiple=True),
    column("--voice-column", "column of a voice for each row"),
    column("--language-column", "column of a language for each row"),
    choice(
        "--input-format", ("auto", "csv", "jsonl", "json", "text", "parquet", "xlsx"), "what the files are"
    ),
    option(
        "--delimiter",
        default="",
        metavar="CHAR",
        section=READING,
        help='what separates cells, or "tab" [default: found out]',
    ),
    option(
        "--encoding",
        default="",
        metavar="NAME",
        section=READING,
        help="such as utf-8 or cp1252 [default: found out]",
    ),
    choice("--quoting", ("auto", "none", "minimal"), "whether quotes enclose cells"),
    choice("--header", ("auto", "yes", "no"), "whether the first row names the columns"),
    choice("--on-duplicate-id", DUPLICATE_RULES, "what to do with rows of one name"),
    option("--strict", is_flag=True, section=READING, help="stop at the first row that cannot be spoken"),
)
