"""Record with a job how its catalog was read, so that a schedule can be made of the job later.

Invariant: nothing secret is stored. A catalog from standard input, or from an address with a key or password
in it, has no record. Paths are absolute, because a worker has another current folder.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from speeko_jobs.adapters.catalog import ReadOptions
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.output.redaction import redacted
from speeko_jobs.flow.planning.catalog_reader import CatalogOptions

RECORD = "catalog"  # its name in the job's plan


def record_of(options: CatalogOptions, spec: JobSpec) -> dict[str, Any]:
    """Return the record as a part of the job's plan; {} where the catalog cannot be read again."""
    if any(source == "-" or redacted(source) != source for source in options.sources):
        return {}
    sources = tuple(map(_absolute, options.sources))
    orders = dataclasses.asdict(dataclasses.replace(options, sources=sources))
    return {RECORD: {"orders": orders, "lexicon": [*map(_absolute, spec.lexicon)]}}


def recorded_in(plan: Mapping[str, Any]) -> tuple[CatalogOptions, tuple[str, ...]] | None:
    """Return how to read the catalog, and the paths of its lexicons; None where there is no record.

    A record of a newer version, with options that this one lacks, counts as none.
    """
    found = plan.get(RECORD)
    if not isinstance(found, dict):
        return None
    try:
        read: dict[str, Any] = dict(found["orders"])
        read |= {name: tuple(value) for name, value in read.items() if isinstance(value, list)}
        options = CatalogOptions(**read | {"read": ReadOptions(**read["read"])})
        return options, tuple(found["lexicon"])
    except (KeyError, TypeError):
        return None


def _absolute(place: str) -> str:
    return place if "://" in place else str(Path(place).expanduser().absolute())
