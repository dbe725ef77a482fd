"""`speeko estimate`: the exact plan of a catalog, and nothing else."""

from __future__ import annotations

from typing import Any

import click

from speeko_cli.options.option_builder import Verb
from speeko_cli.options.stacks import plan_options
from speeko_cli.options.voice_routing import routing_options_of
from speeko_cli.output.console import busy, emit
from speeko_cli.runtime.invocation import Invocation


@click.command("estimate", cls=Verb)
@plan_options
@click.pass_obj
def command(call: Invocation, /, files: tuple[str, ...], **options: Any) -> int:
    """Show what a catalog would cost, exactly; nothing is started.

    Rows, refused rows, unique texts, what is cached, what is to buy, and its price to the micro-dollar.
    """
    from speeko_cli.jobs.build_spec import catalog_options_of, spec_of
    from speeko_cli.output.job_summary import print_plan
    from speeko_cli.runtime.services import open_services
    from speeko_jobs.flow.planning import planner
    from speeko_jobs.flow.planning.submit import destination_of
    from speeko_jobs.flow.planning.voice_routing import routed

    settings = call.settings(options)
    spec, orders = spec_of(settings, options, files), catalog_options_of(files, options)
    with open_services(settings) as (context, _), busy(f"planning {', '.join(spec.sources)}"):
        spec = routed(context.database, spec, routing_options_of(settings, options))
        found = planner.estimate(context, spec, orders, destination_of(context, spec)).plan
    if call.json:
        emit(found.to_json())
    else:
        print_plan(found, title=f"{', '.join(spec.sources)} with {_voice_of(spec)}")
    return 0


def _voice_of(spec: Any) -> str:
    words = [spec.provider, spec.voice, spec.language, spec.format]
    return ", ".join(word for word in words if word)
