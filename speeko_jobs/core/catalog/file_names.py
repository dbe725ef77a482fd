"""What files are called: a template over the row, made safe for every disk and object store.

Knows characters, lengths and names that file systems refuse. Leaves to the caller which names are
taken (through `fold` and `with_suffix`) and never touches a disk.
"""

from __future__ import annotations

import functools
import hashlib
import re
import string
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from speeko_jobs.core.model.suggestions import suggestion
from speeko_jobs.errors import UsageError

DEFAULT_TEMPLATE = "{id}.{ext}"
MARK = ".speeko-destination"  # tells one destination from another
REPORTS = ("manifest.jsonl", "manifest.csv", "failed.csv", "summary.json", "report.html", "removed.csv")
MAX_VALUE_BYTES = 200  # of one value in a name, so that suffix and extension always fit
MAX_COMPONENT_BYTES = 255  # of one folder or file name: the limit of ext4, APFS, NTFS and ZFS

_RESERVED_STEMS = "con|prn|aux|nul|conin\\$|conout\\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3]"  # of Windows
_RESERVED = re.compile(rf"(?:{_RESERVED_STEMS})\s*(?:\.|$)", re.IGNORECASE)
_PLAIN = re.compile(
    rf"(?!(?i:{_RESERVED_STEMS})(?:\.|$))"
    rf"[A-Za-z0-9_-](?:[A-Za-z0-9._-]{{0,{MAX_VALUE_BYTES - 2}}}[A-Za-z0-9_-])?"
)
_REFUSED = '<>:"|?*/\\'
_ROW_SPEC = re.compile(r"0?[1-9]?[0-9]?d?")
_AUDIO_PATH = re.compile(r"audio/([0-9a-f]{3})/\1[0-9a-f]{61}\.[a-z0-9]+")
_FIELDS = ("id", "row", "voice", "language", "ext", "hash")


class _Row(NamedTuple):
    row_no: int
    id: str
    voice: str
    language: str
    ext: str
    cells: Sequence[str]
    hash: str


_Piece = Callable[[_Row], str]


@dataclass(frozen=True)
class NameTemplate:
    """A template that was checked once and names any number of rows. Made by `compile_template`."""

    text: str
    _components: tuple[tuple[_Piece, ...], ...]

    def name(
        self,
        row_no: int,
        id: str,
        voice: str,
        language: str,
        ext: str,
        cells: Sequence[str],
        content: str = "",
    ) -> str:
        """The row's path below the output folder, "/"-separated. `cells` is in the header's order, `content`
        what {hash} stands for.

        Every component is safe, not empty and at most 255 bytes. The same row always has the same name;
        different rows may share one (see `fold`).
        """
        if self.text == DEFAULT_TEMPLATE and _PLAIN.fullmatch(id):
            return f"{id}.{ext}"
        row = _Row(row_no, id, voice, language, ext, cells, content)
        return "/".join([_component("".join([piece(row) for piece in c])) for c in self._components])


def compile_template(template: str, header: Sequence[str]) -> NameTemplate:
    """Check a template against the catalog's columns. Raises UsageError on anything that cannot name files.

    Fields are {id}, {row}, {voice}, {language}, {ext}, {hash} and every column of `header`; {row} takes a
    width ({row:06d}). Sub folders come from "/" in the template only, never from a value.
    """
    try:
        parsed = list(string.Formatter().parse(template))
    except ValueError as error:
        raise UsageError(f"name template {template!r}: {error}") from None
    components: list[list[_Piece]] = [[]]
    shapes = [""]  # each component with a letter in place of a field, to judge the literals around it
    tells_rows_apart = False
    for literal, field, spec, conversion in parsed:
        first, *rest = literal.split("/")
        for at, text in enumerate([first, *rest]):
            if at:
                components.append([])
                shapes.append("")
            if text:
                components[-1].append(_literal(text))
                shapes[-1] += text
        if field is not None:
            if conversion:
                raise UsageError(f"name template {template!r}: {{{field}!{conversion}}} is not supported")
            components[-1].append(_field(template, field, spec or "", header))
            shapes[-1] += "x"
            tells_rows_apart |= field not in ("voice", "language", "ext", "hash")
    for shape in shapes:
        _check_shape(template, shape)
    if not tells_rows_apart:
        raise UsageError(f"name template {template!r} names all rows alike: add {{id}} or {{row}}")
    return NameTemplate(template, tuple(map(tuple, components)))


def audio_path(key: bytes, format: str) -> str:
    """Where the audio store keeps a key: "audio/abc/<hex>.<format>". 4,096 folders: few enough that most are
    there when a file comes, and with a hundred million texts 25,000 files in each."""
    digits = key.hex()
    return f"audio/{digits[:3]}/{digits}.{format}"


def earlier_audio_path(path: str) -> str | None:
    """Return where stores of before schema 0010 keep such an object: "audio/ab/cd/<hex>.<format>".

    None for every other path.
    """
    if _AUDIO_PATH.fullmatch(path) is None:
        return None
    name = path[len("audio/abc/") :]
    return f"audio/{name[:2]}/{name[2:4]}/{name}"


def is_report(path: str) -> bool:
    """Return whether some file system takes the path for one of a job's reports, or for the mark."""
    return fold(path) in _OWN_NAMES


def fold(path: str) -> str:
    """What two paths share when some file system or reader takes them for one: case and normal form.

    It is Unicode's NFKC_Casefold without the removal of ignorable characters, which names never hold.
    """
    if path.isascii():
        return path.lower()
    normal = unicodedata.normalize
    return normal("NFKC", normal("NFKC", normal("NFD", path).casefold()).casefold())


_OWN_NAMES = frozenset((*REPORTS, MARK))


def with_suffix(path: str, n: int) -> str:
    """The path with "-n" before its extension: ("a/name.mp3", 2) → "a/name-2.mp3"."""
    folder, slash, name = path.rpartition("/")
    stem, extension = _split(name)
    tail = f"-{n}{extension}"
    return folder + slash + _cut(stem, MAX_COMPONENT_BYTES - len(tail.encode())) + tail


def safe(value: str, instead: str) -> str:
    """One value as a part of a name: nothing that separates paths, hides, reorders or is refused.

    At most 200 bytes of UTF-8: longer values are cut and end in 8 hex digits of the whole value's SHA-256.
    An empty outcome becomes `instead`. Applying it again changes nothing.
    """
    if _PLAIN.fullmatch(value):
        return value
    text = unicodedata.normalize("NFC", "".join([_safe_character(c) for c in value])).strip(" .")
    if len(text.encode()) > MAX_VALUE_BYTES:
        digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        text = f"{_cut(text, MAX_VALUE_BYTES - 9)}-{digest}"
    return text or instead


def _field(template: str, field: str, spec: str, header: Sequence[str]) -> _Piece:
    if spec and (field != "row" or not _ROW_SPEC.fullmatch(spec)):
        raise UsageError(f"name template {template!r}: {{{field}:{spec}}}: only {{row:06d}} takes a width")
    own: dict[str, _Piece] = {
        "id": lambda row: safe(row.id, f"row-{row.row_no}"),
        "row": lambda row: format(row.row_no, spec),
        "voice": lambda row: safe(row.voice, "default"),
        "language": lambda row: safe(row.language, "default"),
        "ext": lambda row: safe(row.ext, "audio"),
        "hash": lambda row: safe(row.hash, "none"),
    }
    if field in own:
        return own[field]
    if field not in header:
        known = ", ".join(f"{{{name}}}" for name in dict.fromkeys([*_FIELDS, *header]))
        near = suggestion(field, [*_FIELDS, *header])
        raise UsageError(f"name template {template!r}: there is no {{{field}}}{near}: there are {known}")
    at = list(header).index(field)
    return lambda row: safe(row.cells[at] if at < len(row.cells) else "", "none")


def _literal(text: str) -> _Piece:
    normal = unicodedata.normalize("NFC", text)
    return lambda _: normal


def _check_shape(template: str, shape: str) -> None:
    """Refuse literals that no value can mend. `shape` is a component with "x" for each field."""
    if not shape:
        raise UsageError(f"name template {template!r}: a folder or file name in it is empty")
    if any(_safe_character(c) != c for c in shape):
        raise UsageError(f"name template {template!r}: {shape!r} holds a character that file names cannot")
    if shape[0] in ". " or shape[-1] in ". ":
        raise UsageError(f"name template {template!r}: a name cannot begin or end with a dot or a space")


def _component(text: str) -> str:
    """A whole folder or file name made of safe values and literals."""
    if _RESERVED.match(text):
        stem, dot, rest = text.partition(".")
        text = f"{stem.rstrip()}_{dot}{rest}"
    if len(text) * 4 > MAX_COMPONENT_BYTES and len(text.encode()) > MAX_COMPONENT_BYTES:
        stem, extension = _split(text)
        tail = f"-{hashlib.sha256(text.encode()).hexdigest()[:8]}{extension}"
        text = _cut(stem, MAX_COMPONENT_BYTES - len(tail.encode())) + tail
    return text


def _split(name: str) -> tuple[str, str]:
    """Stem and extension (with its dot; "" where what follows the last dot is no short plain word)."""
    stem, dot, extension = name.rpartition(".")
    if stem and extension.isascii() and extension.isalnum() and len(extension) <= 16:
        return stem, dot + extension
    return name, ""


def _cut(text: str, most_bytes: int) -> str:
    return text.encode()[:most_bytes].decode("utf-8", "ignore").rstrip(". ")


@functools.lru_cache(maxsize=4096)
def _safe_character(c: str) -> str:
    if c in _REFUSED:
        return "_"
    category = unicodedata.category(c)
    if category == "Cf":  # zero-width, bidi controls, tags: a name that looks like another
        return ""
    if category in ("Cc", "Cs", "Zl", "Zp"):
        return "_"
    return " " if category == "Zs" else c
