"""What a worker tells those who ask (`celery inspect`, Flower) about its broker: no password is in it.

Celery's own answer quotes the URL of a Redis on a Unix socket whole.
"""

from __future__ import annotations

from typing import Any

from celery.worker.control import inspect_command

SHOWN_FIELDS = ("transport", "connect_timeout", "heartbeat")


@inspect_command()
def stats(state: Any, **_: Any) -> dict[str, Any]:
    """Request worker statistics/information."""
    told: dict[str, Any] = state.consumer.controller.stats()
    broker, connection = told.get("broker"), state.consumer.connection
    if not isinstance(broker, dict) or connection is None:
        return told | {"broker": {}}
    return told | {"broker": {"url": connection.as_uri()} | {name: broker.get(name) for name in SHOWN_FIELDS}}
