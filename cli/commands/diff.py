"""`speeko diff`: what a catalog would change in its output, without doing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from speeko_cli.options.option_builder import Verb, option
from speeko_cli.options.stacks import plan_options, without_effect
from speeko_cli.options.voice_routing import routing_options_of
from speeko_cli.output.console import busy, emit, say
from speeko_cli.runtime.invocation import Invocation

if TYPE_CHECKING:
    from speeko_jobs.core.job.plan_summary import Plan
    from speeko_jobs.core.job.row_reader import SpokenRow

SHOWN = 20
SHOWN_KINDS = {
    "text_rules": "changed: text rules",
    "added": "added",
    "same_sound": "changed, but they sound the same: nothing to do",
    "unchanged": "unchanged",
}


@click.command("diff", cls=Verb)
@option("--all", "everything", is_flag=True, help=f"list all rows [default: the first {SHOWN}]")
@plan_options
@without_effect
@click.pass_obj
def command(call: Invocation, /, files: tuple[str, ...], everything: bool, **options: Any) -> int:
    """Show what a run would add, change and remove, and why.

    Starts nothing. Rows are added, changed (text, voice, language, lexicon, text rules, format, engine,
    headers) or unchanged; files are removed if their rows are no longer in the catalog, and deleted only by
    --prune.
    """
    from speeko_cli.jobs.build_spec import catalog_options_of, spec_of
    from speeko_cli.output.job_summary import print_refusals
    from speeko_cli.runtime.services import open_services
    from speeko_jobs.core.catalog.change_detection import ADDED
    from speeko_jobs.core.output.formatting import count, table_micros
    from speeko_jobs.core.output.sanitize import printable
    from speeko_jobs.flow.planning import planner
    from speeko_jobs.flow.planning.submit import destination_of
    from speeko_jobs.flow.planning.voice_routing import routed

    settings = call.settings(options)
    spec, orders = spec_of(settings, options, files), catalog_options_of(files, options)
    rows: list[tuple[str, str, str]] = []
    more = 0

    def note(read: SpokenRow, kind: str) -> None:
        nonlocal more
        if everything or len(rows) < SHOWN:
            rows.append((kind, read.id, read.path))
        else:
            more += 1

    with open_services(settings) as (context, _), busy(f"planning {', '.join(spec.sources)}"):
        spec = routed(context.database, spec, routing_options_of(settings, options))
        loaded = planner.estimate(context, spec, orders, destination_of(context, spec), note)
    found, gone = loaded.plan, loaded.removed
    changes = found.changes
    if call.json:
        listed = [dict(zip(("change", "id", "path"), row, strict=True)) for row in rows]
        removed = gone if everything else gone[:SHOWN]
        again = {name: found.to_json()[name] for name in ("reworded", "reworded_usd", "left_out")}
        refused = {"refused": found.refused, "refusals": found.first_refusals}
        known = {"changes": changes, "removed": len(gone), "rows": listed, "removed_paths": removed}
        emit(known | refused | again)
        return 0
    _print_counts(found, len(gone))
    for kind, row_id, path in rows:
        mark, shown = "+" if kind == ADDED else "~", " ".join(row_id.split())
        say(f"{mark} {printable(path)}  {kind}  {printable(shown)}")
    for path in gone if everything else gone[:SHOWN]:
        say(f"- {printable(path)}  removed")
    more += 0 if everything else max(0, len(gone) - SHOWN)
    if more:
        say(f"and {count(more, 'row')} more (--all lists them)")
    print_refusals(found)
    say()
    for line in found.notes:
        say(line)
    say(f"a run would make {count(found.calls, 'call')} for {table_micros(found.cost_micros)}")
    return 0


def _print_counts(found: Plan, removed: int) -> None:
    from speeko_cli.output.job_summary import WITHOUT_TEXT

    for kind, n in found.changes.items():
        say(f"{n:>9,}  {SHOWN_KINDS.get(kind) or f'changed: {kind}'}")
    if found.left_out:
        say(f"{found.left_out:>9,}  {WITHOUT_TEXT}")
    if removed:
        say(f"{removed:>9,}  removed from the catalog (--prune deletes their files)")
    if found.refused:
        say(f"{found.refused:>9,}  refused: they cannot be spoken")
    say()
