"""Which columns of a catalog are the id, the text, the voice and the language.

Takes names or numbers as the user gave them, and guesses what was not given from common names, or from the
first rows where there is no header. Reads nothing itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from speeko_jobs.core.catalog import locale_columns
from speeko_jobs.core.model.suggestions import suggestion
from speeko_jobs.errors import CatalogError

# In the order in which they are preferred.
# fmt: off
ID_NAMES = (
    "custom_id", "id", "sku", "product_id", "item_id", "article_id", "row_id", "record_id", "entry_id",
    "product_sku", "key", "product_key", "handle", "url_key", "slug", "uid", "uuid", "guid", "code",
    "product_code", "item_code", "item_number", "item_no", "article_number", "part_number", "asin", "ean",
    "gtin", "upc", "isbn", "mpn", "filename", "file_name", "utterance_id", "utt_id", "clip_id", "wav",
    "artikelnummer", "artikel_nr", "artikelnr", "produkt_id", "referencia", "reference", "ref", "codigo",
    "codice", "identifiant",
)
TEXT_NAMES = (
    "spoken_text", "tts_text", "speech_text", "text", "input", "transcript", "utterance", "sentence",
    "script", "narration", "description", "product_description", "long_description", "body", "body_html",
    "content", "answer", "message", "html", "short_description", "summary", "beschreibung",
    "produktbeschreibung", "descripcion", "descrizione", "descricao", "omschrijving", "opis", "texte",
    "texto", "testo", "tekst", "prompt", "caption", "question", "title", "name",
)
# fmt: on
VOICE_NAMES = ("voice", "voice_id")
LANGUAGE_NAMES = ("language", "lang", "locale")
SEGMENTS_NAMES = ("segments",)

SHORT_ID_CHARS = 64
REPEATED_IDS = 0.5  # more than this share of repeats in the sample, and even a column called id is no key
LISTED_COLUMNS = 40
PRODUCT_TYPES = 200  # cells looked at

_COMMON = frozenset((*ID_NAMES, *TEXT_NAMES, *VOICE_NAMES, *LANGUAGE_NAMES))
_SHOPIFY_NAMES = frozenset(("image_src", "variant_sku", "variant_price", "variant_image", "option1_value"))
_COMMA = re.compile(r"\s*,\s*")
_TYPES_WITH_VARIANTS = frozenset(("variable", "variation", "configurable", "grouped"))
_PRODUCT_TYPES = _TYPES_WITH_VARIANTS.union((
    "simple", "external", "virtual", "downloadable", "bundle", "giftcard", "subscription",
    "variable-subscription",
))  # fmt: skip
_SENTENCE_ENDS = tuple(".!?…:;,。！？；：，।॥؟۔")


# the columns that a reader makes of an OpenAI batch file
OPENAI_BATCH_HEADER = ("id", "text", "voice", "language", "model", "format", "speed", "instructions")


@dataclass(frozen=True)
class Columns:
    """Positions from 0. No `id`: the row's number is its id. `guessed`: "" or one line for the user.

    `is_text_guessed`: nobody named the text's column. `has_variants`: the table lists variants or further
    pictures of products, whose rows lack text on purpose.
    """

    id: tuple[int, ...]
    text: tuple[int, ...]
    voice: int | None
    language: int | None
    guessed: str
    segments: int | None = None  # how the row's text is cut
    is_text_guessed: bool = field(default=False, compare=False)
    has_variants: bool = field(default=False, compare=False)
    shown_text: str = field(default="", compare=False)  # the text's columns, in a message


def choose(
    header: Sequence[str],
    has_header: bool,
    sample_rows: Sequence[Sequence[str]],
    *,
    id: Sequence[str] = (),
    text: Sequence[str] = (),
    voice: str = "",
    language: str = "",
    spoken_language: str = "",
) -> Columns:
    """The columns asked for, the rest guessed. A column is named, or numbered from "1".

    `spoken_language`: the job's language, "" for none; of columns that differ in their locale, such as
    "description-en_US" and "description-de_DE", the text is taken from the one of this language.

    CatalogError for an unknown or ambiguous name, which lists the columns there are, and when no column
    looks like text.
    """
    ids = _found(header, id)
    texts = _found(header, text)
    voice_at = _one(header, voice)
    language_at = _one(header, language)
    taken = {*ids, *texts, *(at for at in (voice_at, language_at) if at is not None)}
    guesses: list[tuple[str, str]] = []
    is_text_guessed = not texts and len(header) > 1
    if not texts:
        texts = (_guess_text(header, has_header, sample_rows, taken, spoken_language),)
        taken.update(texts)
        guesses.append(("text", _shown(header, has_header, texts[0])))
    if voice_at is None and has_header:
        voice_at = _by_name(header, VOICE_NAMES, taken)
        guesses += [("voice", _shown(header, True, voice_at))] if voice_at is not None else []
    if language_at is None and has_header:
        language_at = _by_name(header, LANGUAGE_NAMES, taken)
        guesses += [("language", _shown(header, True, language_at))] if language_at is not None else []
    if not ids:
        taken.update(at for at in (voice_at, language_at) if at is not None)
        spoken = [row for row in sample_rows if any(at < len(row) and row[at].strip() for at in texts)]
        at = _guess_id(header, has_header, spoken or sample_rows, taken)
        ids = () if at is None else (at,)
        guesses.append(("id", "the row number" if at is None else _shown(header, has_header, at)))
    segments_at = _by_name(header, SEGMENTS_NAMES, {*taken, *ids}) if has_header else None
    told = _told(guesses, has_header, len(header))
    return Columns(
        ids,
        texts,
        voice_at,
        language_at,
        told,
        segments_at,
        is_text_guessed=is_text_guessed,
        has_variants=has_header and has_variants(header, sample_rows),
        shown_text=" and ".join(_shown(header, has_header, at) for at in texts),
    )


def has_variants(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Return whether this is a shop's export with rows of variants, parents or further pictures: Shopify's
    columns, or a column with the product types of WooCommerce or Magento."""
    names = {_plain(column) for column in header}
    if "handle" in names and names & _SHOPIFY_NAMES:
        return True
    return any(_are_product_types(_values(rows, at)) for at in range(len(header)))


def _are_product_types(cells: Sequence[str]) -> bool:
    """Whether these are product types, among them one with variants. WooCommerce lists several in a cell."""
    types = set(_COMMA.split(",".join(set(cells[:PRODUCT_TYPES]))))
    return bool(types & _TYPES_WITH_VARIANTS) and types <= _PRODUCT_TYPES


def join_texts(parts: Sequence[str]) -> str:
    """Several cells as one text to speak: a full stop between them, unless the part before ends with one."""
    spoken = ""
    for part in filter(None, map(str.strip, parts)):
        pause = "" if not spoken else " " if spoken.endswith(_SENTENCE_ENDS) else ". "
        spoken += pause + part
    return spoken


def join_ids(parts: Sequence[str]) -> str:
    """Several cells as one id: joined with "-"."""
    return "-".join(parts)


def is_common_name(name: str) -> bool:
    """Whether this is a name that catalogs commonly give to an id, text, voice or language column."""
    if _plain(name) in _COMMON:
        return True
    found = locale_columns.split(name)
    return found is not None and _plain(found.base) in TEXT_NAMES


def _plain(name: str) -> str:
    """ "Product ID", "productId" and "product-id" as product_id."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip("\ufeff \t\r\n"))
    return re.sub(r"[\W_]+", "_", words).strip("_").casefold()


def _found(header: Sequence[str], names: Sequence[str]) -> tuple[int, ...]:
    return tuple(_position(header, name) for name in names)


def _one(header: Sequence[str], name: str) -> int | None:
    return _position(header, name) if name else None


def _position(header: Sequence[str], name: str) -> int:
    for same in (str, str.casefold, _plain):
        at = [i for i, column in enumerate(header) if same(column) == same(name)]
        if len(at) == 1:
            return at[0]
        if at:
            numbers = " or ".join(str(i + 1) for i in at)
            raise CatalogError(f'{len(at)} columns are called "{name}": give the number, {numbers}')
    if name.isascii() and name.isdigit() and 1 <= int(name) <= len(header):
        return int(name) - 1
    raise CatalogError(f'there is no column "{name}"{suggestion(name, header)}: {_listed(header)}')


def _listed(header: Sequence[str]) -> str:
    some = ", ".join(f'"{" ".join(column.split())[:60]}"' for column in header[:LISTED_COLUMNS])
    more = f" and {len(header) - LISTED_COLUMNS} more" if len(header) > LISTED_COLUMNS else ""
    return f"the columns are {some}{more}"


def _by_name(header: Sequence[str], names: Sequence[str], taken: set[int]) -> int | None:
    plain = [_plain(column) for column in header]
    found = (at for name in names for at, column in enumerate(plain) if column == name and at not in taken)
    return next(found, None)


def _guess_text(
    header: Sequence[str],
    has_header: bool,
    rows: Sequence[Sequence[str]],
    taken: set[int],
    spoken_language: str,
) -> int:
    free = [at for at in range(len(header)) if at not in taken]
    if len(free) == 1:
        return free[0]
    values = {at: _values(rows, at) for at in free}
    if has_header:
        named = _named_texts(header, free, spoken_language)
        filled = [at for at in named if values[at]]
        if filled or (named and not rows):
            return (filled or named)[0]
    prose = {at: sum(map(len, cells)) for at, cells in values.items() if _is_prose(cells)}
    if not prose:
        raise CatalogError(f"no column looks like text to speak: choose one with --text: {_listed(header)}")
    return max(prose, key=lambda at: (prose[at] / len(values[at]), -at))


def _named_texts(header: Sequence[str], free: Sequence[int], spoken_language: str) -> list[int]:
    """Return the columns with common names of texts, the best first; those of another language last."""
    bases = dict[int, str]()
    fits = dict[int, int]()
    for at in free:
        name = _plain(header[at])
        found = None if name in _COMMON else locale_columns.split(header[at])
        bases[at] = name if found is None else _plain(found.base)
        fits[at] = locale_columns.fit(found, spoken_language)
    known = [at for at in free if bases[at] in TEXT_NAMES]
    return sorted(known, key=lambda at: (fits[at] < 0, TEXT_NAMES.index(bases[at]), -fits[at], at))


def _guess_id(
    header: Sequence[str], has_header: bool, rows: Sequence[Sequence[str]], taken: set[int]
) -> int | None:
    free = [at for at in range(len(header)) if at not in taken]
    if has_header:
        free = [at for name in ID_NAMES for at in free if _plain(header[at]) == name]
    return next((at for at in free if _is_key(_values(rows, at), len(rows), strict=not has_header)), None)


def _values(rows: Sequence[Sequence[str]], at: int) -> list[str]:
    return [row[at] for row in rows if at < len(row) and row[at].strip()]


def _is_prose(cells: Sequence[str]) -> bool:
    """Most cells hold letters, and spaces or a script that does without, and are no addresses."""

    def reads(cell: str) -> bool:
        spaced = " " in cell.strip() or any(c > "\u0250" and c.isalpha() for c in cell[:200])
        return (
            spaced
            and cell[:1] not in ("{", "[")
            and any(c.isalpha() for c in cell[:200])
            and "://" not in cell[:12]
        )

    return bool(cells) and sum(map(reads, cells)) * 2 >= len(cells)


def _is_key(cells: Sequence[str], rows: int, *, strict: bool) -> bool:
    """Not mostly repeats; and where no name speaks for it (`strict`): filled, short and never twice."""
    if not strict:
        return rows - len(set(cells)) <= REPEATED_IDS * rows
    return 0 < rows == len(set(cells)) and sum(map(len, cells)) <= SHORT_ID_CHARS * rows


def _shown(header: Sequence[str], has_header: bool, at: int) -> str:
    return f'"{" ".join(header[at].split())}"' if has_header else f"column {at + 1}"


def _told(guesses: Sequence[tuple[str, str]], has_header: bool, columns: int) -> str:
    if not guesses or (columns == 1 and has_header):
        return ""
    told = ", ".join(f"{what} from {where}" for what, where in guesses)
    options = {"text": "--text", "id": "--id", "voice": "--voice-column", "language": "--language-column"}
    how = ", ".join(options[what] for what, _ in guesses)
    return f"{'' if has_header else 'no header: '}{told} (guessed; choose with {how})"
