"""A catalog from the first server to the last file, in one command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from speeko_cli.runtime.error_reporting import Interrupted
from speeko_cli.runtime.services import open_services

if TYPE_CHECKING:
    from speeko_cli.runtime.invocation import Invocation
    from speeko_jobs.core.job.job_spec import JobSpec
    from speeko_jobs.flow.planning.planner import CatalogOptions
    from speeko_jobs.settings import Settings


def whole_run(
    settings: Settings, spec: JobSpec, orders: CatalogOptions, options: Mapping[str, Any], call: Invocation
) -> int:
    """Start what is missing, submit, see the job through, and stop what was started; the exit code."""
    job = 0
    try:
        with open_services(settings) as (context, alone):
            from speeko_cli.jobs.follow_attached import follow_with_workers, interrupt
            from speeko_cli.jobs.submit import submit_job
            from speeko_cli.runtime.local_workers import LocalWorkers
            from speeko_jobs.flow import accounts
            from speeko_jobs.flow.planning.voice_availability import offer_of, require_offered

            accounts.require_same(context, spec, with_defaults=True)
            require_offered(offer_of(context, spec), spec)  # before workers are started
            with LocalWorkers(context, spec, alone=alone) as crew:
                job, _ = submit_job(
                    context, spec, orders, options, call, lambda slipped: interrupt(context, slipped, call)
                )
                return follow_with_workers(context, job, crew, call)
    except KeyboardInterrupt:
        if job:
            raise
        raise Interrupted("interrupted: nothing was started") from None
