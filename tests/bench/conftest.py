"""Benches run the same spine as the tests from end to end. They print, and never assert on the clock."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.table import SHOWN
from tests.e2e.conftest import celery_backend_cluster, celery_broker_cluster, make_spine

__all__ = ["celery_backend_cluster", "celery_broker_cluster", "make_spine"]


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """In place of pytest's, which keeps the last three: a bench may leave gigabytes."""
    with tempfile.TemporaryDirectory(prefix="speeko-bench-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """All tables of the run together."""
    if len(SHOWN) > 1:
        terminalreporter.section("benches")
        terminalreporter.write("\n\n".join(SHOWN) + "\n")
