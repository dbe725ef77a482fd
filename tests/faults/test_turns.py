"""Turns: a small job beside a large one, an urgent one, tenants by weight. Counted in calls, not in time."""

from __future__ import annotations

import pytest

from speeko_jobs.adapters.postgres import tenant_caps
from speeko_jobs.core.model.states import FINISHED
from speeko_jobs.flow.planning import planner, submit
from tests.fixtures.faulty import MakeSpine
from tests.fixtures.spine import DELIVERING, SYNTHESIZING, Spine, spec_of, texts, write_catalog
from tests.wait import wait_until


@pytest.fixture
def spine(make_spine: MakeSpine) -> Spine:
    """Two processes with sixteen calls at a time between them, each call a tenth of a second."""
    provider = {"latency_ms": 100, "fsync": False, "audio_bytes": 3_000}
    made = make_spine(provider=provider, max_concurrency=16, chunk_rows=200)
    made.start_workers(SYNTHESIZING, DELIVERING)
    return made


def put(spine: Spine, what: str, count: int, *, tenant: str = "test", priority: int = 0) -> int:
    catalog = write_catalog(spine.folder / f"{what}.csv", texts(count, what))
    spec = spec_of(spine.settings, str(spine.folder / what))
    orders = planner.CatalogOptions((str(catalog),))
    return submit.submit(spine.context, spec, orders, tenant=tenant, priority=priority)[0]


def calls(spine: Spine, job: int, during: int | None = None) -> int:
    """Calls made for a job; or those from the release of another to its end."""
    query = f"SELECT count(*) FROM speeko.attempt WHERE job_id = {job} AND state <> 'refused'"
    if during is not None:
        query += (
            f" AND at BETWEEN (SELECT released_at FROM speeko.job WHERE id = {during})"
            f" AND (SELECT finished_at FROM speeko.job WHERE id = {during})"
        )
    return int(spine.sql(query)[0][0])


@pytest.mark.parametrize(("priority", "most"), [(0, 700), (5, 400)])
def test_a_small_job_does_not_wait_for_a_large_one(spine: Spine, priority: int, most: int) -> None:
    """A hundred rows get through while the large one, fifty chunks long, makes a few hundred of its calls.

    One second passes until an engine looks around (160 calls at this provider's pace), then turns are equal
    (100), or with a higher priority all its own; the rest is for the ends: delivery and the summary.
    """
    large = put(spine, "large", 10_000)
    wait_until(lambda: calls(spine, large) > 100, "the large job to be under way")
    small = put(spine, "small", 100, priority=priority)
    summary = spine.wait(small)
    assert summary["delivered"] == 100
    assert calls(spine, large, during=small) <= most
    assert spine.job(large).state not in FINISHED


def test_tenants_share_by_weight(spine: Spine) -> None:
    spine.database.run(lambda t: tenant_caps.put(t, "heavy", weight=2))
    heavy, light = put(spine, "heavy", 2_000, tenant="heavy"), put(spine, "light", 2_000, tenant="light")
    wait_until(lambda: min(calls(spine, heavy), calls(spine, light)) > 50, "both to be under way")
    before = calls(spine, heavy), calls(spine, light)
    wait_until(lambda: calls(spine, heavy) + calls(spine, light) > sum(before) + 900, "900 calls")
    more = [
        after - start for after, start in zip((calls(spine, heavy), calls(spine, light)), before, strict=True)
    ]
    assert 1.6 <= more[0] / more[1] <= 2.4, more
