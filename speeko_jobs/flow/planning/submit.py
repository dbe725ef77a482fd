"""Submit a catalog as a job: plan it, load it, and release it in one commit. Killed before, nothing runs."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from speeko_jobs.adapters.audio_store import Store
from speeko_jobs.adapters.postgres import deliveries, jobs, output_locks, plan_loading, tenant_caps
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.adapters.postgres.output_locks import OutputBusyError, Rival
from speeko_jobs.core.catalog.file_names import MARK
from speeko_jobs.core.job.chunking import chunk_rows
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.job.plan_summary import Plan
from speeko_jobs.core.model.money import usd
from speeko_jobs.core.model.states import AudioSource
from speeko_jobs.core.policies import waste_breaker
from speeko_jobs.errors import BudgetError, SpeekoError
from speeko_jobs.flow import accounts
from speeko_jobs.flow.cache import missing_audio as gone
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.delivery import archive_output
from speeko_jobs.flow.delivery.manifest_parts import clear_parts
from speeko_jobs.flow.delivery.removed_files import MAX_DELETED_SHARE, check_share, keep_removed
from speeko_jobs.flow.dispatch import dispatch
from speeko_jobs.flow.planning import planner
from speeko_jobs.flow.planning.catalog_record import record_of
from speeko_jobs.flow.planning.overwrite_protection import check_place

LOOKED_FOR = 8
WAIT_SECONDS = 1.0  # between two looks at an output that another job delivers to
HELD_AT_ONCE = 1_000
NEWEST = 2**63 - 1  # later than any job
NOWHERE = "cache"  # no folder: what is bought ahead stays in the store


def submit(
    context: Context,
    spec: JobSpec,
    options: planner.CatalogOptions,
    *,
    tenant: str,
    budget_micros: int | None = None,
    priority: int = 0,
    partial: bool = False,
    most_deleted_share: Decimal = MAX_DELETED_SHARE,
    on_created: Callable[[int], None] | None = None,
    on_wait: Callable[[Rival], None] | None = None,
) -> tuple[int, Plan]:
    """Plan a catalog and release it; return the job's number and its plan.

    Raises SpeekoError, and then nothing was started. A plan that costs more than the budget, or than the
    tenant's caps leave now, is a BudgetError; with `partial` it starts all the same and pauses when the money
    is used up. With `spec.prune`, a catalog that lacks more than `most_deleted_share` of the destination's
    files is a CatalogError. `on_created` gets the number before the planning begins, for whoever is
    interrupted. While another job delivers to the same output, `on_wait` gets each such job and this one
    waits before it plans; without `on_wait` that is an OutputBusyError.
    """
    check_place(context, spec)
    archive_output.check_free(context, spec)
    accounts.require_same(context, spec)
    context.store_of(spec.store).check_writable()
    place = _place_of(context, spec)
    job = 0
    try:
        job, rival = _create(
            context, spec, place, tenant, budget_micros, priority, may_wait=on_wait is not None
        )
        if place.output is not None and place.output.size(MARK) is None:  # a refused one has taken it away
            place.output.put(MARK, place.mark.text.encode())
        if on_created is not None:
            on_created(job)
        if rival is not None and on_wait is not None:
            _wait_for_output(context, job, rival, on_wait)
        if place.output is not None:
            _look_at_held(context, place.output, place.id)
        loaded = planner.load(context, spec, options, job, place.id)
        with contextlib.ExitStack() as closing:
            if loaded.gone is not None:
                closing.callback(loaded.gone.close)
            _check_missing_and_removed(context, spec, job, loaded, most_deleted_share)
            if not partial:
                _check_money(context, job, loaded.plan.cost_micros, budget_micros)
            if loaded.gone is not None:
                loaded.gone.mark_missing(context)
            chunks_left = context.database.run(
                lambda t: _release(t, context, spec, options, tenant, job, loaded)
            )
    except BaseException:
        _drop(context, spec, job, place)
        raise
    if chunks_left:
        dispatch(context, job)
    else:
        context.queue.finalize(job)
    return job, loaded.plan


@dataclass(frozen=True, slots=True)
class _Place:
    """Hold where a job delivers to, None for nowhere; the destination's id, and its mark."""

    output: Store | None
    id: int
    mark: _Mark


def _place_of(context: Context, spec: JobSpec) -> _Place:
    """Return the job's place, and mark it."""
    if not spec.deliver:
        return _Place(None, _nowhere(context), _Mark("", is_new=False))
    output = context.destination_of(spec)
    mark = _mark(output)
    url = context.output_url(spec)
    known = context.database.run(lambda t: jobs.destination(t, url, mark.text))
    return _Place(output, known, mark)


def _create(
    context: Context,
    spec: JobSpec,
    place: _Place,
    tenant: str,
    budget_micros: int | None,
    priority: int,
    *,
    may_wait: bool,
) -> tuple[int, Rival | None]:
    """Create the job in planning; return it, and a job that delivers to the same output.

    Raises OutputBusyError where there is one and this one may not wait.
    """
    output = place.output

    def create(t: Transaction) -> tuple[int, Rival | None]:
        if output is not None:
            output_locks.lock(t)
        job = jobs.create(
            t,
            spec,
            tenant=tenant,
            destination_id=place.id,
            budget_micros=budget_micros,
            priority=priority,
            place=context.store_of(spec.output).location if output is not None else "",
        )
        rival = output_locks.look(t, job) if output is not None else None
        if rival is not None and not may_wait:
            raise OutputBusyError(rival)
        return job, rival

    return context.database.run(create)


def _release(
    t: Transaction,
    context: Context,
    spec: JobSpec,
    options: planner.CatalogOptions,
    tenant: str,
    job: int,
    loaded: planner.Loaded,
) -> int:
    """Release the job and book what its unchanged rows save; return how many chunks are left to do."""
    found = loaded.unchanged
    sums = sorted(found.saved.items()) if found is not None else []
    saved = [deliveries.SavedCosts(voice, AudioSource.UNCHANGED.value, *three) for voice, three in sums]
    if loaded.skipped:
        plan_loading.skip(t, job, loaded.skipped)
    if loaded.renamed:
        plan_loading.rename(t, job, loaded.renamed)
    rows = loaded.plan.rows + len(loaded.skipped)
    left = jobs.release(
        t,
        job,
        rows=rows,
        skipped=len(loaded.skipped),
        left_out=loaded.plan.left_out,
        chunk_rows=chunk_rows(rows, context.settings.chunk_rows),
        plan=loaded.plan.to_record() | record_of(options, spec),
        files=loaded.files,
        unchanged=found.stretches if found is not None else [],
        waste_cap_micros=waste_breaker.cap_micros(spec.max_waste, loaded.plan.cost_micros),
    )
    deliveries.book_saved(t, tenant, spec.provider, saved)
    return left


def _drop(context: Context, spec: JobSpec, job: int, place: _Place) -> None:
    """Delete a job that was not released, and a mark that was made for it."""
    output = place.output
    with contextlib.suppress(SpeekoError):  # else the sweeper forgets it
        if job and context.database.run(lambda t: jobs.drop(t, job)):
            clear_parts(context, spec.store, job)
        if output is not None and place.mark.is_new:
            context.database.run(lambda t: _unmark(t, output, place.id))


def _check_missing_and_removed(
    context: Context, spec: JobSpec, job: int, loaded: planner.Loaded, most_deleted_share: Decimal
) -> None:
    """Refuse a plan that buys a whole store again or deletes much; note the files that are to go."""
    gone.check(loaded.gone, buy_again=spec.buy_again)
    loaded.plan.previous_job = jobs.previous(context.database, job)
    if spec.prune:
        check_share(loaded.plan, most_deleted_share)
        keep_removed(context, spec.store, job, loaded.removed)


def _check_money(context: Context, job: int, cost_micros: int, budget_micros: int | None) -> None:
    """Refuse what does not fit, before anything is spent. A job that buys nothing always fits."""
    if not cost_micros:
        return
    partly = "or --partial to buy as much as that allows"
    if budget_micros is not None and cost_micros > budget_micros:
        raise BudgetError(
            f"this catalog costs ${usd(cost_micros)}, the budget is ${usd(budget_micros)}: nothing was"
            f" started; give --budget {usd(cost_micros)} or more, {partly}"
        )
    cap = context.database.run(lambda t: tenant_caps.cap(t, job))
    if cost_micros > cap.room_micros:
        raise BudgetError(
            f"this catalog costs ${usd(cost_micros)}, {cap.why} leaves ${usd(max(cap.room_micros, 0))}:"
            f" nothing was started; raise it with `speeko budget set`, {partly}"
        )


def destination_of(context: Context, spec: JobSpec) -> int | None:
    """Return the id of what lies in the spec's output, None where nothing does. Changes nothing."""
    store = context.destination_of(spec)
    if store.size(MARK) is None:
        return None
    mark = store.get(MARK).decode("ascii", "replace").strip()[:64]
    return jobs.known_destination(context.database, context.output_url(spec), mark)


def _wait_for_output(
    context: Context, job: int, rival: Rival | None, on_wait: Callable[[Rival], None]
) -> None:
    """Wait until no other job delivers to this job's output. The plan is made afterwards, because it depends
    on what the output holds then."""
    told: Rival | None = None
    while rival is not None:
        if told is None or (rival.job, rival.state) != (told.job, told.state):
            on_wait(rival)
            told = rival
        time.sleep(WAIT_SECONDS)
        rival = context.database.run(lambda t: output_locks.look(t, job))


def _look_at_held(context: Context, destination: Store, where: int) -> None:
    """Notice that an output was emptied.

    Emptying a folder takes the mark away, and all is delivered anew. `rm *` leaves it, because its name
    begins with a dot; so a few of the files that should be there are looked for, and where one lacks, all.
    """
    paths = deliveries.some_held(context.database, where, LOOKED_FOR)
    if None in destination.sizes(paths):
        _forget_missing(context, destination, where)


def _forget_missing(context: Context, destination: Store, where: int) -> None:
    """Forget the files that the destination should hold and does not: they are delivered anew."""
    listed: set[str] | None = None if destination.is_folder else set(destination.list())
    after = ""
    while paths := plan_loading.held_paths(context.database, where, after, HELD_AT_ONCE):
        after = paths[-1]
        if listed is not None:
            gone = [path for path in paths if path not in listed]
        else:
            gone = [p for p, size in zip(paths, destination.sizes(paths), strict=True) if size is None]
        if gone:
            context.database.run(lambda t, gone=gone: deliveries.forget(t, where, NEWEST, gone))  # type: ignore[misc]


def _nowhere(context: Context) -> int:
    """Return the destination of jobs that deliver nothing."""
    return context.database.run(lambda t: jobs.destination(t, NOWHERE, NOWHERE))


@dataclass(frozen=True, slots=True)
class _Mark:
    """Hold what a destination's mark says, and whether this submission has made it."""

    text: str
    is_new: bool


def _mark(destination: Store) -> _Mark:
    """Return the mark. It is written in any case: a destination that refuses is noticed before anything is
    bought."""
    is_new = destination.size(MARK) is None
    if is_new:
        destination.put(MARK, uuid.uuid4().hex.encode())
        written = destination.get(MARK)
    else:
        written = destination.get(MARK)
        destination.put(MARK, written)
    return _Mark(written.decode("ascii", "replace").strip()[:64], is_new)


def _unmark(t: Transaction, destination: Store, where: int) -> None:
    """Delete a mark that a refused submission has made, unless another job relies on it.

    Under the lock of `create`: a submitter that comes later sees that the mark is missing.
    """
    output_locks.lock(t)
    if not output_locks.has_jobs(t, where):
        destination.delete([MARK])
