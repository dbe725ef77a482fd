"""`speeko run`: everything in one command, from the servers to the summary, and everything stopped again."""

from __future__ import annotations

from typing import Any

import click

from speeko_cli.options.option_builder import Verb
from speeko_cli.options.shared import wait_for_output_option
from speeko_cli.options.stacks import submission_options
from speeko_cli.runtime.invocation import Invocation


@click.command("run", cls=Verb)
@wait_for_output_option()
@submission_options
@click.pass_obj
def command(call: Invocation, /, files: tuple[str, ...], plan_only: bool, **options: Any) -> int:
    """Synthesize a catalog, starting servers and workers as needed.

    FILES are catalogs (CSV, JSONL, text, feeds, Parquet, XLSX), folders of them, patterns, URLs, or - for
    standard input. Ctrl-C pauses the job; `speeko resume` continues it. A catalog that costs more than the
    budget is refused before anything is spent.
    """
    if plan_only:
        from speeko_cli.jobs.show_plan import estimate

        return estimate(call, files, options)
    from speeko_cli.jobs.build_spec import catalog_options_of, check_provider, spec_of
    from speeko_cli.jobs.run_to_completion import whole_run

    settings = call.settings(options)
    spec, orders = spec_of(settings, options, files), catalog_options_of(files, options)
    check_provider(spec, settings)
    return whole_run(settings, spec, orders, options, call)
