"""Lists of bytes and of text as Postgres' binary arrays, made at once.

psycopg looks at each element of a list on its own, which costs ten times as much; a chunk has thousands of
keys and paths in every statement. All other values are left to psycopg.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

BYTEA, TEXT = 17, 25  # the types' numbers in every Postgres; those of their arrays are below
_HEAD = struct.Struct("!iiIii")  # dimensions, nulls, type, elements, number of the first
_LENGTH = struct.Struct("!i")


class _Array(bytes):
    """An array in binary form, empty or with one dimension."""

    __slots__ = ()


class _Byteas(_Array):
    __slots__ = ()


class _Texts(_Array):
    __slots__ = ()


class _AsItIs(Dumper):
    format = Format.BINARY

    def dump(self, obj: _Array) -> _Array:
        return obj


class _ByteasDumper(_AsItIs):
    oid = 1001


class _TextsDumper(_AsItIs):
    oid = 1009


psycopg.adapters.register_dumper(_Byteas, _ByteasDumper)
psycopg.adapters.register_dumper(_Texts, _TextsDumper)


def packed(values: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The same values, with lists of bytes and of str packed. A list with a None in it stays as it is."""
    if values is None:
        return None
    return {name: _packed(value) if type(value) is list else value for name, value in values.items()}


def _packed(value: list[Any]) -> Any:
    if not value:
        return value
    kinds = {*map(type, value)}
    if kinds == {bytes}:
        return _Byteas(_joined(BYTEA, value))
    if kinds == {str}:
        return _Texts(_joined(TEXT, [text.encode() for text in value]))
    return value


def _joined(kind: int, parts: Sequence[bytes]) -> bytes:
    head = _HEAD.pack(1, 0, kind, len(parts), 1)
    lengths = {*map(len, parts)}
    if len(lengths) == 1:  # keys: all are of one length
        length = _LENGTH.pack(lengths.pop())
        return head + length + length.join(parts)
    pack = _LENGTH.pack
    return head + b"".join([pack(len(part)) + part for part in parts])
