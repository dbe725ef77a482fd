"""A catalog from the first server to the last file, in one command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from speeko_cli.runtime.error_reporting import Interrupted
from speeko_cli.runtime.services import standing

if TYPE_CHECKING:
    from speeko_cli.runtime.invocation import Call
    from speeko_jobs.core.job.job_spec import JobSpec
    from speeko_jobs.flow.planning.planner import Orders
    from speeko_jobs.settings import Settings


def whole_run(
    settings: Settings, spec: JobSpec, orders: Orders, options: Mapping[str, Any], call: Call
) -> int:
    """Start what is missing, submit, see the job through, and stop what was started; the exit code."""
    job = 0
    try:
        with standing(settings) as (context, alone):
            from speeko_cli.jobs.follow_attached import interrupt, see_through
            from speeko_cli.jobs.submit import submitted
            from speeko_cli.runtime.local_workers import Crew
            from speeko_jobs.flow import accounts
            from speeko_jobs.flow.planning.voice_availability import offer_of, require_offered

            accounts.require_same(context, spec, with_defaults=True)
            require_offered(offer_of(context, spec), spec)  # before workers are started
            with Crew(context, spec, alone=alone) as crew:
                job, _ = submitted(
                    context, spec, orders, options, call, lambda slipped: interrupt(context, slipped, call)
                )
                return see_through(context, job, crew, call)
    except KeyboardInterrupt:
        if job:
            raise
        raise Interrupted("interrupted: nothing was started") from None
