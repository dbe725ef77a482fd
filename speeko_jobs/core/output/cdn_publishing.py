"""How delivered audio is published: its Cache-Control, and its address behind a CDN.

Invariant: "immutable" is only said of names that hold the content. Every other name may be delivered again
with other audio, so its address carries the content instead (`?v=`).
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from urllib.parse import quote

from speeko_jobs.core.output import web_address
from speeko_jobs.errors import ConfigError

IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"  # caches keep it and ask with its ETag before each use
HASH_DIGITS = 16  # 64 bits: two of a million names are alike by chance once in 10^7 catalogs


@dataclass(frozen=True, slots=True)
class PublicUrls:
    """The addresses of delivered files below one base."""

    base: str
    names_hold_content: bool

    def of(self, path: str, content: bytes) -> str:
        """Return the address of a file. `content` is what identifies its audio
        (`core.job.row_reader.content_of`)."""
        version = "" if self.names_hold_content else f"?v={digits(content)}"
        return f"{self.base.rstrip('/')}/{quote(path, errors='surrogateescape')}{version}"


def digits(content: bytes) -> str:
    """Return the part of a content's hash that stands in names and addresses."""
    return content.hex()[:HASH_DIGITS]


def holds_content(template: str) -> bool:
    """Return whether names made by the template change with what is heard: it has the field {hash}."""
    try:
        return any(field == "hash" for _, field, _, _ in string.Formatter().parse(template))
    except ValueError:
        return False  # it is refused where it is compiled


def cache_control(asked: str, template: str) -> str:
    """Return the Cache-Control of delivered audio: as asked, else what the names allow."""
    return asked or (IMMUTABLE if holds_content(template) else REVALIDATE)


def check(cache: str, base: str) -> None:
    """Raise ConfigError for a header or a base address that cannot be."""
    if cache != cache.strip() or any(not " " <= c <= "~" for c in cache):
        raise ConfigError(
            f"--cache-control: {cache!r} is not a header value: give one such as public, max-age=3600"
        )
    if not base:
        return
    example = "https://cdn.example/audio"
    parts = web_address.check("--public-base-url", base, example=example, no_secrets="it is shown and stored")
    if parts.query or parts.fragment or not base.isascii():
        raise ConfigError(f"--public-base-url takes an address such as {example}, without ? and #")
