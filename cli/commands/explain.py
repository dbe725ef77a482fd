"""`speeko explain`: one row of a catalog, from its text to its keys and what they would cost."""

from __future__ import annotations

from typing import Any

import click

from speeko_cli.options.option_builder import Verb, option
from speeko_cli.options.shared import common
from speeko_cli.options.stacks import delivered_options
from speeko_cli.options.voice_routing import routing_options_of
from speeko_cli.output.console import busy, emit
from speeko_cli.runtime.invocation import Invocation


@click.command("explain", cls=Verb)
@option(
    "--row",
    type=click.IntRange(1, 2**63 - 1),
    metavar="N",
    help="the row's number, from 1 and over all files [default: 1]",
)
@option("--row-id", default="", metavar="ID", help="the first row of that id instead")
@delivered_options
@common
@click.pass_obj
def command(call: Invocation, /, files: tuple[str, ...], row: int | None, row_id: str, **options: Any) -> int:
    """Show how one row is spoken, step by step, and what it would cost.

    Its text as it stands and after each step, its voice and why, its file name, and for each call that it
    takes the key and where the audio would come from. Takes the options of `speeko run`; nothing is started.
    Exit code 3: the row is refused.
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
