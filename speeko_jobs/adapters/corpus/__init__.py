"""Catalog readers: whatever holds one text a row, as tables of rows of strings.

Knows file formats, encodings and where catalogs live. Leaves to others what a column means (core.columns)
and what becomes of a row.
"""

from speeko_jobs.adapters.corpus.opening import open_catalog
from speeko_jobs.adapters.corpus.remote import shown
from speeko_jobs.adapters.corpus.table import BadRow, ReadOptions, Row, Table, sample

__all__ = ["BadRow", "ReadOptions", "Row", "Table", "open_catalog", "sample", "shown"]
