"""One catalog row → its id, name, voice, language, spoken texts and keys; or why it is refused.

This is the whole decision about a row before anything is spent. It knows no file and no database.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from speeko_jobs.core.catalog import cell_values, file_names
from speeko_jobs.core.catalog.cell_values import NULL_MARKERS
from speeko_jobs.core.catalog.column_mapping import OPENAI_BATCH_HEADER, Columns, join_ids, join_texts
from speeko_jobs.core.job import openai_batch_rows
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.model.cache_key import KeyMaker, SpeechEngine
from speeko_jobs.core.output import cdn_publishing
from speeko_jobs.core.output.sanitize import spreadsheet_raw
from speeko_jobs.core.reporting.manifest import CELL_CHARS, FAILED_COLUMNS, Kept
from speeko_jobs.core.text import language_tags as languages
from speeko_jobs.core.text import segmentation, ssml
from speeko_jobs.core.text.cleaning import has_speech, is_plain, spoken
from speeko_jobs.core.text.pipeline import Wording
from speeko_jobs.core.voices.availability import VoiceOffer
from speeko_jobs.core.voices.voice_catalog import AUTO
from speeko_jobs.errors import ConfigError

PLAIN = Wording()
EMPTY = "the text is empty"
_NO_IDS = frozenset(("", "\\N", "NULL"))

Refused = Callable[[int, "Refusal"], None]


class Refusal(Exception):
    """A row that cannot be spoken. `reason` is one line; `source` the text as it stood.

    `voice` and `language` are what the row asks for, "" where it leaves them to the job, `kept` its cells
    on how its text is taken: failed.csv holds them, so that a corrected row is not spoken otherwise.
    """

    def __init__(self, reason: str, row_id: str, source: str) -> None:
        super().__init__(reason)
        self.reason, self.row_id, self.source = reason, row_id, source
        self.voice = self.language = ""
        self.kept = Kept()


class EmptyTextError(ValueError):
    """Nothing is left of a text once markup and invisible characters are gone."""


class NoText(Refusal):
    """A row without text, as catalogs have on purpose: it is left out, and no failure."""


class SpokenRow(NamedTuple):
    """A row that can be spoken: one key and one spoken text for each call that it takes.

    `chars` is what would be billed if every call were made, `source` the text as it stood.
    """

    row_no: int
    id: str
    path: str
    voice: str
    language: str
    chars: int
    keys: tuple[bytes, ...]
    texts: tuple[str, ...]
    source: str


class Speaker(NamedTuple):
    """Who speaks a row: `language` is what the API is told, "" where it takes none, `tag` that of the words.

    `refusal` is why not, in one line, or "".
    """

    voice: str
    language: str
    tag: str
    refusal: str


def content_of(keys: Sequence[bytes], rendering: str = "") -> bytes:
    """What identifies the audio of a row: its key, or a hash over the keys of its segments and over how it
    is rendered, where that is not as it was bought (32 bytes)."""
    if len(keys) == 1 and not rendering:
        return keys[0]
    return hashlib.sha256(b"".join(keys) + rendering.encode()).digest()


class RowReader:
    """Reads the rows of one table for one job. Raises UsageError for a name template that cannot be."""

    def __init__(
        self,
        spec: JobSpec,
        header: Sequence[str],
        columns: Columns,
        wording: Wording = PLAIN,
        offer: VoiceOffer | None = None,
    ) -> None:
        self._spec, self._profile, self._columns = spec, spec.profile, columns
        self._offer = offer or VoiceOffer(self._profile, spec.any_voice)
        self._id = columns.id
        self._text = columns.text
        self._one_id = columns.id[0] if len(columns.id) == 1 else -1
        self._one_text = columns.text[0] if len(columns.text) == 1 else -1
        self._voiced = columns.voice is not None or columns.language is not None
        self._template = file_names.compile_template(spec.name, header)
        # a name that ends in the format's own extension is no report's
        self._may_be_report = not spec.name.endswith(".{ext}")
        self._holds_content = cdn_publishing.holds_content(spec.name)
        self._keys = KeyMaker(SpeechEngine(self._profile.family, spec.model, spec.format, str(spec.speed)))
        self._voices: dict[tuple[str, str], Speaker] = {}
        self._batch = tuple(header) == OPENAI_BATCH_HEADER
        self._ours = tuple(header) == FAILED_COLUMNS
        self._wording, self._format = wording, spec.delivered.format
        self._as_spoken = FAILED_COLUMNS.index("as_spoken") if self._ours else -1
        self._by_rules = spec.routing.by_rules(header) if spec.routing and spec.routing.rules else None
        self._voiced = self._voiced or self._by_rules is not None
        self._default = self._speaker("", "")
        one_each = min(self._one_id, self._one_text) >= 0
        special = self._ours or self._voiced or self._batch or bool(self._default.refusal)
        special = special or self._may_be_report or self._holds_content
        self._is_simple = one_each and not special and wording.is_plain and spec.segments == "auto"

    def read_many(
        self, first_row_no: int, rows: Sequence[Sequence[str]], refused: Refused
    ) -> list[SpokenRow]:
        """The rows that can be spoken, in order; `refused` gets each that cannot, with its number.

        What `read` says of each row, at a third of the cost: most rows need no care, and their keys are
        made together.
        """
        if not self._is_simple:
            return self._one_by_one(enumerate(rows, first_row_no), refused)
        voice, language = self._default[:2]
        at_id, at_text, limit = self._one_id, self._one_text, self._profile.max_chars
        name, format = self._template.name, self._format
        found: list[tuple[int, str, str, str]] = []
        others: list[tuple[int, Sequence[str]]] = []
        for row_no, cells in enumerate(rows, first_row_no):
            try:
                row_id, text = cells[at_id].strip(), cells[at_text]
                is_odd = row_id[0] in "=\\" or row_id == "NULL" or text[0] in "[{="  # "" is an IndexError
                is_odd = is_odd or (len(text) < 8 and text in NULL_MARKERS)
                if not is_odd and is_plain(text) and len(text) <= limit and has_speech(text):
                    path = name(row_no, row_id, voice, language, format, cells)
                    found.append((row_no, row_id, path, text))
                    continue
            except (IndexError, ValueError):
                pass
            others.append((row_no, cells))
        keys = self._keys.keys([row[3] for row in found], voice, language)
        billable = self._profile.billable_chars
        out = [
            SpokenRow(row_no, row_id, path, voice, language, billable(text), (key,), (text,), text)
            for (row_no, row_id, path, text), key in zip(found, keys, strict=True)
        ]
        if others:
            out += self._one_by_one(others, refused)
            out.sort()  # by row number
        return out

    def _one_by_one(self, rows: Iterable[tuple[int, Sequence[str]]], refused: Refused) -> list[SpokenRow]:
        out = []
        for row_no, cells in rows:
            try:
                out.append(self.read(row_no, cells))
            except Refusal as refusal:
                refusal.voice, refusal.language = self._asked(cells)
                refusal.kept = self._kept(cells)
                refused(row_no, refusal)
        return out

    def _asked(self, cells: Sequence[str]) -> tuple[str, str]:
        """Return the voice and language that the row asks for, as its cells or the rules have them."""
        cells = self._meant(cells)
        voice, language = self._cells_of_speaker(cells) if self._voiced else ("", "")
        voice = voice.strip() or (self._of_row(cells).voice if self._voiced else self._default.voice)
        return voice, language.strip()

    def _kept(self, cells: Sequence[str]) -> Kept:
        """Return what the row says of how its text is taken."""
        cells, wanted = self._meant(cells), (self._columns.segments, self._as_spoken)
        has = [cells[at] if at is not None and 0 <= at < len(cells) else "" for at in wanted]
        return Kept(*[cell.strip()[:CELL_CHARS] for cell in has])

    def read(self, row_no: int, cells: Sequence[str]) -> SpokenRow:
        """The row as it will be spoken. Raises Refusal."""
        cells = self._meant(cells)
        row_id, source = self._as_it_stands(row_no, cells)
        if self._batch:
            if why := openai_batch_rows.refusal(self._spec, cells):
                raise Refusal(why, row_id, source)
        elif not source or source.isspace():
            raise NoText(EMPTY, row_id, source)
        voice, language, tag, wrong = self._of_row(cells) if self._voiced else self._default
        if wrong:
            raise Refusal(wrong, row_id, source)
        try:
            texts = self._texts(source, tag, cells)
            key = self._keys.key
            keys = tuple([key(t, voice, language) for t in texts])
            content = ""
            if self._holds_content:
                content = cdn_publishing.digits(content_of(keys, self._spec.rendering))
            path = self._template.name(row_no, row_id, voice, language, self._format, cells, content)
        except EmptyTextError:
            refusal = Refusal if self._batch else NoText
            raise refusal(EMPTY, row_id, source) from None
        except UnicodeEncodeError:
            raise Refusal("the text holds invalid characters (lone surrogates)", row_id, source) from None
        except ValueError as error:
            raise Refusal(str(error), row_id, source) from None
        if self._may_be_report and file_names.is_report(path):
            why = f"its file would be called {path}, which is the name of a report: choose another --name"
            raise Refusal(why, row_id, source)
        chars = sum([self._profile.billable_chars(t) for t in texts])
        return SpokenRow(row_no, row_id, path, voice, language, chars, keys, texts, source)

    def source(self, row_no: int, cells: Sequence[str]) -> tuple[str, str]:
        """The row's id, and its text as it stands in the catalog."""
        return self._as_it_stands(row_no, self._meant(cells))

    def steps(self, cells: Sequence[str]) -> list[tuple[str, str]]:
        """(what was done, the row's text after it), in order; none for SSML that is refused."""
        cells = self._meant(cells)
        source, tag = self._as_it_stands(0, cells)[1], self._of_row(cells).tag
        with contextlib.suppress(ValueError):
            source = self._text_of(source, tag, cells)
        wording = self._wording_of(cells)
        if self._spec.ssml == "strip" or not ssml.is_ssml(source):
            return wording.steps(source, tag)
        try:
            dialect = self._profile.ssml
            return [("ssml", wording.ssml(source, tag, dialect))] if dialect is not None else []
        except ValueError:
            return []

    def _meant(self, cells: Sequence[str]) -> Sequence[str]:
        """Return the cells of failed.csv as they were before they were sanitized, and formulas such as
        ="00123" as their text, where no text to speak."""
        if self._ours:
            return [spreadsheet_raw(cell) for cell in cells]
        if any(cell[:2] == '="' for cell in cells):
            plain = cell_values.without_formula
            return [cell if at in self._text else plain(cell) for at, cell in enumerate(cells)]
        return cells

    def _as_it_stands(self, row_no: int, cells: Sequence[str]) -> tuple[str, str]:
        count = len(cells)
        if self._one_id >= 0:
            row_id = cells[self._one_id] if self._one_id < count else ""
        else:
            row_id = join_ids([cells[i] for i in self._id if i < count])
        if self._one_text >= 0:
            source = cells[self._one_text] if self._one_text < count else ""
        else:
            source = join_texts([cells[i] for i in self._text if i < count])
        row_id = row_id.strip()
        return str(row_no) if row_id in _NO_IDS else row_id, source

    def _text_of(self, source: str, language: str, cells: Sequence[str]) -> str:
        """Return the text that the row's cells mean. ValueError, one line, where they have none to speak."""
        if not self._wording.rules.plain_cells:
            return source
        if self._one_text >= 0:
            return cell_values.text_of(source, language)
        return join_texts([cell_values.text_of(cells[i], language) for i in self._text if i < len(cells)])

    def _texts(self, source: str, language: str, cells: Sequence[str]) -> tuple[str, ...]:
        """The texts of the calls that a row takes. ValueError, one line, where it cannot be spoken."""
        profile, limit = self._profile, self._profile.max_chars
        wording, source = self._wording_of(cells), self._text_of(source, language, cells)
        if self._spec.ssml == "auto" and ssml.is_ssml(source):
            if profile.ssml is None:
                raise ValueError(
                    f"the text is SSML, which {profile.name} does not take: --ssml strip speaks its words"
                )
            text = wording.ssml(source, language, profile.ssml)
            if len(text) > limit:
                raise ValueError(f"the SSML has {len(text):,} characters, and {limit:,} are the most")
            return (text,)
        text = spoken(source, wording.rules) if wording.is_plain else wording.spoken(source, language)
        if not has_speech(text):
            raise ValueError("there is nothing to speak in the text") if text else EmptyTextError
        if self._spec.segments == "sentence" and not self._is_whole(cells):
            return segmentation.sentences(text, limit, language, wording.rules)
        return (text,) if len(text) <= limit else segmentation.calls(text, limit, language, wording.rules)

    def _wording_of(self, cells: Sequence[str]) -> Wording:
        """What is done to the row's text: nothing twice to that of a row of failed.csv."""
        at = self._as_spoken
        return PLAIN if 0 <= at < len(cells) and cells[at].strip().lower() == "yes" else self._wording

    def _is_whole(self, cells: Sequence[str]) -> bool:
        """Whether the row's own cell says that its text is not to be cut into sentences."""
        at = self._columns.segments
        cell = cells[at].strip().lower() if at is not None and at < len(cells) else ""
        if cell in ("", "sentence", "yes", "true", "1"):
            return False
        if cell in ("whole", "none", "no", "off", "false", "0"):
            return True
        raise ValueError(f'the column "segments" says {cell[:40]!r}: it takes sentence or whole')

    def _of_row(self, cells: Sequence[str]) -> Speaker:
        voice, language = self._cells_of_speaker(cells)
        if self._by_rules is not None and not voice.strip():
            voice = self._by_rules(cells)
        found = self._voices.get((voice, language))
        if found is None:
            if len(self._voices) > 10_000:  # a wrong column must not fill the memory
                self._voices.clear()
            found = self._voices[voice, language] = self._speaker(voice, language)
        return found

    def _cells_of_speaker(self, cells: Sequence[str]) -> tuple[str, str]:
        count, at_voice, at_language = len(cells), self._columns.voice, self._columns.language
        voice = cells[at_voice] if at_voice is not None and at_voice < count else ""
        language = cells[at_language] if at_language is not None and at_language < count else ""
        return "" if voice in NULL_MARKERS else voice, "" if language in NULL_MARKERS else language

    def _speaker(self, voice: str, language: str) -> Speaker:
        """What the cells say; empty ones take the job's own."""
        profile, routing = self._profile, self._spec.routing
        voice, own = voice.strip(), self._spec.voice
        written = language.strip() or self._spec.language
        tag = languages.tag(written)
        try:
            voice = routing.voice_of(voice, own, tag) if routing is not None else voice or own
        except ConfigError as error:
            return Speaker(voice, tag, tag, str(error))
        if voice == AUTO:
            return Speaker(voice, tag, tag, f"the row leaves the voice to be chosen: give --voice {AUTO}")
        sent = tag if profile.takes_language else ""  # what is not sent does not change the sound
        return Speaker(voice, sent, tag, self._offer.refusal(voice, sent, written) or "")
