"""A paper model of the fleet: what so many rows an hour ask of workers, Postgres, Redis and the provider.

Nothing here is measured; the inputs were, each by the command beside it. Formulas:
    calls/s       = rows/s × calls a row
    in flight     = calls/s × latency                                   (Little's law)
    Postgres      = rows/s × µs a row + calls/s × µs a key              (cores busy)
    Redis         = rows/s × keys a row × look-ups × µs a key           (of its one thread)
    workers       = rows/s × cores of the warm path + calls/s × CPU a bought row, less Postgres and Redis
Parts are bought for BUSY of their time, so that a retry or a slow minute finds room.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

BUSY = 0.6
LOOKUPS_A_KEY = 2  # by the planner, and at the start of the chunk


@dataclass(frozen=True)
class Measured:
    """Figures of one machine with `cores` cores that runs everything. Units in the names; _us is µs."""

    cores: int
    latency_seconds: float
    cpu_ms_a_bought_row: float  # all our processes together
    plan_rows_a_second: float
    warm_rows_a_second: float  # from submit to done, nothing bought, nothing to deliver
    claim_settle_us_a_key: float
    postgres_us_a_row: float  # COPY in, read back, the look-up of what is delivered
    redis_us_a_key: float
    in_flight_a_process: int
    audio_bytes_a_row: int
    postgres_bytes_a_row: int
    postgres_bytes_a_key: int


MEASURED = Measured(
    cores=2,
    latency_seconds=0.15,  # a call, as the benches' provider answers
    cpu_ms_a_bought_row=0.68,  # make bench: test_cold_rate.py, CPU of all our processes over rows
    plan_rows_a_second=88_100,  # make bench: test_warm_rate.py, planning to the release
    warm_rows_a_second=81_000,  # make bench: test_warm_rate.py, unchanged, submit to done
    claim_settle_us_a_key=340.0,  # python -m tests.bench.simulate, on stderr: batches of 128, one connection
    postgres_us_a_row=5.0,  # COPY 1.6, reading back 1.1, look-up of what is delivered 2.3: each alone
    redis_us_a_key=3.4,  # one MGET of a thousand known keys, alone
    in_flight_a_process=256,  # make bench: test_cold_rate.py, where it keeps 97% of the ideal
    audio_bytes_a_row=30_000,  # what the benches' provider answers
    postgres_bytes_a_row=150,  # OPERATIONS.md: 1.5 GB for 10 million rows of `item`
    postgres_bytes_a_key=300,  # the same of `utterance`, with its index
)


@dataclass(frozen=True)
class Fleet:
    """What it takes. Cores and processes are whole ones, for BUSY of their time; `_share` is 1 when full."""

    rows_a_second: float
    calls_a_second: float
    in_flight: int
    planners: int
    worker_processes: int
    worker_cores: int
    postgres_cores: int
    redis_share: float
    redis_servers: int
    audio_mb_a_second: float
    postgres_gb_an_hour: float


def fleet(
    rows_an_hour: int, calls_a_row: float, keys_a_row: float = 1.0, measured: Measured = MEASURED
) -> Fleet:
    """The fleet for so many rows an hour of which each takes `calls_a_row` calls on average (0: all known)
    and points at `keys_a_row` keys."""
    m = measured
    rows = rows_an_hour / 3_600
    calls = rows * calls_a_row
    in_flight = calls * m.latency_seconds
    postgres = (rows * m.postgres_us_a_row + calls * m.claim_settle_us_a_key) / 1e6
    redis = rows * keys_a_row * LOOKUPS_A_KEY * m.redis_us_a_key / 1e6
    busy = rows * m.cores / m.warm_rows_a_second + calls * m.cpu_ms_a_bought_row / 1e3
    workers = max(busy - postgres - redis, 0.0)
    return Fleet(
        rows_a_second=rows,
        calls_a_second=calls,
        in_flight=math.ceil(in_flight),
        planners=_whole(rows / m.plan_rows_a_second),
        worker_processes=max(_whole(workers), math.ceil(in_flight / m.in_flight_a_process)),
        worker_cores=_whole(workers),
        postgres_cores=_whole(postgres),
        redis_share=redis,
        redis_servers=_whole(redis),
        audio_mb_a_second=calls * m.audio_bytes_a_row / 1e6,
        postgres_gb_an_hour=(rows * m.postgres_bytes_a_row + calls * m.postgres_bytes_a_key) * 3_600 / 1e9,
    )


def _whole(busy: float) -> int:
    """Whole parts that are busy for at most BUSY of their time; at least one."""
    return max(1, math.ceil(busy / BUSY))
