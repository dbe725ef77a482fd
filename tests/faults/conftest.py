"""What the fault tests stand on: the flow in this process, worker processes beside it, whole machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.database import migrated_template, migrated_url  # noqa: F401
from tests.fixtures.inprocess import InProcess
from tests.fixtures.metered import MeteredProvider
from tests.fixtures.s3 import s3_endpoint, s3_environment, s3_url  # noqa: F401
from tests.fixtures.spine import Spine, broker

MakeSpine = Callable[..., Spine]


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[MeteredProvider]:
    """A provider that bills every call, repeated or not."""
    provider = MeteredProvider(tmp_path, ignore_idempotency=True)
    yield provider
    provider.stop()


@pytest.fixture
def flow(
    tmp_path: Path,
    migrated_url: str,  # noqa: F811
    redis_url: str,
    strict: MeteredProvider,
) -> Iterator[InProcess]:
    """The flow under short leases and few calls at a time."""
    home = tmp_path / "home"
    home.mkdir()
    settings = strict.settings(
        home=str(home), database_url=migrated_url, redis_url=redis_url, max_concurrency=2, lease_seconds=3.0
    )
    opened = InProcess(settings, tmp_path, strict)
    yield opened
    opened.close()


@pytest.fixture
def make_spine(tmp_path: Path, database_url: str) -> Iterator[MakeSpine]:
    """Makes the test's spine, without workers; its options are those of Spine."""
    with ExitStack() as made:
        redis = made.enter_context(broker(tmp_path))

        def make(**options: Any) -> Spine:
            spine = Spine(tmp_path, options.pop("database_url", database_url), redis, **options)
            made.callback(spine.close)
            return spine

        yield make
