"""Find names of a catalog at which its output holds something that no job has delivered there.

Invariant: what the user put into an output is never overwritten without --overwrite, and a file that is being
read never at all. The planner looks at every name that the destination does not know; what appears
afterwards is kept by the delivery itself (see `Store.place`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from speeko_jobs.adapters.audio_store import Store
from speeko_jobs.adapters.postgres import deliveries
from speeko_jobs.core.catalog import file_names
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.output.archive_path import STAGING_FOLDER
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.errors import CatalogError, ConfigError
from speeko_jobs.flow.context import Context

SHOWN = 3
FEW = 64  # names that a bucket is asked for one by one; more are looked for in a listing


class OverwriteCheck:
    """Collects names that are taken, over the batches of one catalog."""

    def __init__(self, destination: Store, sources: Iterable[str], *, overwrite: bool) -> None:
        self.first: list[str] = []
        self.count = 0
        self.read: list[str] = []  # those that the catalog itself is read from
        self._destination, self._overwrite = destination, overwrite
        self._sources = _names_in(destination, sources)
        self._listed: np.ndarray[tuple[int], np.dtype[np.int64]] | None = None

    def look(self, paths: Sequence[str]) -> None:
        """Look at names that the destination does not know as delivered."""
        if self._sources:
            self.read += [path for path in paths if file_names.fold(path) in self._sources]
        if self._overwrite or not paths:
            return
        for path in self._taken(paths):
            self.count += 1
            if len(self.first) < SHOWN:
                self.first.append(path)

    def look_at_reports(self, known: bool) -> None:
        """Look at the names of a job's reports. `known`: earlier jobs have written some there."""
        if not known:
            self.look(file_names.REPORTS)

    def check(self) -> None:
        """Raise CatalogError if something would be overwritten that is not ours."""
        url = self._destination.url
        if self.read:
            raise CatalogError(
                printable(
                    f"{url}: the catalog is read from {self.read[0]}, which this job would overwrite: nothing"
                    " was started; choose another --output or --name"
                )
            )
        if self.count:
            more = f" and {self.count - len(self.first):,} more" if self.count > len(self.first) else ""
            raise CatalogError(
                printable(
                    f"{url} holds files that no job has delivered there ({', '.join(self.first)}{more}), and"
                    " this job would overwrite them: nothing was started; move them away, choose another"
                    " --output or --name, or give --overwrite"
                )
            )

    def _taken(self, paths: Sequence[str]) -> list[str]:
        """Those of these names that something has."""
        if not self._destination.is_folder and (len(paths) > FEW or self._listed is not None):
            hashes = np.fromiter(map(hash, paths), np.int64, len(paths))
            paths = [paths[at] for at in np.flatnonzero(np.isin(hashes, self._listing())).tolist()]
        taken = self._destination.taken(paths)
        return [path for path, is_taken in zip(paths, taken, strict=True) if is_taken]

    def _listing(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """The hashes of all names in a bucket's folder, 8 bytes each."""
        if self._listed is None:
            self._listed = np.fromiter(map(hash, self._destination.list()), np.int64)
        return self._listed


def has_reports(context: Context, destination: int) -> bool:
    """Return whether a job has ended in this destination, and so has left reports there."""
    return deliveries.has_reports(context.database, destination)


def check_place(context: Context, spec: JobSpec) -> None:
    """Raise ConfigError for an output inside the audio store, the home or a server's folder, or around the
    store: what is bought would be mixed with what is delivered."""
    if not spec.deliver:
        return
    output, store = context.store_of(spec.output), context.store_of(spec.store)
    own = [("the audio store (SPEEKO_STORE)", store)]
    if output.is_folder:
        own.append(("the home (SPEEKO_HOME)", Store(context.settings.home or ".")))
    for name, place in own:
        if not output.is_folder and not place.is_folder:
            # a bucket may hold both: the store keeps to three folders of its own
            inside = [f"{place.location}{folder}/" for folder in ("audio", "jobs", STAGING_FOLDER)]
            wrong = output.location == place.location or any(map(output.location.startswith, inside))
        else:
            wrong = output.is_folder == place.is_folder and output.location.startswith(place.location)
        if wrong:
            raise ConfigError(f"--output {output.url} is inside {name}, {place.url}: name another folder")
    if output.is_folder and store.is_folder and store.location.startswith(output.location):
        raise ConfigError(
            f"--output {output.url} holds the audio store (SPEEKO_STORE), {store.url}: name another folder"
        )


def _names_in(destination: Store, sources: Iterable[str]) -> frozenset[str]:
    """The folded names below the destination of the files that are read."""
    root = destination.location
    names = set()
    for source in sources if destination.is_folder else ():
        if source == "-" or "://" in source:
            continue
        path = Path(source).expanduser()
        files = [path, Path(source.rpartition("#")[0])] if path.is_file() or "#" in source else []
        files += path.iterdir() if path.is_dir() else []
        real = [os.path.realpath(file) for file in files if file.is_file()]
        names |= {file_names.fold(name.removeprefix(root)) for name in real if name.startswith(root)}
    return frozenset(names)
