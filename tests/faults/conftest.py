"""What the tests of faults share with those of the command line and of catalogs."""

from __future__ import annotations

from tests.adapters.corpus.conftest import read, read_sources  # noqa: F401
from tests.cli.conftest import cli  # noqa: F401
