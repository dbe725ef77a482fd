"""The one class over a URL: which driver it is, what a name may be, and what missing means."""

from __future__ import annotations

import builtins
import hashlib
import logging
import os
import secrets
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from speeko_jobs.adapters.audio_store.bucket_store import Address, Objects
from speeko_jobs.adapters.audio_store.local_store import Folder
from speeko_jobs.adapters.audio_store.store_errors import OCCUPIED, MissingObject, check_path
from speeko_jobs.core.catalog.file_names import earlier_audio_path
from speeko_jobs.core.output.cdn_publishing import IMMUTABLE
from speeko_jobs.core.output.content_type import content_type
from speeko_jobs.core.output.web_address import missing_slash
from speeko_jobs.errors import ConfigError, StoreError

T = TypeVar("T")

AUDIO = "audio"  # the folder that holds what was bought
LAYOUT_SECONDS = 60.0  # how long an answer about the layout of a store holds
COPY_BATCH = 64  # objects in memory at a time, where bytes have to go through this process

_BUCKETS = ("s3", "gs", "az", "memory")
log = logging.getLogger(__name__)


class Store:
    """Objects under names, at a URL: a folder's path, file://, s3://, gs://, az://container, memory://name.

    Options of a bucket come from the URL's query (?region=...&endpoint=...&allow_http=true) or the
    variables its own tools read (AWS_ENDPOINT_URL, AWS_REGION, AWS_ALLOW_HTTP, ...). Names are relative and
    "/"-separated; any other is a StoreError. Audio in folders is read-only (0444), because a delivered file
    may be a hard link of the paid original: replace such a file, do not edit it. `cache_control` is the
    header of audio objects; all others get "no-cache", since they are written again under the same name.

    Audio that lies where versions before schema 0010 put it is found there, and moved to its path by whatever
    asks for it. A store without that layout is asked nothing more than that, once a minute at most.

    A Store may be made before a fork and used after it. Every failure is a StoreError with one line;
    ConfigError where the URL means nothing.
    """

    def __init__(self, url: str, *, cache_control: str = IMMUTABLE) -> None:
        self._driver = _driver(url, cache_control)
        self.url = self._driver.url
        self._has_earlier, self._layout_until = False, 0.0

    @property
    def is_folder(self) -> bool:
        return isinstance(self._driver, Folder)

    @property
    def location(self) -> str:
        """Where it is, the same for each way to spell it that can be told: with a "/" at its end, so that
        what lies inside begins with it."""
        if isinstance(self._driver, Folder):
            return f"{os.path.realpath(self._driver.root)}".rstrip("/") + "/"
        return self.url.rstrip("/") + "/"

    def put_many(
        self, objects: Sequence[tuple[str, bytes]], new_only: Collection[str] = ()
    ) -> builtins.list[str]:
        """Store (name, bytes) pairs, durable when it returns. What had a name is replaced as a whole.

        But for the names of `new_only`: those that hold other bytes stay as they are, and are returned.
        """
        for path, _ in objects:
            check_path(self.url, path)
        return self._driver.put_many(objects, new_only) if objects else []

    def put(self, path: str, data: bytes) -> None:
        self.put_many([(path, data)])

    def get(self, path: str) -> bytes:
        """The object's bytes; MissingObject where there is none."""
        return self.get_many([path])[0]

    def get_many(self, paths: Sequence[str]) -> builtins.list[bytes]:
        """The bytes of each, in order; MissingObject with all the names that are not there."""
        found = self._get_many(paths)
        missing = [path for path, data in zip(paths, found, strict=True) if data is None]
        if missing:
            raise MissingObject(self.url, [*dict.fromkeys(missing)])
        return [data for data in found if data is not None]

    def size(self, path: str) -> int | None:
        return self.sizes([path])[0]

    def sizes(self, paths: Sequence[str]) -> builtins.list[int | None]:
        """Bytes of each object, None where there is none (also where a folder store is not there at all)."""
        for path in paths:
            check_path(self.url, path)
        return self._or_earlier(paths, self._driver.sizes) if paths else []

    def taken(self, paths: Sequence[str]) -> builtins.list[bool]:
        """Whether anything has the name: an object; in a folder also a sub folder or a symbolic link."""
        for path in paths:
            check_path(self.url, path)
        return self._driver.taken(paths) if paths else []

    def delete(self, paths: Sequence[str]) -> None:
        """Remove objects; those that are missing are fine."""
        for path in paths:
            check_path(self.url, path)
        if paths:
            earlier = [one for path in paths if (one := earlier_audio_path(path)) is not None]
            self._driver.delete([*paths, *earlier] if earlier and self._is_earlier() else paths)

    def list(self, prefix: str = "") -> Iterator[str]:
        """All names below a folder ("" is everything), in no certain order."""
        prefix = prefix.rstrip("/")
        if prefix:
            check_path(self.url, prefix)
        return self._driver.names(prefix)

    def writer(self, path: str) -> AbstractContextManager[BinaryIO]:
        """A file to stream into. It appears whole and durable under its name at the end of the `with` block;
        an exception inside leaves nothing, and whatever had the name before."""
        check_path(self.url, path)
        return self._driver.writer(path)

    def reader(self, path: str) -> Iterator[bytes]:
        """The object's bytes in chunks of about 1 MiB; MissingObject where there is none."""
        check_path(self.url, path)
        chunks = self._or_earlier([path], lambda paths: [self._driver.reader(one) for one in paths])[0]
        if chunks is None:
            raise MissingObject(self.url, [path])
        return chunks

    def place(
        self,
        source: Store,
        pairs: Sequence[tuple[str, str]],
        sums: Sequence[bytes] = (),
        new_only: Collection[str] = (),
    ) -> builtins.list[int]:
        """Deliver objects of `source` under names here: (name there, name here) pairs → the bytes of each.

        Folder to folder on one disk is a hard link, within a bucket a copy by the server, else the bytes go
        through this process. A name that exists is replaced as a whole. MissingObject comes after all others
        were placed and has their sizes. `sums`: the SHA-256 of each object, b"" where it is not to be looked
        at; another counts as missing. Within a bucket nothing is looked at. `new_only`: names here that are
        not replaced; OCCUPIED in place of a size where one holds anything but the same bytes.
        """
        for from_path, to_path in pairs:
            check_path(source.url, from_path)
            check_path(self.url, to_path)
        sizes = self._place(source, pairs, sums or [b""] * len(pairs), new_only) if pairs else []
        missing = dict.fromkeys(pair[0] for pair, size in zip(pairs, sizes, strict=True) if size is None)
        if missing:
            raise MissingObject(source.url, [*missing], sizes)
        return [size for size in sizes if size is not None]

    def check_writable(self) -> None:
        """Write, read and remove a small object: for `doctor`. StoreError says what to do."""
        path, data = f".speeko-probe-{secrets.token_hex(8)}", secrets.token_bytes(64)
        self.put(path, data)
        try:
            if self.get(path) != data:
                raise StoreError(
                    f"{self.url}: a test object was not returned as it was written: use another store"
                )
        finally:
            self.delete([path])

    def _get_many(self, paths: Sequence[str]) -> builtins.list[bytes | None]:
        for path in paths:
            check_path(self.url, path)
        return self._or_earlier(paths, self._driver.get_many) if paths else []

    def _or_earlier(
        self, paths: Sequence[str], ask: Callable[[Sequence[str]], builtins.list[T | None]]
    ) -> builtins.list[T | None]:
        """Return what `ask` answers for each path; what it misses is looked for in the earlier layout."""
        found = ask(paths)
        missed = [at for at, one in enumerate(found) if one is None]
        if missed:
            now = self._located([paths[at] for at in missed])
            moved = [(at, path) for at, path in zip(missed, now, strict=True) if path is not None]
            for (at, _), one in zip(moved, ask([path for _, path in moved]) if moved else [], strict=True):
                found[at] = one
        return found

    def _located(self, missed: Sequence[str]) -> builtins.list[str | None]:
        """Move what lies in the earlier layout to these paths; where each is to be asked for again, or None.

        Another process may move the same: then it is asked for at its path once more.
        """
        earlier = [earlier_audio_path(path) for path in missed]
        pairs = [(one, path) for one, path in zip(earlier, missed, strict=True) if one is not None]
        if not pairs or not self._is_earlier():
            return [None] * len(missed)
        try:
            self._driver.move(pairs)
        except StoreError as error:  # read-only: it is read where it lies
            log.warning("%s: audio stays in the folders of an earlier version", error)
            return earlier
        return [None if one is None else path for one, path in zip(earlier, missed, strict=True)]

    def _is_earlier(self) -> bool:
        """Whether the store has folders of the earlier layout."""
        if time.monotonic() >= self._layout_until:
            self._has_earlier = any(len(name) == 2 for name in self._driver.folders(AUDIO))
            self._layout_until = time.monotonic() + LAYOUT_SECONDS
        return self._has_earlier

    def _place(
        self,
        source: Store,
        pairs: Sequence[tuple[str, str]],
        sums: Sequence[bytes],
        new_only: Collection[str],
    ) -> builtins.list[int | None]:
        """Place as `_placed` does; what is missing is looked for in the source's earlier layout."""
        sizes = self._placed(source, pairs, sums, new_only)
        missed = [at for at, size in enumerate(sizes) if size is None]
        if missed:
            now = source._located([pairs[at][0] for at in missed])
            moved = [(at, path) for at, path in zip(missed, now, strict=True) if path is not None]
            again = [(path, pairs[at][1]) for at, path in moved]
            old_sums = [sums[at] for at, _ in moved]
            placed = self._placed(source, again, old_sums, new_only) if again else []
            for (at, _), size in zip(moved, placed, strict=True):
                sizes[at] = size
        return sizes

    def _placed(
        self,
        source: Store,
        pairs: Sequence[tuple[str, str]],
        sums: Sequence[bytes],
        new_only: Collection[str],
    ) -> builtins.list[int | None]:
        ours, theirs = self._driver, source._driver
        if isinstance(ours, Folder) and isinstance(theirs, Folder):
            return ours.link_from(theirs, pairs, sums, new_only)
        if isinstance(ours, Objects) and isinstance(theirs, Objects) and ours.can_copy_from(theirs):
            alike = all(content_type(from_path) == content_type(path) for from_path, path in pairs)
            if alike:
                return ours.copy_from(theirs, pairs, new_only)
        sizes: builtins.list[int | None] = []
        for start in range(0, len(pairs), COPY_BATCH):
            batch = pairs[start : start + COPY_BATCH]
            names = [*dict.fromkeys(from_path for from_path, _ in batch)]
            found = dict(zip(names, source._get_many(names), strict=True))
            for (name, _), digest in zip(batch, sums[start : start + COPY_BATCH], strict=True):
                if digest and (data := found[name]) and hashlib.sha256(data).digest() != digest:
                    found[name] = None
            ready = [(path, data) for name, path in batch if (data := found[name]) is not None]
            kept = set(self.put_many(ready, new_only))
            sizes += [
                None if (data := found[name]) is None else OCCUPIED if path in kept else len(data)
                for name, path in batch
            ]
        return sizes


def _driver(url: str, cache_control: str) -> Folder | Objects:
    scheme, separator, _ = url.partition("://")
    if not separator:
        if not url.strip():
            raise ConfigError("the store's URL is empty: name a folder, s3://, gs:// or az://")
        if wrong := missing_slash(url):
            raise ConfigError(wrong)
        root = str(Path(url).expanduser().absolute())
        return Folder(root, root)
    parts = urlsplit(url)
    shown = f"{scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    if scheme == "file":
        if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
            raise ConfigError(f"{shown}: a file URL has three slashes: file:///folder")
        root = str(Path(unquote(parts.path)).absolute())
        return Folder(root, root)
    if scheme not in _BUCKETS:
        raise ConfigError(f"{shown}: unsupported store URL: use a folder, file://, s3://, gs:// or az://")
    if not parts.netloc or "@" in parts.netloc:
        raise ConfigError(f"{shown}: after {scheme}:// comes the bucket's name and nothing before it")
    prefix = unquote(parts.path).strip("/")
    if prefix:
        check_path(shown, prefix)
    return Objects(Address(scheme, parts.netloc, dict(parse_qsl(parts.query))), prefix, shown, cache_control)
