"""Caps in the middle of a job, with eight processes at once: never passed by a micro-dollar, and used up.

Five runs here, twenty in the bench (test_budget.py there); each on new texts of the same workers.
"""

from __future__ import annotations

import pytest

from speeko_jobs.adapters.postgres import tenant_caps
from speeko_jobs.core.model.states import FINISHED, JobState
from speeko_jobs.flow.lifecycle import control
from speeko_jobs.flow.planning import planner, submit
from speeko_workers.supervisor import CeleryNode
from tests.fixtures.faulty import MakeSpine
from tests.fixtures.ledger import check_ledger
from tests.fixtures.spine import DELIVERING, SYNTHESIZING, Spine, spec_of, write_catalog

ROWS = 120


def varied(count: int, what: str) -> list[str]:
    """Texts of many lengths, so of many prices."""
    return [f"The {what} number {n} comes in a box{' and another' * (n % 7)}." for n in range(count)]


@pytest.fixture
def eight(make_spine: MakeSpine) -> Spine:
    """Eight processes, and a provider that answers at once and bills every call."""
    spine = make_spine(provider={"ignore_idempotency": True, "fsync": False}, max_concurrency=48)
    spine.start_workers(CeleryNode("synthesize", SYNTHESIZING.queues, 8), DELIVERING)
    return spine


def submitted(spine: Spine, what: str, budget_micros: int | None = None) -> int:
    """A job of new texts, as much of it as the caps allow."""
    catalog = write_catalog(spine.folder / f"{what}.csv", varied(ROWS, what))
    spec = spec_of(spine.settings, str(spine.folder / f"out-{what}"))
    orders = planner.CatalogOptions((str(catalog),))
    return submit.submit(
        spine.context, spec, orders, tenant="test", budget_micros=budget_micros, partial=True
    )[0]


def run_to_the_cap(spine: Spine, number: int) -> int:
    """One run: to the cap, on with a higher one, to the end; how much of the cap was left."""
    before = spine.provider.micros
    what = f"run{number}"
    cost = sum(15 * len(text) + 1 for text in varied(ROWS, what))
    cap = cost * (3 + number % 5) // 10
    job = submitted(spine, what, cap)
    spine.until(lambda: spine.job(job).state is JobState.PAUSED, "the pause")
    spine.until(lambda: spine.job(job).reserved_micros == 0, "the last calls")
    paused = spine.job(job)
    billed = spine.provider.micros - before
    assert billed == paused.spent_micros <= cap
    assert paused.reason.startswith("budget: ")
    left = [row[0] for row in spine.sql("SELECT cost_micros FROM speeko.utterance WHERE state = 'missing'")]
    assert billed + min(left) > cap  # it was used up
    control.resume(spine.context, job, cost)
    summary = spine.wait(job, sweeping=True)
    assert (summary["state"], summary["delivered"]) == ("done", ROWS)
    assert spine.provider.micros - before == spine.job(job).spent_micros == cost
    return cap - billed


@pytest.mark.timeout(400)
def test_a_budget_is_never_passed(eight: Spine) -> None:
    for number in range(5):
        run_to_the_cap(eight, number)
    assert check_ledger(eight)["stored"] == eight.provider.calls == 5 * ROWS


@pytest.mark.parametrize("kind", ["daily", "monthly"])
def test_the_cap_of_a_tenant_holds_over_its_jobs(one_day: None, eight: Spine, kind: str) -> None:
    """Two jobs at once; what there is is delivered, and with a higher cap both come to their end."""
    cap = 60 * 900
    eight.database.run(
        lambda t: tenant_caps.put(t, "test", **{f"{kind}_micros": cap, f"keep_{kind}": False})  # type: ignore[arg-type]
    )
    jobs = [submitted(eight, f"part{n}") for n in range(2)]
    eight.until(lambda: all(eight.job(job).state is JobState.PAUSED for job in jobs), "both to pause")
    eight.until(lambda: not any(eight.job(job).reserved_micros for job in jobs), "the last calls")
    assert eight.provider.micros == sum(eight.job(job).spent_micros for job in jobs) <= cap
    assert all(
        eight.job(job).reason == f"budget: the next text would pass the {kind} cap of tenant 'test'"
        for job in jobs
    )
    left = eight.sql("SELECT min(cost_micros) FROM speeko.utterance WHERE state = 'missing'")[0][0]
    assert eight.provider.micros + left > cap

    eight.database.run(
        lambda t: tenant_caps.put(t, "test", **{f"{kind}_micros": None, f"keep_{kind}": False})
    )  # type: ignore[arg-type]
    for job in jobs:
        control.resume(eight.context, job)
    for job in jobs:
        eight.until(lambda job=job: eight.job(job).state in FINISHED, "the end")  # type: ignore[misc]
        assert eight.job(job).delivered == ROWS
    assert check_ledger(eight)["stored"] == eight.provider.calls == 2 * ROWS
