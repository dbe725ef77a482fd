"""Finalize a job: its manifest, failed rows and summary in the destination. Same bytes on every run.

Commands read summaries here, too; so what only the finalizer needs is imported where it is used.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from speeko_jobs.adapters import failpoints
from speeko_jobs.adapters.audio_store import MissingObject, Store
from speeko_jobs.adapters.postgres import chunks, deliveries, job_control, jobs, rebuys, wait_facts, webhooks
from speeko_jobs.adapters.postgres.chunks import Chunk
from speeko_jobs.adapters.postgres.jobs import Job
from speeko_jobs.core.model.states import JobState
from speeko_jobs.core.output.formatting import count
from speeko_jobs.core.output.sanitize import spreadsheet_safe
from speeko_jobs.core.policies import failure_grouping
from speeko_jobs.core.reporting import job_figures, manifest
from speeko_jobs.core.reporting import job_summary as core_summary
from speeko_jobs.errors import StoreError
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.delivery.manifest_parts import part_paths
from speeko_jobs.flow.delivery.storage_failures import is_of_destination, pause_refused

log = logging.getLogger(__name__)
FINALIZED = (JobState.FINALIZING, JobState.DONE, JobState.DONE_WITH_ERRORS, JobState.CANCELLED)
SHOWN_REASONS = 10


def finalize(context: Context, job_no: int) -> bool:
    """Write a job's files and end it; whether this call ended it."""
    job = jobs.show(context.database, job_no)
    if job.state not in FINALIZED or job.chunks_open:
        return False
    if job.finished_at is None:  # noted once, so that every run tells the same times
        context.database.run(lambda t: job_control.stamp_end(t, job_no))
        job = jobs.show(context.database, job_no)
    end = JobState.DONE_WITH_ERRORS if job.failed or job.refused else JobState.DONE
    if job.spec.deliver:
        try:
            if job.spec.prune and job.state is not JobState.CANCELLED:
                _prune(context, job)
            _write(context, job, end)
            if job.spec.archive:
                from speeko_jobs.flow.delivery import archive_output

                archive_output.pack(context, job)
        except StoreError as error:
            if job.state is JobState.FINALIZING:
                pause_refused(context, job.id, job.spec, error)
                return False
            if job.state is not JobState.CANCELLED or not is_of_destination(context, job.spec, error):
                raise
            # whoever cancels a job ends it, also where its reports cannot be written
            reason = f"{job.reason}; its reports could not be written: {error}"
            cancelled = JobState.CANCELLED
            context.database.run(lambda t: jobs.set_state(t, job.id, cancelled, reason, expected=[cancelled]))
    if job.spec.rebuy:
        context.database.run(lambda t: rebuys.end(t, job.id))
    # last of all: a finalizer that dies before this is sent again
    return context.database.run(lambda t: job_control.end(t, job.id, end))


def _prune(context: Context, job: Job) -> None:
    """Delete what left the catalog; removed.csv says what."""
    from speeko_jobs.flow.delivery.removed_files import prune

    destination = context.destination_of(job.spec)
    orders = chunks.job_context(context.database, job.id)
    assert orders is not None
    with destination.writer("removed.csv") as out:
        out.write(_csv([["path"]]))
        for path in prune(context, job.spec, job.id, orders.destination_id):
            out.write(_csv([[path]]))


def _write(context: Context, job: Job, end: JobState) -> None:
    """Write the manifest, the failed rows and the summary of a job that ends as `end`."""
    from speeko_jobs.flow.delivery import report_figures
    from speeko_jobs.flow.delivery.manifest_merge import Merge

    store = context.store_of(job.spec.store)
    destination = context.destination_of(job.spec)
    why: Counter[str] = Counter()
    sample = report_figures.ManifestSample(job.rows)
    merges = bool(job.plan.get("merges"))
    with contextlib.ExitStack() as stack:
        lines_out = stack.enter_context(destination.writer("manifest.jsonl"))
        table_out = stack.enter_context(destination.writer("manifest.csv"))
        failed_out = stack.enter_context(destination.writer("failed.csv"))
        merge = stack.enter_context(Merge(destination, job.spec.public_urls)) if merges else None
        columns = manifest.PUBLIC_COLUMNS if job.spec.public_urls else manifest.COLUMNS
        table_out.write((",".join(columns) + "\n").encode())
        failed_out.write(_csv([manifest.FAILED_COLUMNS]))
        for part in deliveries.delivered_chunks(context.database, job.id):
            as_json, as_csv = manifest_part(context, store, part.chunk)
            wrong: list[dict[str, Any]] = []
            failed: list[list[Any]] = []
            if part.has_failures:
                lines = map(json.loads, as_json.splitlines())
                wrong = [line for line in lines if line["error"] is not None]
                failed = list(_failed_rows(context, part.chunk, job, wrong))
                why.update([line["error"] for line in wrong])
            if merge is not None:
                merge.add(as_json, failed)
                continue
            lines_out.write(as_json)
            failpoints.point("in_manifest")
            table_out.write(as_csv)
            failed_out.write(_csv(failed))
            sample.add(as_json, wrong)
        if merge is not None:
            sample = report_figures.ManifestSample(merge.rows())
            for as_json, as_csv in merge.parts():
                lines_out.write(as_json)
                failpoints.point("in_manifest")
                table_out.write(as_csv)
                sample.add(as_json)
            failed_out.write(_csv(merge.failed()))
    if job.state is JobState.FINALIZING:
        job = replace(job, state=end)
    summary = summary_of(context, job, failure_grouping.grouped(why.items(), SHOWN_REASONS))
    try:
        page = report_figures.page(context, job, summary, sample)
    except Exception:  # a chart that cannot be drawn must not keep a job from its end
        log.exception("job %d has no report.html", job.id)
        summary["notes"].append("report.html could not be made: the reason is in the log of the worker")
    else:
        destination.put("report.html", page)
    destination.put("summary.json", (json.dumps(summary, indent=2, ensure_ascii=False) + "\n").encode())


def summarize(context: Context, job_no: int) -> dict[str, Any]:
    """Return a job's summary as it stands."""
    return _summarize(context, jobs.show(context.database, job_no))


def _summarize(context: Context, job: Job) -> dict[str, Any]:
    found = jobs.failures(context.database, job.id)
    rest = job.failed + job.refused - sum(n for _, n in found)
    if rest > 0 and job.state is JobState.CANCELLED:
        found.append((failure_grouping.CANCELLED, rest))
    summary = summary_of(context, job, failure_grouping.grouped(found, SHOWN_REASONS))
    summary["notes"] += _webhook_notes(context, job)
    return summary


def _plan_notes(job: Job) -> list[str]:
    """Return what the plan noted. `run` and `submit` print it, a schedule does not."""
    return list(job.plan.get("notes", ()))


def full_notes(context: Context, job: Job, summary: dict[str, Any]) -> list[str]:
    """Return all notes on a job: the plan's, its summary's, and webhook events that were not delivered."""
    return [*_plan_notes(job), *summary["notes"], *_webhook_notes(context, job)]


def _webhook_notes(context: Context, job: Job) -> list[str]:
    """Return a note on each event that its receiver lacks; without times, so that pages stay the same."""
    notes = []
    for hook in webhooks.undelivered(context.database, job.id):
        after = "given up" if hook.wait_seconds is None else "it will be sent again"
        tries = count(hook.tries, "try", "tries")
        notes.append(f'webhook event "{hook.event}" not delivered: {hook.error} ({tries}, {after})')
    return notes


def status(context: Context, job_no: int) -> dict[str, Any]:
    """Return the summary with the plan's notes and what the job waits for (None where it gets on)."""
    seen = wait_facts.look(context.database, [job_no]).get(job_no)
    job = jobs.show(context.database, job_no)
    summary = _summarize(context, job)
    notes = [*_plan_notes(job), *summary["notes"]]
    return summary | {"waiting": None if seen is None else seen.to_json(), "notes": notes}


def summary_of(context: Context, job: Job, failures: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """The summary of a job as it was looked at. `failures`: reasons with their numbers of rows."""
    figures = {name: getattr(job, name) for name in Job.__dataclass_fields__}
    figures |= {"provider": job.spec.provider, "output": job.destination}
    figures["progress"] = job_figures.progress(job)
    return core_summary.summary(figures, jobs.counts(context.database, job.id), failures)


def results(context: Context, job_no: int, after: int = 0) -> Iterator[tuple[int, bytes]]:
    """The manifest's lines of the chunks that are delivered by now, past chunk `after`: (chunk, lines)."""
    job = jobs.show(context.database, job_no)
    store = context.store_of(job.spec.store)
    for part in deliveries.delivered_chunks(context.database, job.id, after):
        yield part.chunk.no, manifest_part(context, store, part.chunk)[0]


def manifest_part(context: Context, store: Store, chunk: Chunk) -> tuple[bytes, bytes]:
    """Return a delivered chunk's parts of the manifest, made again if the store has lost them."""
    try:
        as_json, as_csv = store.get_many(part_paths(chunk.job, chunk.no))
    except MissingObject:
        from speeko_jobs.flow.delivery.chunk_delivery import rebuild

        return rebuild(context, chunk.job, chunk)
    return as_json, as_csv


def _failed_rows(
    context: Context, chunk: Chunk, job: Job, wrong: list[dict[str, Any]]
) -> Iterator[list[Any]]:
    """Rows for failed.csv, which is a catalog again: its texts are as they stood, or as they were spoken."""
    found = {row.row_no: row for row in chunks.rows(context.database, chunk)}
    keys = [key for line in wrong for key in found[line["row"]].keys or ()]
    texts = chunks.texts(context.database, keys)
    for line in wrong:
        row = found[line["row"]]
        text = row.source if row.source is not None else " ".join(texts.get(k, "") for k in row.keys or ())
        file, file_row = _place(job, line["row"])
        is_whole = job.spec.segments == "sentence" and len(row.keys or ()) == 1
        kind = manifest.Kept("whole" if is_whole else "", "yes" if row.source is None else "")
        if row.error is not None:  # refused by the planner
            kind = manifest.kept(row.change)
        yield [line["id"], text, line["voice"], line["language"], *kind, file, file_row, line["error"]]


def _place(job: Job, row_no: int) -> tuple[str, int]:
    """The file that a row came from, and its number there."""
    file = max((f for f in job.files if f["first_row"] <= row_no), key=lambda f: f["first_row"])
    return file["name"], row_no - file["first_row"] + 1


def _csv(rows: Any) -> bytes:
    """Rows as CSV in which no cell starts a formula when a spreadsheet opens it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in rows:
        writer.writerow([spreadsheet_safe(cell) if isinstance(cell, str) else cell for cell in row])
    return out.getvalue().encode()
