"""Put audio under the rows' names: linked or copied where it is wanted as it was bought, else made anew.

What is damaged or gone never leaves: it is named in `lost`, and taken away from wherever it got to. Sums are
looked at where that needs no extra transfer: not of what a bucket copies by itself. Nor of what has just been
stored: it would be read out of the memory that it was written from.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from speeko_jobs.adapters.audio_store import OCCUPIED, MissingObject, Store
from speeko_jobs.adapters.postgres import deliveries
from speeko_jobs.adapters.postgres.deliveries import DeliveredFile, StoredSum
from speeko_jobs.core.audio.transcode import Delivered, render
from speeko_jobs.core.catalog.file_names import audio_path
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.model.speech import BadAudio
from speeko_jobs.flow.cache.damaged_files import outdate_copies
from speeko_jobs.flow.context import Context

NO_SUM = bytes(32)
NOT_OURS = "the output holds something of that name that no job delivered: move it away, or give --overwrite"
HEARD_LU = 0.5  # what is nearer to the wanted loudness is not reported: the tolerance of EBU R 128
TURN_SECONDS = 45.0  # an hour of MP3 takes half a minute to make: what is left has its turn later


@dataclass(frozen=True, slots=True)
class FileToPlace:
    """Describe one row's audio: where it goes, what it is made of, and how long its parts are together.

    `fresh`: it was stored by this job a moment ago. `reused`: some of it is in another format than the job's.
    `known`: what has the name now was delivered, and may be replaced.
    """

    path: str
    content: bytes
    keys: Sequence[bytes]
    sizes: Sequence[int]
    millis: int
    fresh: bool = False
    reused: bool = False
    known: bool = True

    @property
    def is_made(self) -> bool:
        """Return whether the file is made of its parts, whatever the job asks for."""
        return self.reused or len(self.keys) != 1


class Placement:
    """Place a chunk's audio. After `place`, `lost` has the keys whose audio is gone or damaged; `is_over`
    says that the turn ended before all files were made, and `made` has those that were."""

    def __init__(self, context: Context, spec: JobSpec) -> None:
        self.lost: set[bytes] = set()
        self.is_over = False
        self.made: list[DeliveredFile] = []
        self._sums: dict[bytes, StoredSum] = {}
        self._context, self._spec = context, spec
        self._store: Store = context.store_of(spec.store)
        self._destination: Store = context.destination_of(spec)

    def place(self, wanted: Sequence[FileToPlace]) -> list[DeliveredFile | str]:
        """Put all in place: for each in order what was put, or why it cannot be.

        [] if audio is lost, or if the turn is over.
        """
        want = self._spec.delivered
        as_bought = want.leaves(self._spec.format)
        plain = [one for one in wanted if as_bought and not one.is_made]
        others = [one for one in wanted if not as_bought or one.is_made]
        old = [one for one in plain if not one.fresh]
        self._look_up([key for one in (*old, *others) for key in one.keys])
        puts = self._linked(plain)
        puts |= self._rendered(others, want)
        if self.lost:
            return []
        if self.is_over:
            self.made = [put for put in puts.values() if isinstance(put, DeliveredFile)]
            return []
        return [puts[one.path] for one in wanted]

    def _look_up(self, keys: Iterable[bytes]) -> None:
        """Look up the sums of these keys."""
        unknown = list(dict.fromkeys(key for key in keys if key not in self._sums))
        if unknown:
            self._sums |= deliveries.sums(self._context.database, unknown)

    def outdate_copies(self) -> None:
        """Have files that share the damage of what is lost delivered anew by the next run."""
        self._look_up(self.lost)
        lost = sorted(self.lost)
        digests = {
            key: hashlib.sha256(audio).digest()
            for key, audio in zip(lost, self._audio(lost), strict=True)
            if audio is not None and key in self._sums
        }
        outdate_copies(self._context, {k: d for k, d in digests.items() if d != self._sums[k].sha256})

    def _path(self, key: bytes) -> str:
        return audio_path(key, self._format(key))

    def _format(self, key: bytes) -> str:
        """Return the format that a key was bought in: the job's, but for reused keys, which are looked up."""
        known = self._sums.get(key)
        return self._spec.format if known is None else known.format

    def _good(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return the objects of these keys that are what was bought, byte for byte; the others are lost."""
        out = {}
        for key, audio in zip(keys, self._audio(keys), strict=True):
            known = self._sums.get(key)
            if audio is None or known is None or hashlib.sha256(audio).digest() != known.sha256:
                self.lost.add(key)
            else:
                out[key] = audio
        return out

    def _audio(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return the objects of these keys, None for those that are gone."""
        paths = [self._path(key) for key in keys]
        try:
            return list(self._store.get_many(paths))
        except MissingObject as error:
            gone = set(error.paths)
        there = [path for path in paths if path not in gone]
        found = dict(zip(there, self._store.get_many(there), strict=True))
        return [found.get(path) for path in paths]

    def _linked(self, plain: Sequence[FileToPlace]) -> dict[str, DeliveredFile | str]:
        pairs = [(self._path(one.keys[0]), one.path) for one in plain]
        sums = [b"" if one.fresh else self._sum(one.keys[0]) for one in plain]
        try:
            new_only = {one.path for one in plain if not one.known}
            sizes: Sequence[int | None] = self._destination.place(self._store, pairs, sums, new_only)
        except MissingObject as error:
            sizes = error.sizes
        wrong = []
        for one, size in zip(plain, sizes, strict=True):
            if size is None:
                self.lost.add(one.keys[0])
            elif size not in (OCCUPIED, one.sizes[0]):
                wrong.append(one)
        for one in self._damaged(wrong, {one.path: size for one, size in zip(plain, sizes, strict=True)}):
            self.lost.add(one.keys[0])
            self._destination.delete([one.path])
        return {
            one.path: NOT_OURS
            if size == OCCUPIED
            else DeliveredFile(one.path, one.content, size or 0, one.millis)
            for one, size in zip(plain, sizes, strict=True)
        }

    def _sum(self, key: bytes) -> bytes:
        """Return the SHA-256 of a key's audio; one that nothing has where the key is unknown by now."""
        known = self._sums.get(key)
        return NO_SUM if known is None else known.sha256

    def _damaged(self, wrong: Sequence[FileToPlace], sizes: dict[str, int | None]) -> list[FileToPlace]:
        """Return those whose object has not as many bytes as were stored; what Redis says may be old."""
        if not wrong:
            return []
        known = deliveries.settled(self._context.database, [one.keys[0] for one in wrong])
        out = []
        for one in wrong:
            end = known.get(one.keys[0])
            if end is None or end.record is None or end.record.bytes != sizes[one.path]:
                out.append(one)
        return out

    def _rendered(self, wanted: Sequence[FileToPlace], want: Delivered) -> dict[str, DeliveredFile | str]:
        """Make files, one sound only once; at least one a turn."""
        alike: dict[bytes, list[FileToPlace]] = {}
        for one in wanted:
            alike.setdefault(one.content, []).append(one)
        puts: dict[str, DeliveredFile | str] = {}
        until = time.monotonic() + TURN_SECONDS
        for ones in alike.values():
            if self.lost:
                break
            if time.monotonic() >= until and any(isinstance(put, DeliveredFile) for put in puts.values()):
                self.is_over = True
                break
            puts |= self._made(ones, want)
        return puts

    def _made(self, ones: Sequence[FileToPlace], want: Delivered) -> dict[str, DeliveredFile | str]:
        """Join and convert the parts of rows that sound alike. When something is lost nothing is placed."""
        keys = ones[0].keys
        parts = self._good(list(dict.fromkeys(keys)))
        if self.lost:
            return {}
        try:
            rendered = render([parts[key] for key in keys], self._format(keys[0]), want)
        except (
            BadAudio
        ) as error:  # each part passed validation, so this is seldom: the row fails, not the job
            return {one.path: str(error) for one in ones}
        new_only = {one.path for one in ones if not one.known}
        kept = self._destination.put_many([(one.path, rendered.audio) for one in ones], new_only)
        size, millis = len(rendered.audio), round(rendered.seconds * 1000)
        quiet = rendered.shortfall_lu > HEARD_LU
        return {
            one.path: NOT_OURS
            if one.path in kept
            else DeliveredFile(one.path, one.content, size, millis, is_quiet=quiet)
            for one in ones
        }
