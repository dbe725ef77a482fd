"""Show the plan of a catalog: `speeko estimate`, and `--dry-run` of the commands that would run it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from speeko_cli.jobs.build_spec import catalog_options_of, spec_of
from speeko_cli.options.voice_routing import routing_options_of
from speeko_cli.output.console import busy, emit
from speeko_cli.output.job_summary import print_plan
from speeko_cli.runtime.services import open_services
from speeko_jobs.errors import CatalogError
from speeko_jobs.flow.delivery.removed_files import MAX_DELETED_SHARE, check_share
from speeko_jobs.flow.planning import planner
from speeko_jobs.flow.planning.submit import destination_of
from speeko_jobs.flow.planning.voice_routing import routed

if TYPE_CHECKING:
    from speeko_cli.runtime.invocation import Invocation
    from speeko_jobs.core.job.job_spec import JobSpec
    from speeko_jobs.core.job.plan_summary import Plan
    from speeko_jobs.settings import Settings


def estimate(call: Invocation, files: tuple[str, ...], options: Mapping[str, Any]) -> int:
    """Print the plan of a catalog with these options; return the exit code. Creates no job."""
    settings = call.settings(options)
    return show_plan(call, settings, spec_of(settings, options, files), files, options)


def show_plan(
    call: Invocation, settings: Settings, spec: JobSpec, files: tuple[str, ...], options: Mapping[str, Any]
) -> int:
    """Print the plan of a job; return the exit code. Creates no job."""
    orders = catalog_options_of(files, options)
    with open_services(settings) as (context, _), busy(f"planning {', '.join(spec.sources)}"):
        spec = routed(context.database, spec, routing_options_of(settings, options))
        destination = destination_of(context, spec) if spec.deliver else None
        found = planner.estimate(context, spec, orders, destination).plan
    found.notes += _refusals(found, spec, options)
    if call.json:
        emit(found.to_json())
    else:
        print_plan(found, title=f"{', '.join(spec.sources)} with {_voice_of(spec)}")
    return 0


def _refusals(found: Plan, spec: JobSpec, options: Mapping[str, Any]) -> Iterator[str]:
    """Yield why a run with these options would be refused."""
    from speeko_jobs.core.model.money import usd

    budget = options.get("budget")
    if budget is not None and found.cost_micros > budget and not options.get("partial"):
        yield (
            f"a run would be refused: the cost is ${usd(found.cost_micros)}, the budget is ${usd(budget)};"
            " raise --budget, or give --partial to buy as much as the budget allows"
        )
    if spec.prune:
        try:
            check_share(found, options.get("max_delete", MAX_DELETED_SHARE))
        except CatalogError as error:
            yield f"a run would be refused: {error}"


def _voice_of(spec: JobSpec) -> str:
    words = [spec.provider, spec.voice, spec.language, spec.format]
    return ", ".join(word for word in words if word)
