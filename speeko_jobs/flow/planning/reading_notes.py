"""Count what the reader decides silently in one table: ids that are missing, numbers that stay as they are.

The plan shows both as notes. Reads cells, changes nothing and refuses nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from speeko_jobs.adapters.catalog import Row, Table
from speeko_jobs.core.catalog.column_mapping import Columns
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.job.row_reader import SpokenRow
from speeko_jobs.core.output.formatting import count
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.core.text import language_tags
from speeko_jobs.core.text.numbers.sign_names import SPOKEN_LANGUAGES

SHOWN_LANGUAGES = 5
SHOWN_CHARS = 30
_DIGIT = re.compile("[0-9]")


class ReadingNotes:
    """Count the rows of one table; `lines` are the notes at its end."""

    def __init__(self, spec: JobSpec, table: Table, columns: Columns) -> None:
        self._spec, self._table, self._columns = spec, table, columns
        self._without_id = 0
        self._unread: Counter[str] = Counter()  # rows with numbers, by language as written

    def add(self, first: int, cells: Sequence[Row], rows: Sequence[SpokenRow]) -> None:
        """Count a batch. `cells`: all its rows, from number `first` on; `rows`: those that can be spoken."""
        if self._columns.id:
            numbered = [row for row in rows if row.id == str(row.row_no)]
            self._without_id += sum(self._lacks_id(cells[row.row_no - first]) for row in numbered)
        if self._spec.read_numbers:
            for row in rows:
                if _DIGIT.search(row.source):
                    self._unread[self._language(cells[row.row_no - first])] += 1

    def lines(self) -> Iterator[str]:
        """Yield the notes."""
        name = self._table.name
        if n := self._without_id:
            yield (
                f"{name}: {count(n, 'row')} without a value in the id column {self._id_columns()}: their row"
                " number is the id, so inserting a row above renames their files; fill in the column, or"
                " choose another with --id"
            )
        lacking = {
            written: n
            for written, n in self._unread.most_common()
            if written and _primary(written) not in SPOKEN_LANGUAGES
        }
        if lacking:
            shown = ", ".join(printable(written)[:SHOWN_CHARS] for written in list(lacking)[:SHOWN_LANGUAGES])
            yield (
                f"{name}: --read-numbers has no words for the language {shown}: numbers in"
                f" {count(sum(lacking.values()), 'row')} stay digits (languages with words:"
                f" {', '.join(sorted(SPOKEN_LANGUAGES))})"
            )

    def _id_columns(self) -> str:
        """Return the columns of the id as a message shows them."""
        if not self._table.has_header:
            return " and ".join(str(at + 1) for at in self._columns.id)
        return " and ".join(f'"{printable(self._table.header[at])}"' for at in self._columns.id)

    def _lacks_id(self, cells: Row) -> bool:
        """Return whether a row whose id is its number lacks one of its own."""
        assert isinstance(cells, Sequence)
        number = [cells[at].strip() for at in self._columns.id if at < len(cells)]
        return not any(one.isdecimal() for one in number)

    def _language(self, cells: Row) -> str:
        assert isinstance(cells, Sequence)
        at = self._columns.language
        written = cells[at].strip() if at is not None and at < len(cells) else ""
        return written or self._spec.language


def _primary(written: str) -> str:
    return language_tags.tag(written).partition("-")[0].lower()
