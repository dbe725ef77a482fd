"""Act on jobs: pause, resume, cancel, retry. Used by the API and by the pages' buttons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tornado.web import Application

from speeko_cli.dashboard.errors import Problem
from speeko_cli.dashboard.queries import Readings
from speeko_cli.dashboard.query_params import Parse, dollars
from speeko_cli.dashboard.shared_polling import Document
from speeko_cli.monitoring.thread_lane import ThreadLane
from speeko_jobs.core.output.redaction import redacted
from speeko_jobs.errors import ConfigError, JobError
from speeko_jobs.flow.lifecycle import control

ACT_SECONDS = 30.0  # then viewers are told that nothing answers
VERBS: dict[str, Callable[..., Any]] = {
    "pause": control.pause,
    "resume": control.resume,
    "cancel": control.cancel,
    "retry": control.retry,
}
ACTS: Mapping[str, Mapping[str, Parse]] = {"resume": {"budget": dollars}}


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
            VERBS[verb](settings["context"], job, *how.values())
        except (ConfigError, JobError) as error:
            raise Problem(409, redacted(str(error))) from None
        return readings.line(job)

    try:
        return await lane.run(work, ACT_SECONDS)
    finally:
        settings["feeds"].refresh()
