"""What the tests of the deployment share."""

from __future__ import annotations

import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import here  # noqa: F401
from tests.deploy.installed import Installed
from tests.deploy.rabbitmq import RabbitProcess
from tests.e2e.conftest import celery_broker_cluster, make_spine  # noqa: F401
from tests.fixtures.database import migrated_template, migrated_url  # noqa: F401
from tests.fixtures.faulty import flow, strict  # noqa: F401


@pytest.fixture
def rabbit(tmp_path: Path) -> Iterator[RabbitProcess]:
    """A RabbitMQ that starts: call `ready`. The test is skipped where none is installed."""
    started = RabbitProcess(tmp_path)
    try:
        yield started
    finally:
        started.teardown()


@pytest.fixture(scope="session")
def installed() -> Iterator[Installed]:
    """The wheel in an environment of its own, below a folder that is closed to everybody else."""
    folder = Path(tempfile.mkdtemp(prefix="speeko-wheel-"))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    try:
        made = Installed(folder)
        with made.processes:
            yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)
