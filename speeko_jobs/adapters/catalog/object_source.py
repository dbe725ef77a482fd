"""Catalogs behind a URL: object stores by obstore, as a stream of chunks; http(s) is web's part.

What such an address holds as secrets (passwords, signatures in the query) never gets into a message.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from speeko_jobs.adapters.catalog.byte_stream import CHUNK_BYTES, ByteStream
from speeko_jobs.core.output.redaction import without_secrets
from speeko_jobs.errors import CatalogError

OBJECT_SCHEMES = frozenset({"s3", "s3a", "gs", "az", "azure", "abfs", "abfss"})
HTTP_SCHEMES = frozenset({"http", "https"})
SILENCE_SECONDS = 60.0
RANGE_BYTES = 4 * 1024 * 1024


def open_http(url: str) -> ByteStream:
    """The body of a GET. CatalogError for any other status than 200."""
    from speeko_jobs.adapters.catalog import http_source

    return http_source.open_http(url, without_secrets(url))


def open_object(url: str) -> ByteStream:
    """An object, in ranges of 4 MB. Credentials come from the environment (AWS_*, GOOGLE_*, AZURE_*)."""
    import obstore

    store, key = _store(url)
    name = without_secrets(url)
    if not key:
        raise CatalogError(f"{name}: this names a bucket, not an object: add a path")
    refusals = _Refusals(name)
    with refusals:
        reader = obstore.open_reader(store, key, buffer_size=RANGE_BYTES)
    return ByteStream(_ranges(reader, refusals), reader.close)


def _ranges(reader: Any, refusals: _Refusals) -> Iterator[bytes]:
    while True:
        with refusals:
            data = bytes(reader.read(CHUNK_BYTES))
        if not data:
            return
        yield data


def list_objects(url: str) -> list[str]:
    """The addresses of the objects right below a prefix that ends in "/", sorted."""
    import obstore

    store, prefix = _store(url)
    with _Refusals(without_secrets(url)):
        found = obstore.list_with_delimiter(store, prefix.rstrip("/") or None)["objects"]
    parts = urlsplit(url)
    return sorted(f"{parts.scheme}://{parts.netloc}/{entry['path']}" for entry in found)


def _store(url: str) -> tuple[Any, str]:
    import obstore.store

    parts = urlsplit(url)
    with _Refusals(without_secrets(url)):
        # No client_options: given here, they would hide those of the environment (AWS_ALLOW_HTTP and more).
        store = obstore.store.from_url(
            f"{parts.scheme}://{parts.netloc}",
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=SILENCE_SECONDS)},
        )
    return store, unquote(parts.path).lstrip("/")


class _Refusals:
    """Turns what obstore raises into one line. Its own messages are long and may hold signed addresses."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from obstore import exceptions

        kinds: tuple[tuple[type[Exception], str], ...] = (
            (FileNotFoundError, "there is no such object or bucket: check the address"),
            (exceptions.PermissionDeniedError, "access is denied: check the credentials"),
            (exceptions.UnauthenticatedError, "access is denied: check the credentials"),
            (
                exceptions.BaseError,
                "the object store does not answer as it should: check address and credentials",
            ),
            (OSError, "the object store cannot be read: try again"),
            (ValueError, "not an address of an object store: check it"),
        )
        for refusal, text in kinds:
            if isinstance(error, refusal):
                raise CatalogError(f"{self._name}: {text}") from None
