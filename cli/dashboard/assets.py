"""The files that pages load, each at an address with a hash of its content: browsers may keep it for good."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
NAMES = ("style.css", "page.js", "icon.svg")
_HASH_CHARS = 16


@cache
def content(name: str) -> bytes:
    """Raises KeyError for what is none of ours."""
    if name not in NAMES:
        raise KeyError(name)
    return (files("speeko_cli.dashboard") / "assets" / name).read_bytes()


def kind(name: str) -> str:
    """Its media type."""
    return f"{TYPES[name.rpartition('.')[2]]}; charset=utf-8"


@cache
def address(name: str) -> str:
    return f"/assets/{_hash(content(name))}/{name}"


@cache
def version() -> str:
    """Changes with any of them and with any template: pages of another version load themselves anew."""
    templates = sorted((files("speeko_cli.dashboard") / "templates").iterdir(), key=lambda file: file.name)
    parts = [content(name) for name in NAMES] + [file.read_bytes() for file in templates]
    return _hash(b"\0".join(parts))


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_HASH_CHARS]
