"""Catalog readers: whatever holds one text a row, as tables of rows of strings.

Knows file formats, encodings and where catalogs live. Leaves to others what a column means
(core.catalog.column_mapping) and what becomes of a row.
"""

from speeko_jobs.adapters.catalog.object_source import shown
from speeko_jobs.adapters.catalog.reader_factory import open_catalog
from speeko_jobs.adapters.catalog.table import BadRow, ReadOptions, Row, Table, sample

__all__ = ["BadRow", "ReadOptions", "Row", "Table", "open_catalog", "sample", "shown"]
