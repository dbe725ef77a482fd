"""pytest-celery's clusters, made of processes of this machine instead of containers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pytest_celery import CeleryBrokerCluster, CeleryWorkerCluster

from tests.fixtures.spine import DELIVERING, SYNTHESIZING, Spine, broker

MakeSpine = Callable[..., Spine]


@pytest.fixture
def celery_broker_cluster(tmp_path: Path) -> Iterator[CeleryBrokerCluster]:
    with broker(tmp_path) as node:
        yield CeleryBrokerCluster(node)


@pytest.fixture
def celery_backend_cluster() -> None:
    """None: Postgres keeps the results."""


@pytest.fixture
def make_spine(
    tmp_path: Path, database_url: str, celery_broker_cluster: CeleryBrokerCluster
) -> Iterator[MakeSpine]:
    """Makes the test's spine, without workers; its options are those of Spine."""
    with ExitStack() as made:

        def make(**options: Any) -> Spine:
            spine = Spine(
                tmp_path, options.pop("database_url", database_url), celery_broker_cluster[0], **options
            )
            made.callback(spine.close)
            return spine

        yield make


@pytest.fixture
def idle_spine(make_spine: MakeSpine) -> Spine:
    """A spine whose provider is quick and behaves."""
    return make_spine(provider={"latency_ms": 20})


@pytest.fixture
def celery_worker_cluster(idle_spine: Spine) -> CeleryWorkerCluster:
    """The workers of one machine: a node that synthesizes with two processes, and one that delivers."""
    return idle_spine.start_workers(SYNTHESIZING, DELIVERING)


@pytest.fixture
def spine(idle_spine: Spine, celery_worker_cluster: CeleryWorkerCluster) -> Spine:
    """A spine with workers."""
    return idle_spine
