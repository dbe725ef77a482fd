"""Moving a job by hand: pause and cancel. Once more is fine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from speeko_cli.output.console import emit, say
from speeko_cli.runtime.services import open_existing
from speeko_cli.runtime.tenant_check import check_tenant

if TYPE_CHECKING:
    from speeko_cli.runtime.invocation import Invocation
    from speeko_jobs.core.model.states import JobState
    from speeko_jobs.flow.context import Context


def change_state(
    call: Invocation,
    job: int,
    state: JobState,
    change: Callable[[Context], None],
    told: str | Callable[[Context], str],
    tenant: str | None = None,
) -> int:
    """Have `change` bring the job to `state`, unless it is there, and tell it. Raises JobError, also where it
    is not of that `tenant`."""
    from speeko_jobs.flow.reporting import job_queries

    with open_existing(call.settings()) as context:
        check_tenant(context, job, tenant)
        if job_queries.show(context, job).state is not state:
            change(context)
        words = told if isinstance(told, str) else told(context)
    if call.json:
        emit({"job": job, "state": state.value})
    else:
        say(words)
    return 0
