"""What the tests of the deployment share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import here  # noqa: F401
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
