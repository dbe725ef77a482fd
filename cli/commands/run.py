"""`speeko run`: everything in one command, from the servers to the summary, and everything stopped again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli.call import Call
from cli.console import busy, note
from cli.failures import Interrupted
from cli.options import Verb, common, delivery, reading, speech, work

if TYPE_CHECKING:
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
    job = 0
    try:
        with standing(settings) as (context, alone):
            from cli.crew import Crew
            from cli.seeing import see_through

            with Crew(context, alone=alone) as crew:
                job = _submit(context, spec, orders, settings.tenant, call)
                return see_through(context, job, crew, call)
    except KeyboardInterrupt:
        if job:
            raise
        raise Interrupted("interrupted: nothing was started") from None


def _submit(context: Context, spec: JobSpec, orders: Orders, tenant: str, call: Call) -> int:
    """Plan and release. Interrupted: say whether anything was started, and stop it if it was."""
    from cli.released import released_since, watermark
    from cli.report import SHOWN_REFUSALS
    from cli.seeing import interrupt
    from speeko_jobs.flow import submit

    mark = watermark(context)
    try:
        with busy(f"planning {', '.join(spec.sources)}"):
            job, plan = submit.submit(context, spec, orders, tenant=tenant)
    except KeyboardInterrupt:
        slipped = released_since(context, mark, spec)
        if slipped is None:
            raise Interrupted("interrupted while planning: nothing was started") from None
        raise Interrupted(interrupt(context, slipped, call)) from None
    if not call.json:
        for line in (*plan.notes, *plan.first_refusals[:SHOWN_REFUSALS]):
            note(line)
    return job
