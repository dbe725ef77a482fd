"""`speeko run`: everything in one command, from the servers to the summary, and everything stopped again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli.call import Call
from cli.console import busy, note
from cli.failures import INTERRUPTED, Interrupted
from cli.options import Verb, common, delivery, reading, speech, work

if TYPE_CHECKING:
    from cli.crew import Crew
    from speeko_jobs.core.spec import JobSpec
    from speeko_jobs.flow.context import Context
    from speeko_jobs.flow.plan import Orders


@click.command("run", cls=Verb)
@click.argument("files", nargs=-1, required=True, metavar="FILES...")
@reading
@speech
@delivery
@work
@common
@click.pass_obj
def command(call: Call, /, files: tuple[str, ...], **options: Any) -> int:
    """Speak a catalog: start what is missing, wait, and stop it again.

    FILES are catalogs (CSV, JSONL, text, Parquet, XLSX), folders of them, patterns, URLs, or - for standard
    input. Ctrl-C leaves the job so that `speeko resume` goes on with it.
    """
    from cli.request import check_provider, orders_of, spec_of
    from cli.standing import standing

    settings = call.settings(options)
    spec, orders = spec_of(settings, options, files), orders_of(files, options)
    check_provider(spec, settings)
    with standing(settings) as (context, alone):
        from cli.crew import Crew

        with Crew(context, alone=alone) as crew:
            job = _submit(context, spec, orders, settings.tenant, call)
            return see_through(context, job, crew, call)


def _submit(context: Context, spec: JobSpec, orders: Orders, tenant: str, call: Call) -> int:
    """Plan and release. Interrupted: say whether anything was started, and stop it if it was."""
    from cli.released import released_since, watermark
    from cli.report import SHOWN_REFUSALS
    from speeko_jobs.flow import submit

    mark = watermark(context)
    try:
        with busy(f"planning {', '.join(spec.sources)}"):
            job, plan = submit.submit(context, spec, orders, tenant=tenant)
    except KeyboardInterrupt:
        slipped = released_since(context, mark, spec)
        if slipped is None:
            raise Interrupted("interrupted while planning: nothing was started") from None
        raise Interrupted(_pause(context, slipped, call)) from None
    if not call.json:
        for line in (*plan.notes, *plan.first_refusals[:SHOWN_REFUSALS]):
            note(line)
    return job


def see_through(context: Context, job: int, crew: Crew, call: Call) -> int:
    """Follow a job with workers at hand, and tell its end. Ctrl-C pauses it first."""
    from cli.ending import go_on, tell_end
    from cli.follow import follow
    from cli.progress import display
    from speeko_jobs.core.states import JobState
    from speeko_jobs.errors import SpeekoError

    shown = display(job)
    try:
        try:
            state = follow(context, job, shown, crew.look).state
        finally:
            shown.close()
        if state is JobState.PAUSED:
            crew.stop()  # what is in flight still counts
        return tell_end(context, job, call)
    except KeyboardInterrupt:
        note(f"\nspeeko: job {job} stops after the calls in flight (Ctrl-C again leaves at once)")
        words = _pause(context, job, call)
        crew.stop()
        if call.json:
            tell_end(context, job, call)
            note(f"speeko: {words}")
            return INTERRUPTED
        raise Interrupted(words) from None
    except SpeekoError:
        note(f"speeko: job {job} is kept: go on with: {go_on(job, call)}")
        raise


def _pause(context: Context, job: int, call: Call) -> str:
    """Pause a job that was interrupted; what to tell of it."""
    from cli.ending import go_on
    from speeko_jobs.adapters.postgres import jobs
    from speeko_jobs.core.states import FINISHED, JobState

    context.database.run(
        lambda t: jobs.set_state(t, job, JobState.PAUSED, "interrupted", expected=[JobState.RUNNING])
    )
    state = jobs.progress(context.database, job).state
    if state in FINISHED:
        return f"job {job} is {state} already: see `speeko status {job}`"
    if state is JobState.FINALIZING:
        return f"job {job} has all its audio, its manifest is missing: finish with: {go_on(job, call)}"
    return f"job {job} is paused: go on with: {go_on(job, call)}"
