"""Give examples of documents for openapi.json. Their types make sure that they have all fields."""

from __future__ import annotations

from typing import Final

from speeko_cli.monitoring.schemas.fleet import NowJson
from speeko_cli.monitoring.schemas.jobs import JobsJson

NOW: Final[NowJson] = {
    "at": "2026-11-23T02:00:04.512+00:00",
    "running": 2,
    "paused": 0,
    "waiting_rows": 41250,
    "in_flight": 64,
    "limit": 64,
    "engines": 4,
    "dead_engines": 0,
    "spent_today_usd": "12.345678",
    "saved_today_usd": "30.100000",
    "reserved_usd": "0.057600",
    "overdue_schedules": 0,
}
JOBS: Final[JobsJson] = {
    "jobs": [
        {
            "job": 12,
            "state": "running",
            "state_text": "running",
            "reason": "",
            "top_reason": "the text is empty",
            "progress": 0.1795,
            "waiting": None,
            "tenant": "shop",
            "priority": 0,
            "schedule": "nightly",
            "files": ["products-en.csv"],
            "more_files": 0,
            "output": "s3://shop-audio/en",
            "provider": "speeko",
            "rows": 50000,
            "left_out": 0,
            "skipped": 0,
            "served": 8750,
            "with_audio": 8700,
            "delivered": 8700,
            "unchanged": 0,
            "failed": 0,
            "refused": 50,
            "chunks": 50,
            "chunks_open": 42,
            "in_flight": 64,
            "calls": 6100,
            "planned_calls": 34000,
            "possible_calls": 0,
            "cost_usd": "6.039000",
            "planned_cost_usd": "33.660000",
            "list_cost_usd": "49.500000",
            "possible_usd": "0.000000",
            "reserved_usd": "0.057600",
            "wasted_usd": "0.004950",
            "budget_usd": "40.000000",
            "rows_a_second": 93.4,
            "calls_a_second": 64.2,
            "eta_seconds": 434.6,
            "created_at": "2026-11-23T02:00:00.120+00:00",
            "released_at": "2026-11-23T02:00:03.800+00:00",
            "finished_at": None,
            "pruned_at": None,
            "seconds": 95.204,
        }
    ],
    "counts": {
        "planning": 0,
        "running": 1,
        "paused": 0,
        "finalizing": 0,
        "done": 11,
        "done_with_errors": 0,
        "cancelled": 0,
    },
    "more": False,
}
