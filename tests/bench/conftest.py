"""Benches run the same spine as the tests from end to end. They print, and never assert on the clock."""

from __future__ import annotations

from tests.e2e.conftest import celery_backend_cluster, celery_broker_cluster, make_spine

__all__ = ["celery_backend_cluster", "celery_broker_cluster", "make_spine"]
