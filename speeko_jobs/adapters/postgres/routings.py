"""How the last job of a destination chose its voices, so that the next one can keep to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from speeko_jobs.adapters.postgres.database import Database


def last(database: Database, output: str, provider: str, model: str) -> Mapping[str, Any] | None:
    """`routing` out of the spec of the newest released job there, as JSON; None where there is none."""
    values = {"output": output, "provider": provider, "model": model}
    found = database.row("routing_last", values)
    routing: Mapping[str, Any] | None = found[0] if found else None
    return routing
