"""`speeko estimate`: the exact plan of a catalog, and nothing else."""

from __future__ import annotations

from typing import Any

import click

from speeko_cli.options.option_builder import Verb
from speeko_cli.options.stacks import plan_options, without_effect
from speeko_cli.runtime.invocation import Invocation


@click.command("estimate", cls=Verb)
@plan_options
@without_effect
@click.pass_obj
def command(call: Invocation, /, files: tuple[str, ...], **options: Any) -> int:
    """Show the exact cost of a catalog without starting anything.

    Shows rows, refused rows, unique texts, cached texts, texts to buy, and the price to the micro-dollar.
    Accepts all options of `speeko run`; `speeko run --dry-run` prints the same.
    """
    from speeko_cli.jobs.show_plan import estimate

    return estimate(call, files, options)
