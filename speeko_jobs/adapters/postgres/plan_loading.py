"""Loading a catalog: what is known of its texts, and its rows by COPY. Statements are in
sql/plan_loading.sql."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from speeko_jobs.adapters.postgres.database import Database, Transaction
from speeko_jobs.core.catalog.change_detection import SourceFacts
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.model.speech import Record
from speeko_jobs.core.model.states import UtteranceState

ITEM_COLUMNS = (
    "job_id", "row_no", "row_id", "path", "voice", "language", "chars", "keys", "kept", "error", "source",
    "source_sum", "change", "content",
)  # fmt: skip

_HEAD = struct.Struct(">hiqiqi")
_LENGTH = struct.Struct(">i")
_CHARS = struct.Struct(">ii")
_SUM = struct.Struct(">iq")
_NULL = b"\xff\xff\xff\xff"
_NULLS = _NULL + _NULL
_ARRAY = struct.Struct(">iiiiii")  # length, dimensions, has nulls, element type, size, lower bound
_BYTEA = 17
_KEY_LENGTH = _LENGTH.pack(32)
_ONE_KEY = _ARRAY.pack(20 + 36, 1, 0, _BYTEA, 1, 1) + _KEY_LENGTH
_BOOL = (b"\x00\x00\x00\x01\x00", b"\x00\x00\x00\x01\x01")


class Item(NamedTuple):
    """One row of a job, as the planner leaves it. `voice` and `language` are None where the job's hold.

    `content` is what identifies the row's file, where `keys` holds audio in another format than the job's;
    None: `content_of(keys)` does.
    """

    row_no: int
    row_id: str
    path: str | None
    voice: str | None
    language: str | None
    chars: int
    keys: tuple[bytes, ...]
    kept: bool = False
    error: str | None = None
    source: str | None = None
    source_sum: int | None = None
    change: str | None = None
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A text that may have to be bought."""

    key: bytes
    text: str
    voice: str
    language: str
    chars: int
    cost_micros: int


@dataclass(frozen=True, slots=True)
class KnownKey:
    """What the database knows of a key at plan time."""

    state: UtteranceState
    in_flight: bool  # a running job buys it, or is about to
    record: Record | None  # where it is done


def not_done(database: Database, keys: Sequence[bytes]) -> list[bytes]:
    """Return those of these keys that have no audio on record."""
    if not keys:
        return []
    return [key for (key,) in database.rows("utterances_not_done", {"keys": keys})]


def known(database: Database, keys: Sequence[bytes]) -> dict[bytes, KnownKey]:
    """What is known of these keys; those never seen are left out."""
    if not keys:
        return {}
    found = {}
    for key, state, in_flight, *rest in database.rows("utterances_known", {"keys": list(keys)}):
        done = state == UtteranceState.DONE
        found[key] = KnownKey(UtteranceState(state), in_flight, Record(*rest) if done else None)
    return found


def formats_bought(database: Database, provider: str, model: str) -> set[str]:
    """Return the formats in which any job has bought audio of this model."""
    values = {"provider": provider, "model": model}
    return {format for (format,) in database.rows("formats_bought", values)}


def add_texts(t: Transaction, spec: JobSpec, texts: Sequence[Text]) -> None:
    """Make the texts known, in key order so that two planners cannot deadlock."""
    if texts:
        t.run(
            "utterances_add",
            {
                "provider": spec.provider,
                "model": spec.model,
                "format": spec.format,
                "keys": [x.key for x in texts],
                "voices": [x.voice for x in texts],
                "languages": [x.language for x in texts],
                "chars": [x.chars for x in texts],
                "costs": [x.cost_micros for x in texts],
                "texts": [x.text for x in texts],
            },
        )


def add_items(t: Transaction, job: int, items: Iterable[Item]) -> None:
    """COPY rows into the job."""
    t.copy_binary("speeko.item", ITEM_COLUMNS, [b"".join([_packed(job, item) for item in items])])


def skip(t: Transaction, job: int, rows: Sequence[int]) -> None:
    """Leave rows out of the job, by the user's rule for repeated ids."""
    t.run("items_skip", {"job": job, "rows": list(rows)})


def rename(t: Transaction, job: int, paths: Mapping[int, str]) -> None:
    """Give rows (by number) other paths."""
    t.run("items_rename", {"job": job, "rows": list(paths), "paths": list(paths.values())})


def paths(database: Database, job: int, rows: Sequence[int]) -> dict[int, str]:
    """The paths of some rows by number."""
    found = database.rows("items_named", {"job": job, "rows": list(rows)})
    return {row_no: path for row_no, _, path in found}


class UnchangedFile(NamedTuple):
    """A file that is just what a row asks for. `is_same_text`: the catalog's text is the same, too."""

    bytes: int
    millis: int
    is_same_text: bool


def unchanged(
    database: Database,
    destination: int,
    paths: Sequence[str],
    contents: Sequence[bytes],
    sources: Sequence[int],
    form: str = "",
) -> dict[int, UnchangedFile]:
    """Which of the paths (by position) hold just these contents, and in this form if one is given."""
    values = {"destination": destination, "paths": paths, "contents": contents, "sources": sources}
    values["form"] = form
    return {place: UnchangedFile(*rest) for place, *rest in database.rows("delivered_same", values)}


def facts(database: Database, destination: int, paths: Sequence[str]) -> dict[str, SourceFacts]:
    """What the files at these paths were made of; those that are not there are left out."""
    values = {"destination": destination, "paths": paths}
    return {path: SourceFacts(*rest) for path, *rest in database.rows("delivered_facts", values)}


def held_paths(database: Database, destination: int, after: str, rows: int) -> list[str]:
    """A page of the paths that the destination holds, in order."""
    values = {"destination": destination, "after": after, "rows": rows}
    return [path for (path,) in database.rows("delivered_page", values)]


def holds_any(database: Database, destination: int) -> bool:
    """Whether anything was delivered to the destination yet."""
    return database.row("delivered_any", {"destination": destination}) is not None


def _packed(job: int, item: Item) -> bytes:
    """One row in the binary form of COPY."""
    row_no, row_id, path, voice, language, chars, keys, kept, error, source, source_sum, change, content = (
        item
    )
    named = row_id.encode()
    if len(keys) == 1:
        array = _ONE_KEY + keys[0]
    elif keys:
        array = _ARRAY.pack(20 + 36 * len(keys), 1, 0, _BYTEA, len(keys), 1) + b"".join(
            [_KEY_LENGTH + key for key in keys]
        )
    else:
        array = _NULL
    return b"".join(
        (
            _HEAD.pack(14, 8, job, 8, row_no, len(named)),
            named,
            _text(path),
            _NULLS if voice is None and language is None else _text(voice) + _text(language),
            _CHARS.pack(4, chars),
            array,
            _BOOL[kept],
            _NULLS if error is None and source is None else _text(error) + _text(source),
            _NULL if source_sum is None else _SUM.pack(8, source_sum),
            _text(change),
            _NULL if content is None else _KEY_LENGTH + content,
        )
    )


def _text(value: str | None) -> bytes:
    if value is None:
        return _NULL
    data = value.encode()
    return _LENGTH.pack(len(data)) + data
