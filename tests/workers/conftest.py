"""Brokers and workers as processes, as the end-to-end tests have them."""

from __future__ import annotations

from tests.e2e.conftest import celery_broker_cluster, make_spine  # noqa: F401
