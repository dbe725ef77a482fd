"""Act on jobs: pause, resume, cancel, retry, schedule. Used by the API and by the pages' buttons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tornado.web import Application

from speeko_cli.dashboard.errors import Problem
from speeko_cli.dashboard.queries import Readings
from speeko_cli.dashboard.query_params import Params, dollars, text, word
from speeko_cli.dashboard.shared_polling import Document
from speeko_cli.monitoring.thread_lane import ThreadLane
from speeko_jobs.core.output.redaction import redacted
from speeko_jobs.core.policies.cron_schedule import CatchUp
from speeko_jobs.errors import ConfigError, JobError, UsageError
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.lifecycle import control
from speeko_jobs.flow.lifecycle.job_schedule import add_for_job

ACT_SECONDS = 30.0  # then viewers are told that nothing answers


@dataclass(frozen=True)
class Action:
    """What can be done to a job: `run` takes the context, the job and the arguments of `query`."""

    run: Callable[..., Any]
    summary: str
    condition: str
    query: Params = field(default_factory=dict)


def _resume(context: Context, job: int, budget: int | None = None) -> None:
    control.resume(context, job, budget)


def _schedule(
    context: Context, job: int, name: str = "", cron: str = "", tz: str = "UTC", catch_up: str = CatchUp.LAST
) -> None:
    add_for_job(context, job, name=name, cron=cron, zone=tz, catch_up=catch_up)


_BUDGET: Final = dollars(
    "The job's new budget in all, with what it has spent, in USD; not below that.", example="12.50"
)
ACTIONS: Final[dict[str, Action]] = {
    "pause": Action(control.pause, "Stop a job after the calls in flight.", "It must run."),
    "resume": Action(
        _resume,
        "Let a paused job go on, perhaps under another budget.",
        "It must be paused; with a budget it may also run, and goes on under that.",
        {"budget": _BUDGET},
    ),
    "cancel": Action(
        control.cancel,
        "End a job; audio that was bought is kept and delivered.",
        "It must run or be paused.",
    ),
    "retry": Action(
        control.retry,
        "Try the failed rows of a job again.",
        "It must have ended, and have failed rows; refused rows stay refused.",
    ),
    "schedule": Action(
        _schedule,
        "Repeat a job by a schedule: the same catalog, options, output and tenant.",
        "Its catalog must be one that workers can read again: no standard input, no address with a key. The"
        " name must be free.",
        {
            "name": text("The schedule's name; required."),
            "cron": text("When: minute, hour, day, month, weekday, such as 0 2 * * *; required."),
            "tz": text("Whose clock, such as Europe/Berlin; UTC where it is not given."),
            "catch_up": word(CatchUp, "Which missed due times are caught up with."),
        },
    ),
}


async def act(application: Application, job: int, verb: str, how: Mapping[str, Any]) -> Document:
    """Do it, and return the job's line. `how` holds the verb's arguments.

    Raise SpeekoError, and Problem: 403 where actions are not allowed, 409 where the job's state forbids it.
    """
    settings = application.settings
    if not settings["access"].allow_actions:
        raise Problem(403, "this dashboard only shows: start it with --allow-actions")
    readings: Readings = settings["readings"]
    lane: ThreadLane = settings["acts"]

    def work() -> Document:
        readings.line(job)  # a job that there is not is another error than one that cannot be moved
        try:
            ACTIONS[verb].run(settings["context"], job, **how)
        except UsageError as error:
            raise Problem(400, redacted(str(error)).replace("--", "")) from None  # no options here
        except (ConfigError, JobError) as error:
            raise Problem(409, redacted(str(error))) from None
        return readings.line(job)

    try:
        line: Document = await lane.run(work, ACT_SECONDS)
        return line
    finally:
        settings["feeds"].refresh()
