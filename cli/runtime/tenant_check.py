"""Whose job it is: a verb that was told a tenant leaves the jobs of others alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from speeko_jobs.errors import JobError

if TYPE_CHECKING:
    from speeko_jobs.flow.context import Context


def check_tenant(context: Context, job: int, tenant: str | None) -> None:
    """Raises JobError where there is no such job, or `tenant` is given and it is booked on another."""
    if tenant is None:
        return
    from speeko_jobs.flow.reporting import job_queries

    if job_queries.show(context, job).tenant != tenant:
        raise JobError(
            f"job {job} does not belong to tenant {tenant!r}: `speeko jobs --tenant` lists its jobs"
        )
