"""`speeko estimate`: the exact plan of a catalog, and nothing else."""

from __future__ import annotations

from typing import Any

import click

from cli.call import Call
from cli.console import busy, emit
from cli.options import Verb, common, delivery, reading, speech, wording, work
from cli.routing_options import routing, wishes_of


@click.command("estimate", cls=Verb)
@click.argument("files", nargs=-1, required=True, metavar="FILES...")
@reading
@speech
@routing
@wording
@delivery
@work
@common
@click.pass_obj
def command(call: Call, /, files: tuple[str, ...], **options: Any) -> int:
    """Tell what a catalog would cost, exactly; nothing is started.

    Rows, refused rows, unique texts, what is cached, what is to buy, and its price to the micro-dollar.
    """
    from cli.report import print_plan
    from cli.request import orders_of, spec_of
    from cli.standing import standing
    from speeko_jobs.flow import plan
    from speeko_jobs.flow.submit import destination_of
    from speeko_jobs.flow.voices import routed

    settings = call.settings(options)
    spec, orders = spec_of(settings, options, files), orders_of(files, options)
    with standing(settings) as (context, _), busy(f"planning {', '.join(spec.sources)}"):
        spec = routed(context.database, spec, wishes_of(settings, options))
        found = plan.estimate(context, spec, orders, destination_of(context, spec)).plan
    if call.json:
        emit(found.to_json())
    else:
        print_plan(found, title=f"{', '.join(spec.sources)} with {_voice_of(spec)}")
    return 0


def _voice_of(spec: Any) -> str:
    words = [spec.provider, spec.voice, spec.language, spec.format]
    return ", ".join(word for word in words if word)
