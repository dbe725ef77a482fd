"""Planning and releasing a catalog as a job, and what to tell when that is interrupted half-way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from speeko_cli.options.voice_routing import routing_options_of
from speeko_cli.output.console import busy, note
from speeko_cli.output.job_summary import SHOWN_REFUSALS
from speeko_cli.runtime.error_reporting import Interrupted
from speeko_jobs.core.model.states import JobState
from speeko_jobs.errors import JobError
from speeko_jobs.flow.delivery.removed_files import MAX_DELETED_SHARE
from speeko_jobs.flow.planning import submit
from speeko_jobs.flow.planning.voice_routing import routed
from speeko_jobs.flow.reporting import job_queries

if TYPE_CHECKING:
    from speeko_cli.runtime.invocation import Invocation
    from speeko_jobs.core.job.job_spec import JobSpec
    from speeko_jobs.core.job.plan_summary import Plan
    from speeko_jobs.flow.context import Context
    from speeko_jobs.flow.planning.planner import CatalogOptions


def submit_job(
    context: Context,
    spec: JobSpec,
    orders: CatalogOptions,
    options: Mapping[str, Any],
    call: Invocation,
    slipped: Callable[[int], str],
) -> tuple[int, Plan]:
    """The job's number and its plan. Raises Interrupted, with what `slipped` makes of a job that was
    released in that very moment."""
    made: list[int] = []
    try:
        with busy(f"planning {', '.join(spec.sources)}"):
            spec = routed(context.database, spec, routing_options_of(context.settings, options))
            job, plan = submit.submit(
                context,
                spec,
                orders,
                tenant=context.settings.tenant,
                budget_micros=options["budget"],
                priority=options["priority"],
                partial=options["partial"],
                most_deleted_share=options.get("max_delete", MAX_DELETED_SHARE),
                on_created=made.append,
                on_wait=_report_rival if options.get("wait_for_output", True) else None,
            )
    except KeyboardInterrupt:
        if not (made and _was_released(context, made[0])):
            raise Interrupted("interrupted while planning: nothing was started") from None
        raise Interrupted(slipped(made[0])) from None
    if not call.json:
        for line in (*plan.notes, *plan.first_refusals[:SHOWN_REFUSALS]):
            note(line)
    return job, plan


def _report_rival(rival: object) -> None:
    note(f"speeko: waiting: {rival}")


def _was_released(context: Context, job: int) -> bool:
    """The commit may have been just done. A job that was not released is forgotten."""
    try:
        return job_queries.progress(context, job).state is not JobState.PLANNING
    except JobError:
        return False
