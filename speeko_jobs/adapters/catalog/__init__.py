"""Catalog readers: whatever holds one text a row, as tables of rows of strings.

Knows file formats, encodings and where catalogs live. Leaves to others what a column means
(core.catalog.column_mapping) and what becomes of a row.
"""

from speeko_jobs.adapters.catalog.reader_factory import open_catalog
from speeko_jobs.adapters.catalog.table import BadRow, Row, Table, sample
from speeko_jobs.core.catalog.read_options import ReadOptions

__all__ = ["BadRow", "ReadOptions", "Row", "Table", "open_catalog", "sample"]
