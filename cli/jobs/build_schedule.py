"""From options to what a schedule keeps: a request that any worker understands, wherever it runs."""

from __future__ import annotations

import dataclasses
import glob
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from speeko_cli.jobs.build_spec import catalog_options_of, spec_of
from speeko_cli.options.voice_routing import routing_options_of
from speeko_cli.runtime.invocation import absolute
from speeko_jobs.flow.planning.scheduled_request import Request
from speeko_jobs.flow.planning.voice_routing import routed

if TYPE_CHECKING:
    from speeko_jobs.flow.context import Context
    from speeko_jobs.settings import Settings


def places_of(files: Sequence[str]) -> tuple[str, ...]:
    """The sources for a worker, whose current folder is another."""
    return tuple(named if named == "-" else absolute(named) for named in files)


def missing(places: Sequence[str]) -> list[str]:
    """Paths at which nothing is. They may be filled later, or on another machine; or they are misspelt."""
    local = [place for place in places if "://" not in place and not glob.has_magic(place)]
    return [place for place in local if not (_is_there(place) or _is_there(place.rpartition("#")[0]))]


def request_of(
    context: Context, settings: Settings, options: Mapping[str, Any], places: Sequence[str]
) -> Request:
    """What each run is submitted with. Raises ConfigError and UsageError for what no worker could do."""
    spec = spec_of(settings, options, places)
    spec = dataclasses.replace(spec, lexicon=tuple(map(absolute, spec.lexicon)))
    request = Request(
        spec,
        catalog_options_of(places, options),
        prices=settings.price_per_million,
        budget_micros=options["budget"],
        priority=options["priority"],
        partial=options["partial"],
        most_deleted_share=options["max_delete"],
    )
    request.check()
    return dataclasses.replace(
        request, spec=routed(context.database, spec, routing_options_of(settings, options))
    )


def _is_there(place: str) -> bool:
    return bool(place) and Path(place).exists()
