"""Cutting long spoken text into pieces that one call may hold, at the places where a reader would breathe.

sentencex finds the sentences; packing, and cutting sentences that are too long themselves, is done here.
Nothing but white space at the cuts is dropped. Joining the audio again is left to others.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from speeko_jobs.core.text.cleaning import has_speech
from speeko_jobs.core.text.sentence_ends import is_no_end
from speeko_jobs.core.text.text_rules import CURRENT_RULES, TextRules

MAX_CHARS = 1_000_000  # about 18 hours of speech
MAX_SEGMENTS = 1_000

_CLAUSE_END = re.compile(r"(?:[;:,](?=\s)|\s[–—-](?=\s)|[；：，、،؛])[\"')\]”’»」』）]*")
_SPACE = re.compile(r"\s+")
_BLOCK_CHARS = 20_000  # sentencex takes time by the square of the length where every sentence opens a quote
_ENUMERATOR = re.compile(r"\W*(?:\d{1,3}|[^\W\d_])\W*")
_JOINERS = frozenset("\u200c\u200d\u2060\ufe0e\ufe0f")

Span = tuple[int, int]


def split(text: str, limit: int, language: str = "", rules: TextRules = CURRENT_RULES) -> list[str]:
    """`text` as pieces of at most `limit` characters, none empty; [text] where it fits ([] for only spaces).

    Sentences are packed as full as they fit; a sentence over the limit is cut after a clause, else at a
    space, else anywhere but inside a character (a letter and its marks, an emoji sequence).
    ValueError, with the reason in one line, for a limit below 1, a text past MAX_CHARS, a result past
    MAX_SEGMENTS, or one character that alone is longer than the limit.
    """
    if len(text) <= limit:
        return [text] if text.strip() else []
    _check(text, limit)
    units = (
        unit for sentence in _sentences(text, language, rules) for unit in _fitting(text, sentence, limit)
    )
    return _texts(text, _with_speech(text, _packed(units, limit), limit), limit)


def calls(text: str, limit: int, language: str, rules: TextRules) -> tuple[str, ...]:
    """Return the pieces of a long text to buy, without those that say nothing: they would be refused."""
    return tuple(filter(has_speech, split(text, limit, language, rules)))


def sentences(text: str, limit: int, language: str = "", rules: TextRules = CURRENT_RULES) -> tuple[str, ...]:
    """Each sentence of `text` as a piece of its own, so that one that many texts share is bought once.

    What says nothing by itself ("!", an emoji) stays with the sentence before it, a bare number or letter
    ("1.", "B)") with the one after it. Sentences over the limit are cut as `split` cuts them; errors and
    losslessness are those of `split`, too. () for only spaces.
    """
    _check(text, limit)
    spans: list[Span] = []
    for start, end in _standing(text, language, rules):
        if end - start <= limit:
            spans.append((start, end))
        else:
            spans.extend(_with_speech(text, _packed(_fitting(text, (start, end), limit), limit), limit))
    return tuple(_texts(text, spans, limit))


def _check(text: str, limit: int) -> None:
    if limit < 1:
        raise ValueError(f"a limit of {limit} characters leaves nothing to say")
    if len(text) > MAX_CHARS:
        raise ValueError(f"the text has {len(text):,} characters, and {MAX_CHARS:,} are the most")


def _texts(text: str, spans: list[Span], limit: int) -> list[str]:
    if len(spans) > MAX_SEGMENTS:
        raise ValueError(
            f"the text needs {len(spans):,} pieces of {limit:,} characters, and {MAX_SEGMENTS:,} are the most"
        )
    return [text[start:end] for start, end in spans]


def _standing(text: str, language: str, rules: TextRules) -> list[Span]:
    """Sentences that can stand alone: each says something, and more than a number or a letter."""
    spans: list[Span] = []
    stands = False
    for start, end in _sentences(text, language, rules):
        speaks = has_speech(text[start:end])
        alone = speaks and not (end - start < 9 and _ENUMERATOR.fullmatch(text, start, end))
        if spans and not (stands and speaks):
            spans[-1] = (spans[-1][0], end)
            stands = stands or alone
        else:
            spans.append((start, end))
            stands = alone
    if len(spans) > 1 and not stands:
        last = spans.pop()
        spans[-1] = (spans[-1][0], last[1])
    return spans


def _sentences(text: str, language: str, rules: TextRules) -> Iterator[Span]:
    """Each sentence's place in `text`, without the white space around it."""
    found = _ends_found(text, language)
    if not rules.sentence_ends:
        yield from found
        return
    primary = language.partition("-")[0]
    open_span: Span | None = None
    for start, end in found:
        if open_span is not None and is_no_end(text, open_span[1], start, primary):
            open_span = open_span[0], end
            continue
        if open_span is not None:
            yield open_span
        open_span = start, end
    if open_span is not None:
        yield open_span


def _ends_found(text: str, language: str) -> Iterator[Span]:
    """Each sentence's place as sentencex finds it."""
    import sentencex

    primary = language.partition("-")[0] or "en"
    at = 0
    while at < len(text):
        block = text[at : at + _BLOCK_CHARS]
        found = list(sentencex.segment(primary, block))
        if "".join(found) != block:  # never seen; but paid text must not depend on it
            found = [block]
        if len(found) > 1 and at + len(block) < len(text):
            found.pop()  # it may go on in the next block
        for raw in found:
            start, at = at, at + len(raw)
            if span := _stripped(text, start, at):
                yield span


def _stripped(text: str, start: int, end: int) -> Span | None:
    raw = text[start:end]
    left = len(raw) - len(raw.lstrip())
    stripped = len(raw.strip())
    return (start + left, start + left + stripped) if stripped else None


def _fitting(text: str, sentence: Span, limit: int) -> Iterator[Span]:
    """A sentence as spans of at most `limit` characters: itself, where it fits."""
    start, end = sentence
    while end - start > limit:
        cut = _cut(text, start, limit)
        if span := _stripped(text, start, cut):
            yield span
        rest = _stripped(text, cut, end)
        if rest is None:
            return
        start = rest[0]
    yield start, end


def _cut(text: str, start: int, limit: int) -> int:
    """Where to end a piece that begins at `start`: the last clause in its second half, the last space, or
    the last place between two characters."""
    most = start + limit
    half = start + limit // 2
    clauses = [m.end() for m in _CLAUSE_END.finditer(text, half, most + 1) if m.end() <= most]
    if clauses:
        return clauses[-1]
    spaces = [m.start() for m in _SPACE.finditer(text, start + 1, most + 1)]
    if spaces:
        return spaces[-1]
    cut = most
    while cut > start and _is_inside_character(text, cut):
        cut -= 1
    if cut == start:
        raise ValueError(f"one character with its marks is longer than {limit:,} characters")
    return cut


def _is_inside_character(text: str, at: int) -> bool:
    """Whether a cut at `at` would part a letter from its marks, an emoji sequence, a flag or a number."""
    after, before = text[at], text[at - 1]
    if after in _JOINERS or before in _JOINERS - {"\ufe0e", "\ufe0f"}:
        return True
    if unicodedata.category(after) in ("Mn", "Mc", "Me") or "\U0001f3fb" <= after <= "\U0001f3ff":
        return True
    if unicodedata.combining(before) == 9 or "\U000e0020" <= after <= "\U000e007f":  # 9: virama
        return True
    if "\U0001f1e6" <= after <= "\U0001f1ff":
        return _flags_before(text, at) % 2 == 1
    return "\udc00" <= after <= "\udfff" and "\ud800" <= before <= "\udbff"


def _flags_before(text: str, at: int) -> int:
    count = 0
    while count < at and count < 64 and "\U0001f1e6" <= text[at - 1 - count] <= "\U0001f1ff":
        count += 1
    return count


def _packed(units: Iterator[Span], limit: int) -> list[Span]:
    """Neighbours put together while they fit, with the white space between them."""
    spans: list[Span] = []
    for start, end in units:
        if spans and end - spans[-1][0] <= limit:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def _with_speech(text: str, spans: list[Span], limit: int) -> list[Span]:
    """Where a piece would hold nothing to say (a last "…" or an emoji), words from before go with it."""
    out: list[Span] = []
    for start, end in spans:
        if out and not has_speech(text[start:end]):
            before, before_end = out[-1]
            lowest = max(before + 1, end - limit)
            cut = max((m.end() for m in _SPACE.finditer(text, lowest, before_end)), default=0)
            head = _stripped(text, before, cut) if cut and has_speech(text[cut:end]) else None
            if head and has_speech(text[head[0] : head[1]]):
                out[-1] = head
                start = cut
        out.append((start, end))
    return out
