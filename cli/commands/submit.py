"""`speeko submit`: plan a catalog and submit it to running workers."""

from __future__ import annotations

from typing import Any

import click

from speeko_cli.options.option_builder import Verb, option
from speeko_cli.options.stacks import submission_options
from speeko_cli.output.console import emit, say
from speeko_cli.runtime.invocation import Invocation


@click.command("submit", cls=Verb)
@option("--wait", is_flag=True, help="wait until the job ends and print its summary")
@submission_options
@click.pass_obj
def command(call: Invocation, /, files: tuple[str, ...], plan_only: bool, wait: bool, **options: Any) -> int:
    """Submit a catalog to workers that run elsewhere.

    The job continues after this command; `speeko watch JOB` shows its progress. While another job delivers to
    the same output, this command waits before it plans.
    """
    if plan_only:
        from speeko_cli.jobs.show_plan import estimate

        return estimate(call, files, options)
    from speeko_cli.jobs.build_spec import catalog_options_of, spec_of
    from speeko_cli.jobs.follow_detached import follow_to_end, warn_without_workers
    from speeko_cli.runtime.services import open_services

    settings = call.settings(options)
    spec, orders = spec_of(settings, options, files), catalog_options_of(files, options)
    with open_services(settings) as (context, _):
        from speeko_cli.jobs.submit import submit_job

        job, plan = submit_job(context, spec, orders, options, call, _slipped)
        warn_without_workers(context, job, call)
        if wait:
            return follow_to_end(context, job, call, quiet=False)
        if call.json:
            emit({"job": job, "state": "running", "plan": plan.to_json()})
        else:
            from speeko_jobs.core.output.formatting import count, micros

            bought = f"{count(plan.calls, 'call')} for {micros(plan.cost_micros)}"
            say(f"job {job} is submitted: {count(plan.rows, 'row')}, {bought}")
    return 0


def _slipped(job: int) -> str:
    return f"job {job} is submitted: stop it with `speeko pause {job}` or `speeko cancel {job}`"
