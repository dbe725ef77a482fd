"""A store in a bucket: S3, Google Cloud Storage, Azure, or this process's memory, through obstore.

Knows obstore. It is imported and opened at the first request, never before: its runtime does not survive
a fork, so a process that forks workers must not have used it. Every error becomes a StoreError.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, BinaryIO, TypeVar, cast

from speeko_jobs.adapters.audio_store.store_errors import OCCUPIED, object_error
from speeko_jobs.core.output.content_type import content_type, is_audio
from speeko_jobs.errors import ConfigError, StoreError

MAX_REQUESTS = 32  # at a time and call: latency of an object store is some 30 ms, its rate is per prefix
CHUNK_BYTES = 1 << 20
PART_BYTES = 8 << 20  # of a streamed upload; S3 takes at most 10,000 parts
RETRIES = {
    "max_retries": 4,
    "retry_timeout": timedelta(seconds=60),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=5), "base": 2},
}
CLIENT_OPTIONS = {"timeout": "60s", "connect_timeout": "5s"}
_CLIENT_KEYS = ("allow_http", "allow_invalid_certificates", "timeout", "connect_timeout", "proxy_url")

T = TypeVar("T")

_memory: dict[str, Any] = {}
_used_in_process = 0  # the process whose obstore runtime is awake, inherited by forks of it


@dataclass(frozen=True)
class Address:
    """Which bucket, and how to get there. Two equal addresses can copy on the server's side."""

    scheme: str  # s3, gs, az, memory
    bucket: str
    options: Mapping[str, str] = field(default_factory=dict)  # of the URL's query; may hold secrets


class Objects:
    """The driver for buckets. Safe over threads; over a fork only while nothing was asked of it."""

    def __init__(self, address: Address, prefix: str, url: str, cache_control: str) -> None:
        self.address = address
        self.prefix = f"{prefix}/" if prefix else ""
        self.url = url
        self.cache_control = cache_control
        self._store: Any = None
        self._process = 0
        self._bucket_seen = False

    def put_many(self, objects: Sequence[tuple[str, bytes]], new_only: Collection[str] = ()) -> list[str]:
        """Store (name, bytes) pairs; those names of `new_only` that something else has."""
        store = self._opened()

        def put(item: tuple[str, bytes]) -> bool:
            path, data = item
            full, attributes = self.prefix + path, self._attributes(path)
            if path in new_only:
                return self._put_new(path, data)
            self._must(path, lambda: store.put(full, data, attributes=attributes))
            return True

        done = _each(put, objects)
        return [path for (path, _), is_put in zip(objects, done, strict=True) if not is_put]

    def _put_new(self, path: str, data: bytes) -> bool:
        """Store an object under a name that nothing has, or that holds just these bytes; whether so."""
        from obstore.exceptions import AlreadyExistsError, BaseError

        store, full, attributes = self._opened(), self.prefix + path, self._attributes(path)
        try:
            store.put(full, data, attributes=attributes, mode="create")
        except AlreadyExistsError:
            pass
        except (BaseError, OSError, ValueError):
            # no conditional puts here, or something else is wrong, which the plain requests tell
            if self.sizes([path]) == [None]:
                self._must(path, lambda: store.put(full, data, attributes=attributes))
                return True
        else:
            return True
        if self.get_many([path]) != [data]:
            return False
        self._must(path, lambda: store.put(full, data, attributes=attributes))  # the headers are ours, too
        return True

    def taken(self, paths: Sequence[str]) -> list[bool]:
        """Whether an object has the name."""
        return [size is not None for size in self.sizes(paths)]

    def get_many(self, paths: Sequence[str]) -> list[bytes | None]:
        store = self._opened()
        return self._found(
            _each(
                lambda path: self._ask(path, lambda: store.get(self.prefix + path).bytes().to_bytes()), paths
            )
        )

    def sizes(self, paths: Sequence[str]) -> list[int | None]:
        store = self._opened()
        return self._found(
            _each(lambda path: self._ask(path, lambda: int(store.head(self.prefix + path)["size"])), paths)
        )

    def delete(self, paths: Sequence[str]) -> None:
        store = self._opened()
        full = [self.prefix + path for path in paths]
        deleted = self._ask("", lambda: (store.delete(full), True)[1])
        if deleted is None:  # Google and Azure stop at the first name that is not there
            _each(lambda path: self._ask(path, lambda: store.delete(self.prefix + path)), paths)

    def move(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Move (from, to) objects, each by a copy on the server's side; those that are not there are passed
        over."""
        store = self._opened()

        def move(pair: tuple[str, str]) -> None:
            path, to_path = self.prefix + pair[0], self.prefix + pair[1]
            if self._ask(pair[0], lambda: (store.copy(path, to_path), True)[1]):
                self._ask(pair[0], lambda: store.delete(path))

        _each(move, pairs)

    def folders(self, folder: str) -> list[str]:
        """The names that follow a folder's name up to the next "/"."""
        store = self._opened()
        full = f"{self.prefix}{folder}/"
        found = self._ask(folder, lambda: store.list_with_delimiter(full))
        return (
            []
            if found is None
            else [name.rstrip("/").rpartition("/")[2] for name in found["common_prefixes"]]
        )

    def names(self, prefix: str) -> Iterator[str]:
        store = self._opened()
        batches = iter(store.list((self.prefix + prefix) or None))
        while True:
            batch = self._ask(prefix, lambda: next(batches, ()))
            if not batch:
                return
            for meta in batch:
                yield meta["path"][len(self.prefix) :]

    @contextmanager
    def writer(self, path: str) -> Iterator[BinaryIO]:
        import obstore

        upload = obstore.open_writer(
            self._opened(), self.prefix + path, attributes=self._attributes(path), buffer_size=PART_BYTES
        )
        raw = _Upload(upload, lambda call: self._must(path, call))
        buffer = io.BufferedWriter(raw, CHUNK_BYTES)
        try:
            yield cast(BinaryIO, buffer)
            if not buffer.closed:
                buffer.flush()
            raw.finish()
        except BaseException:
            raw.abort()
            raise

    def reader(self, path: str) -> Iterator[bytes] | None:
        """Chunks of the object, None where it is missing."""
        store = self._opened()
        result = self._found([self._ask(path, lambda: store.get(self.prefix + path))])[0]
        return None if result is None else self._chunks(result, path)

    def _chunks(self, result: Any, path: str) -> Iterator[bytes]:
        chunks = iter(result.stream(min_chunk_size=CHUNK_BYTES))
        while chunk := bytes(self._must(path, lambda: next(chunks, b""))):
            yield chunk

    def can_copy_from(self, source: Objects) -> bool:
        """The server copies headers too, so it may copy only where they come out the same."""
        return self.address == source.address and self.cache_control == source.cache_control

    def copy_from(
        self, source: Objects, pairs: Sequence[tuple[str, str]], new_only: Collection[str] = ()
    ) -> list[int | None]:
        """Copy within the bucket, on the server's side. Bytes of each, None where the source is missing,
        OCCUPIED where something else has a name of `new_only`."""
        store = self._opened()

        def copy(pair: tuple[str, str]) -> int | None:
            from_path, to_path = source.prefix + pair[0], self.prefix + pair[1]

            def request() -> int:
                if pair[1] in new_only and self._differs(from_path, to_path):
                    return OCCUPIED
                if from_path != to_path:
                    store.copy(from_path, to_path)
                return int(store.head(to_path)["size"])

            return self._ask(pair[1], request)

        return self._found(_each(copy, pairs))

    def _differs(self, from_path: str, to_path: str) -> bool:
        """Whether there is an object at `to_path` that is not a copy of the other."""
        store = self._opened()
        try:
            there = store.head(to_path)
        except FileNotFoundError:
            return False
        original = store.head(from_path)
        return bool((there["size"], there["e_tag"]) != (original["size"], original["e_tag"]))

    def _attributes(self, path: str) -> dict[str, str]:
        cache = self.cache_control if is_audio(path) else "no-cache"
        return {"Content-Type": content_type(path), **({"Cache-Control": cache} if cache else {})}

    def _opened(self) -> Any:
        global _used_in_process
        here = os.getpid()
        if self._store is not None and self._process == here:
            return self._store
        if self.address.scheme != "memory":
            if _used_in_process not in (0, here):
                raise StoreError(
                    f"{self.url}: this process was forked from one that had used an object store, and would "
                    "hang: open stores in the worker only"
                )
            _used_in_process = here
        self._store, self._process = self._open(), here
        return self._store

    def _open(self) -> Any:
        from obstore.exceptions import BaseError
        from obstore.store import MemoryStore, from_url

        a = self.address
        if a.scheme == "memory":
            return _memory.setdefault(a.bucket, MemoryStore())
        client = {**CLIENT_OPTIONS, **_client_environment(a.scheme)}
        client |= {k: v for k, v in a.options.items() if k in _CLIENT_KEYS}
        config = {k: v for k, v in a.options.items() if k not in _CLIENT_KEYS}
        open_url: Any = from_url
        try:
            return open_url(
                f"{a.scheme}://{a.bucket}", config=config or None, client_options=client, retry_config=RETRIES
            )
        except (BaseError, ValueError) as error:
            reason = str(error).split("\n", 1)[0]
            raise ConfigError(f"{self.url}: {reason}") from None

    def _ask(self, path: str, request: Callable[[], T]) -> T | None:
        """What the request answers; None where the object (or the bucket) is not there."""
        from obstore.exceptions import BaseError

        try:
            return request()
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error) or "ContainerNotFound" in str(error):
                raise object_error(self.url, "", error) from None
            return None
        except (BaseError, OSError, ValueError) as error:
            raise object_error(self.url, path, error) from None

    def _must(self, path: str, request: Callable[[], T]) -> T:
        from obstore.exceptions import BaseError

        try:
            return request()
        except (BaseError, OSError, ValueError) as error:
            raise object_error(self.url, path, error) from None

    def _found(self, answers: list[T | None]) -> list[T | None]:
        """The answers, once it is certain that what is missing is missing from a bucket that exists.

        A whole bucket that is away must never look like many objects that have to be bought again.
        """
        if None in answers and not self._bucket_seen:
            store = self._opened()
            self._must("", lambda: next(iter(store.list(self.prefix or None, chunk_size=1)), None))
            self._bucket_seen = True
        return answers


def _client_environment(scheme: str) -> dict[str, str]:
    """AWS_ALLOW_HTTP and its like: obstore forgets these variables once it is given a time limit."""
    vendor = {"s3": "AWS", "gs": "GOOGLE", "az": "AZURE"}[scheme]
    variables = {key: f"{vendor}_{key.upper()}" for key in _CLIENT_KEYS}
    return {key: os.environ[name] for key, name in variables.items() if os.environ.get(name)}


class _Upload(io.RawIOBase):
    """A streamed upload as a raw file. Nothing appears under the name before `finish`."""

    def __init__(self, upload: Any, must: Callable[[Callable[[], Any]], Any]) -> None:
        self._upload = upload
        self._must = must
        self._aborted = False

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        if not self._aborted:  # the buffer above flushes once more when it is collected
            self._must(lambda: self._upload.write(bytes(data)))
        return len(data)

    def finish(self) -> None:
        self._must(self._upload.close)

    def abort(self) -> None:
        self._aborted = True
        with suppress(Exception):  # the first error is the one to tell
            self._upload.__exit__(RuntimeError, RuntimeError("given up"), None)


def _each(request: Callable[[Any], T], items: Sequence[Any]) -> list[T]:
    """Several requests at a time; the first error ends those that have not begun."""
    if len(items) <= 1:
        return [request(item) for item in items]
    with ThreadPoolExecutor(min(MAX_REQUESTS, len(items))) as pool:
        futures = [pool.submit(request, item) for item in items]
        try:
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
