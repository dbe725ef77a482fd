"""Files that left the catalog: listed when a job is planned, deleted when it is finalized, and told.

The list lies with the job's parts in the audio store. A file that a later job has put at such a path since
then stays. Runs any number of times.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal

from speeko_jobs.adapters.audio_store import MissingObject
from speeko_jobs.adapters.postgres import deliveries
from speeko_jobs.core.catalog.change_detection import ADDED
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.job.plan_summary import Plan
from speeko_jobs.errors import CatalogError
from speeko_jobs.flow.context import Context

MAX_DELETED_SHARE = Decimal("0.1")  # of an output, unless --max-delete says more
AT_ONCE = 1_000


def _list_path(job: int) -> str:
    return f"jobs/{job}/removed.jsonl"


def check_share(found: Plan, most_share: Decimal) -> None:
    """Raise CatalogError where more than `most_share` of an output would be deleted.

    A catalog that was cut short looks just like one that many rows have left.
    """
    there = found.removed + sum(n for kind, n in found.changes.items() if kind != ADDED)
    if found.removed > most_share * there:
        raise CatalogError(
            f"{found.removed:,} of the {there:,} files in the output are not in the catalog any more, and"
            f" {most_share:.0%} is the most that --prune deletes: nothing was started; check the catalog, or"
            " raise --max-delete"
        )


def keep_removed(context: Context, store: str, job: int, paths: Sequence[str]) -> None:
    """Note the paths that are to go."""
    if paths:
        lines = "".join([json.dumps(path, ensure_ascii=False) + "\n" for path in paths])
        context.store_of(store).put(_list_path(job), lines.encode())


def prune(context: Context, spec: JobSpec, job: int, destination: int) -> Iterator[str]:
    """Delete the files that left the catalog, and yield their paths, the same ones on every run."""
    try:
        noted = context.store_of(spec.store).get(_list_path(job))
    except MissingObject:  # nothing left the catalog
        return
    paths = [json.loads(line) for line in noted.splitlines()]
    output = context.destination_of(spec)
    for start in range(0, len(paths), AT_ONCE):
        some = paths[start : start + AT_ONCE]
        kept = set(deliveries.put_since(context.database, destination, job, some))
        going = [path for path in some if path not in kept]
        # forgotten first: what is noted as there and is not would count as unchanged one day
        context.database.run(lambda t, going=going: deliveries.forget(t, destination, job, going))  # type: ignore[misc]
        output.delete(going)
        yield from going
