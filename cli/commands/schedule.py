"""`speeko schedule`: catalogs that run at given times."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from speeko_cli.options.option_builder import Verb, choice, option
from speeko_cli.options.shared import common, limit_option, of_tenant_option
from speeko_cli.options.stacks import schedule_options
from speeko_cli.options.verb_group import VerbGroup
from speeko_cli.output.console import emit, note, say
from speeko_cli.runtime.invocation import Invocation
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.errors import UsageError

if TYPE_CHECKING:
    from speeko_jobs.flow.context import Context
    from speeko_jobs.flow.reporting.schedule_queries import Schedule

NAME_CHARS = 100
SHOWN_RUNS = 5
name_argument = click.argument("schedule", metavar="NAME")


@click.group("schedule", cls=VerbGroup)
def command() -> None:
    """Run catalogs on a schedule, such as each night."""


@command.command("add", cls=Verb)
@name_argument
@option(
    "--cron",
    required=True,
    metavar="CRON",
    help="times, as minute, hour, day of month, month and weekday, such as '0 2 * * *'",
)
@option("--tz", "zone", default="UTC", metavar="ZONE", help="time zone, such as Europe/Berlin [default: UTC]")
@choice(
    "--catch-up",
    ("last", "all", "none"),
    "which missed due times to make up for, including those during a run",
    section="Options",
)
@option("--replace", is_flag=True, help="replace the times and options of an existing schedule")
@schedule_options
@click.pass_obj
def add(call: Invocation, /, schedule: str, files: tuple[str, ...], replace: bool, **options: Any) -> int:
    """Add a schedule that runs a catalog at given times.

    A worker reads the catalog at the due time: FILES are paths that workers can read, or URLs. `--voice auto`
    chooses the voice now. Runs start only while `speeko up`, `speeko worker` or a beat runs.
    """
    from speeko_cli.jobs.build_schedule import missing, places_of, request_of
    from speeko_cli.jobs.build_spec import check_provider
    from speeko_cli.runtime.services import open_services
    from speeko_jobs.core.policies.cron_schedule import CatchUp, Timing
    from speeko_jobs.flow.lifecycle import schedules as flow

    settings = call.settings(options)
    if not schedule.strip() or schedule != printable(schedule) or len(schedule) > NAME_CHARS:
        raise UsageError(f"NAME must have 1 to {NAME_CHARS} visible characters")
    timing = Timing(options["cron"], options["zone"], CatchUp(options["catch_up"]))
    places = places_of(files)
    with open_services(settings) as (context, _):
        request = request_of(context, settings, options, places)
        check_provider(request.spec, settings)
        made = flow.add(context, schedule, timing, request, tenant=settings.tenant, replace=replace)
        _print_schedule(context, call, made)
        for place in missing(places):
            note(f"speeko: {place} is not there yet: a worker reads it at the due time")
        _warn_without_workers(context)
    return 0


@command.command("list", cls=Verb)
@of_tenant_option
@common
@click.pass_obj
def list_all(call: Invocation, /, of_tenant: str | None) -> int:
    """List all schedules with their next and last runs."""
    from speeko_cli.output import schedules as report
    from speeko_cli.runtime.services import open_services
    from speeko_jobs.flow.reporting import schedule_queries

    with open_services(call.settings()) as (context, _):
        now = schedule_queries.clock(context)
        found = [
            (one, schedule_queries.history(context, one, 1))
            for one in schedule_queries.every(context, of_tenant)
        ]
    if call.json:
        emit([report.record(one, runs) for one, runs in found])
    elif found:
        report.print_list(found, now)
    else:
        say("there are no schedules yet: `speeko schedule add` makes one")
    late = [one.name for one, _ in found if report.is_overdue(one, now)]
    if late:
        note(f"speeko: {late[0]} is overdue: start `speeko up`, or workers and a beat")
    return 0


@command.command("show", cls=Verb)
@name_argument
@of_tenant_option
@common
@click.pass_obj
def show(call: Invocation, /, schedule: str, of_tenant: str | None) -> int:
    """Show a schedule with its times, options and last runs."""
    with _found(call, schedule, of_tenant) as (context, found):
        _print_schedule(context, call, found)
    return 0


@command.command("pause", cls=Verb)
@name_argument
@of_tenant_option
@common
@click.pass_obj
def pause(call: Invocation, /, schedule: str, of_tenant: str | None) -> int:
    """Pause a schedule: start no new run until `resume`.

    A current run continues; `speeko pause JOB` pauses a job.
    """
    from speeko_jobs.flow.lifecycle import schedules as flow

    with _found(call, schedule, of_tenant) as (context, found):
        flow.pause(context, found)
    _answer(call, {"schedule": schedule, "paused": True}, f"{schedule} is paused")
    return 0


@command.command("resume", cls=Verb)
@name_argument
@of_tenant_option
@common
@click.pass_obj
def resume(call: Invocation, /, schedule: str, of_tenant: str | None) -> int:
    """Resume a paused schedule; runs that were due meanwhile are skipped."""
    from speeko_cli.output import schedules as report
    from speeko_jobs.flow.lifecycle import schedules as flow
    from speeko_jobs.flow.reporting import schedule_queries

    with _found(call, schedule, of_tenant) as (context, found):
        flow.resume(context, found)
        found = schedule_queries.show(context, schedule)
        now = schedule_queries.clock(context)
    _answer(call, report.record(found, []), f"{schedule} is resumed: next run {report.next_due(found, now)}")
    return 0


@command.command("remove", cls=Verb)
@name_argument
@of_tenant_option
@common
@click.pass_obj
def remove(call: Invocation, /, schedule: str, of_tenant: str | None) -> int:
    """Remove a schedule and its history; its jobs are kept."""
    from speeko_jobs.flow.lifecycle import schedules as flow

    with _found(call, schedule, of_tenant) as (context, found):
        flow.remove(context, found)
    _answer(call, {"schedule": schedule, "removed": True}, f"{schedule} is removed; its jobs are kept")
    return 0


@command.command("run-now", cls=Verb)
@name_argument
@of_tenant_option
@common
@click.pass_obj
def run_now(call: Invocation, /, schedule: str, of_tenant: str | None) -> int:
    """Start a run now, also of a paused schedule.

    The run starts after a current run of the same schedule. This command does not wait for it.
    """
    from speeko_cli.output import schedules as report
    from speeko_jobs.flow.lifecycle import schedules as flow
    from speeko_jobs.flow.reporting import schedule_queries

    with _found(call, schedule, of_tenant) as (context, found):
        run = flow.run_now(context, found)
        going = schedule_queries.unfinished_run(context, found, run.id)
        _warn_without_workers(context)
    why = f" when it can: {going}" if going else ""
    told = f"{schedule} runs{why or ' now'}: see `speeko schedule history {schedule}`"
    _answer(call, report.run_record(found, run), told)
    return 0


@command.command("history", cls=Verb)
@name_argument
@limit_option
@of_tenant_option
@common
@click.pass_obj
def history(call: Invocation, /, schedule: str, limit: int, of_tenant: str | None) -> int:
    """List the runs of a schedule, newest first, with reasons for skipped ones."""
    from speeko_cli.output import schedules as report
    from speeko_jobs.flow.reporting import schedule_queries

    with _found(call, schedule, of_tenant) as (context, found):
        runs = schedule_queries.history(context, found, limit)
        going = schedule_queries.unfinished_run(context, found)
        now = schedule_queries.clock(context)
    if call.json:
        emit([report.run_record(found, run) for run in runs])
    elif runs:
        report.print_runs(found, runs, going)
    else:
        say(f"{schedule} has not run yet: next {report.next_due(found, now)}")
    return 0


@contextlib.contextmanager
def _found(call: Invocation, name: str, of_tenant: str | None) -> Iterator[tuple[Context, Schedule]]:
    """Open the services and the schedule of that name. Raises JobError for an unknown name."""
    from speeko_cli.runtime.services import open_services
    from speeko_jobs.flow.reporting import schedule_queries

    with open_services(call.settings()) as (context, _):
        yield context, schedule_queries.show(context, name, of_tenant)


def _print_schedule(context: Context, call: Invocation, schedule: Schedule) -> None:
    from speeko_cli.output import schedules as report
    from speeko_jobs.flow.planning.scheduled_request import from_json
    from speeko_jobs.flow.reporting import schedule_queries

    runs = schedule_queries.history(context, schedule, SHOWN_RUNS)
    going = schedule_queries.unfinished_run(context, schedule)
    request = from_json(schedule.orders)
    if call.json:
        emit(report.record(schedule, runs) | report.orders(request))
    else:
        report.print_schedule(schedule, request, runs, going, schedule_queries.clock(context))


def _answer(call: Invocation, record: dict[str, Any], line: str) -> None:
    if call.json:
        emit(record)
    else:
        say(line)


def _warn_without_workers(context: Context) -> None:
    from speeko_jobs.flow.reporting import fleet_queries

    if not fleet_queries.workers_answer(context):
        note("speeko: no worker runs: schedules need `speeko up`, or workers and a beat")
