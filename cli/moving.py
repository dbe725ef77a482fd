"""Moving a job from one state to another by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cli.console import emit, say
from cli.standing import known
from speeko_jobs.errors import JobError

if TYPE_CHECKING:
    from cli.call import Call
    from speeko_jobs.core.states import JobState


def move(
    call: Call, job: int, state: JobState, *, reason: str, expected: Sequence[JobState], told: str
) -> int:
    """Move a job and tell it. Raises JobError where its state does not allow that; again is fine."""
    from speeko_jobs.adapters.postgres import jobs

    with known(call.settings()) as context:
        moved = context.database.run(lambda t: jobs.set_state(t, job, state, reason, expected=expected))
        now = jobs.show(context.database, job).state
    if not moved and now is not state:
        allowed = ", ".join(each.value for each in expected)
        raise JobError(f"job {job} is {now.value}: only a job that is {allowed} can become {state.value}")
    if call.json:
        emit({"job": job, "state": now.value})
    else:
        say(told)
    return 0
