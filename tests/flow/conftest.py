"""The whole flow in one process, on a database and a provider of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.database import migrated_template, migrated_url  # noqa: F401
from tests.fixtures.inprocess import InProcess, opened_in
from tests.fixtures.metered import MeteredProvider
from tests.fixtures.s3 import s3_endpoint, s3_environment, s3_url  # noqa: F401


class SharedProvider(MeteredProvider):
    """One process for many tests: each sees its own lines of the bill. Every call is billed, repeated or
    not; and it does not wait for the disk, since nothing is killed here."""

    def __init__(self, folder: Path) -> None:
        self._seen = 0
        super().__init__(folder, fsync=False, ignore_idempotency=True)

    def begin(self) -> None:
        self.script([])
        self._seen += len(self.bill())

    def bill(self) -> list[dict[str, Any]]:
        return super().bill()[self._seen :]


@pytest.fixture(scope="session")
def shared_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedProvider]:
    provider = SharedProvider(tmp_path_factory.mktemp("metered"))
    yield provider
    provider.stop()


@pytest.fixture
def metered(shared_provider: SharedProvider) -> MeteredProvider:
    shared_provider.begin()
    return shared_provider


@pytest.fixture
def flow(
    tmp_path: Path,
    migrated_url: str,  # noqa: F811
    redis_url: str,
    metered: MeteredProvider,
) -> Iterator[InProcess]:
    with opened_in(tmp_path, migrated_url, redis_url, metered, max_concurrency=32) as opened:
        yield opened
