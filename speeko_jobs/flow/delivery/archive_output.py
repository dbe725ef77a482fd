"""Pack an output that is one ZIP file (`--output out.zip`), after all of its files were delivered.

Files are staged in a folder of the audio store, as in any other destination: what has not changed stays
there for the next run. The archive holds what the manifest lists. It appears whole under its name, or not
at all; a finalizer that dies packs it again, to the same bytes. An archive that no job has written is not
replaced without --overwrite.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterator

from speeko_jobs.adapters import failpoints
from speeko_jobs.adapters.audio_store import Store
from speeko_jobs.adapters.postgres.jobs import Job
from speeko_jobs.core.catalog.file_names import REPORTS
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.output.archive_path import RECORD, split
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.errors import ConfigError
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.delivery.archive_files import ArchivedFile, ObjectPlace, stream_files
from speeko_jobs.flow.delivery.manifest_merge import lines_of
from speeko_jobs.flow.delivery.zip_stream import ZipStream

NOTE = "MISSING.txt"
KEPT_SIZES = 2  # the archive in place, and the one that is being written
log = logging.getLogger(__name__)


def place_of(context: Context, spec: JobSpec) -> tuple[Store, str]:
    """Return the store that holds the archive, and the archive's name there."""
    parent, name = split(spec.output)
    return context.store_of(parent), name


def check_free(context: Context, spec: JobSpec) -> None:
    """Raise ConfigError if something has the archive's name that no job has written there."""
    if not (spec.archive and spec.deliver):
        return
    store, name = place_of(context, spec)
    size = store.size(name)
    if size is None and not store.taken([name])[0]:
        return
    if size is None:
        raise ConfigError(
            printable(f"--output {spec.output}: a folder or a link has this name: choose another name")
        )
    if not spec.overwrite and size not in _sizes(context.destination_of(spec)):
        raise ConfigError(
            printable(
                f"--output {spec.output}: this file was not written by speeko, or was changed since: move it"
                " away, choose another name, or give --overwrite"
            )
        )


def pack(context: Context, job: Job) -> None:
    """Write the archive of a job whose files and reports are in the staging folder. Raise StoreError."""
    staged = context.destination_of(job.spec)
    store, name = place_of(context, job.spec)
    assert job.finished_at is not None
    missing: list[str] = []
    with contextlib.ExitStack() as stack:
        archive = stack.enter_context(ZipStream(job.finished_at))
        out = stack.enter_context(store.writer(name))
        for block in _blocks(staged, archive, missing):
            out.write(block)
            failpoints.point("in_archive")
        for block in archive.end():
            out.write(block)
        length = archive.bytes_so_far + archive.directory_bytes
        kept = [size for size in _sizes(staged) if size != length][: KEPT_SIZES - 1]
        staged.put(RECORD, json.dumps({"sizes": [length, *kept]}).encode())
    if missing:
        log.warning("job %d: %d files are missing in %s: see %s there", job.id, len(missing), name, NOTE)


def _blocks(staged: Store, archive: ZipStream, missing: list[str]) -> Iterator[bytes]:
    """Yield the files: the reports, the audio, and a note if some of it is missing."""
    sizes = zip(REPORTS, staged.sizes(REPORTS), strict=True)
    reports = [
        ArchivedFile(name, size, [ObjectPlace(staged, name)]) for name, size in sizes if size is not None
    ]
    yield from stream_files(archive, reports, missing.append)
    yield from stream_files(archive, _audio(staged), missing.append)
    if missing:
        yield archive.data(NOTE, missing_note(missing))


def missing_note(names: list[str]) -> bytes:
    """Return the text that names files which should be in an archive and are not."""
    head = "These files were missing when the archive was packed. Run the catalog again to restore them.\n\n"
    return (head + "".join(f"{printable(name)}\n" for name in names)).encode("utf-8", "replace")


def _audio(staged: Store) -> Iterator[ArchivedFile]:
    """Yield the files that the manifest lists."""
    for raw in lines_of(staged, "manifest.jsonl"):
        line = json.loads(raw)
        if line["error"] is None and line["path"]:
            yield ArchivedFile(line["path"], int(line["bytes"]), [ObjectPlace(staged, line["path"])])


def _sizes(staged: Store) -> list[int]:
    """Return the sizes of the archives that were written last; [] where there are none."""
    if staged.size(RECORD) is None:
        return []
    try:
        found = json.loads(staged.get(RECORD))["sizes"]
        return [size for size in found if isinstance(size, int)]
    except (KeyError, TypeError, ValueError):
        return []
