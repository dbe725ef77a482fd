"""`speeko explain`: one row of a catalog, from its text to its keys and what they would cost."""

from __future__ import annotations

from typing import Any

import click

from speeko_cli.options.option_builder import Verb, option
from speeko_cli.options.stacks import plan_options, without_effect
from speeko_cli.options.voice_routing import routing_options_of
from speeko_cli.output.console import busy, emit
from speeko_cli.runtime.invocation import Invocation


@click.command("explain", cls=Verb)
@option(
    "--row",
    type=click.IntRange(1, 2**63 - 1),
    metavar="N",
    help="number of the row, counted from 1 across all files [default: 1]",
)
@option(
    "--row-id", default="", metavar="ID", help="id of the row, instead of its number; the first one with it"
)
@plan_options
@without_effect
@click.pass_obj
def command(call: Invocation, /, files: tuple[str, ...], row: int | None, row_id: str, **options: Any) -> int:
    """Show how one row is synthesized, step by step, and its cost.

    Shows the text before and after each step, the voice and the reason for it, the file name, and the key and
    the source of the audio of each call. Takes the options of `speeko run` and starts nothing. Exit code 3:
    the row is refused.
    """
    from speeko_cli.jobs.build_spec import catalog_options_of, spec_of
    from speeko_cli.output.row_explanation import print_explained
    from speeko_cli.runtime.error_reporting import OK, WITH_ERRORS
    from speeko_cli.runtime.services import open_services
    from speeko_jobs.errors import UsageError
    from speeko_jobs.flow.planning.voice_routing import routed
    from speeko_jobs.flow.reporting.row_explanation import explain

    if row is not None and row_id:
        raise UsageError("--row and --row-id: give one of them")
    settings = call.settings(options)
    spec, orders = spec_of(settings, options, files), catalog_options_of(files, options)
    with open_services(settings) as (context, _), busy(f"reading {', '.join(spec.sources)}"):
        spec = routed(context.database, spec, routing_options_of(settings, options))
        found = explain(context, spec, orders, row=0 if row_id else row or 1, row_id=row_id)
    if call.json:
        emit(found.to_json())
    else:
        print_explained(found)
    return WITH_ERRORS if found.refused else OK
