"""From bytes to lines: which encoding it is, and text in blocks that end where a line ends.

A bad byte never stops the text: it becomes a lone surrogate, and the block is marked as suspect so that
readers look at its rows. Cells and rows are the readers' part.
"""

from __future__ import annotations

import codecs
import io
import re
import string
from collections.abc import Iterator
from itertools import chain

from speeko_jobs.adapters.catalog.byte_stream import CHUNK_BYTES, ByteStream
from speeko_jobs.adapters.catalog.table import CELL_CHARS, LINE_CHARS, RAW_CHARS
from speeko_jobs.core.catalog.read_options import READ_FORMATS
from speeko_jobs.errors import CatalogError

SAMPLE_BYTES = 64 * 1024
HELD_CHARS = CELL_CHARS + 2 * CHUNK_BYTES  # over the longest cell, to go on behind the line that opened it
WATCH_BLOCKS = 8  # as many blocks as the longest cell spans, and some
UNDECIDED = "utf-8 or cp1252"  # nothing but ASCII so far

_BOMS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",  # before UTF-16, whose mark is its beginning
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\f\r\x01\x1a\x1b\x1e\x1f"))
_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_NO_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")


def bom_of(data: bytes) -> tuple[str, int]:
    """Encoding and length of the byte order mark; ("", 0) without one."""
    return next(((name, len(bom)) for bom, name in _BOMS.items() if data.startswith(bom)), ("", 0))


def detect(sample: bytes, name: str) -> str:
    """The encoding of text without a byte order mark. CatalogError for what is no text at all."""
    nulls = sample.count(0)
    if nulls > 1 and nulls * 50 >= len(sample):
        even, odd = sample[::2].count(0), sample[1::2].count(0)
        guess = "utf-16-le" if odd > 4 * even else "utf-16-be" if even > 4 * odd else ""
        if guess and _decodes(sample, guess):
            return guess
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if controls > 3 + len(sample) // 50:
        raise CatalogError(f"{name}: this is binary data, not a catalog: give {READ_FORMATS}")
    return UNDECIDED


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(data)
    except UnicodeDecodeError:
        return False
    return sum(c < " " and c not in "\t\r\n\f" for c in text) * 50 <= len(text)


def decide(block: bytes, name: str) -> str:
    """utf-8 or cp1252 for the first block that is not ASCII. CatalogError when it looks like neither."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(block)
        return "utf-8"
    except UnicodeDecodeError:
        pass
    high = len(block) - len(block.translate(None, bytes(range(128, 256))))
    sequences = _MULTIBYTE.findall(block)
    if len(sequences) >= high - sum(map(len, sequences)):
        return "utf-8"  # with a few bad bytes, which are their rows' fault
    latin = len(block) - len(block.translate(None, string.ascii_letters.encode()))
    if high > 4 + latin * 0.4 or _NO_CP1252.search(block):
        raise CatalogError(
            f"{name}: cannot tell the encoding (not UTF-8, UTF-16 or cp1252): give --encoding,"
            " for example cp1251, gb18030 or shift_jis"
        )
    return "cp1252"


class TextBlocks:
    """A byte stream as text. `faulty` is true when what `read` gave last holds a NUL or a bad byte."""

    def __init__(self, stream: ByteStream, encoding: str, name: str) -> None:
        self._stream = stream
        self.name = name
        self.faulty = False
        self._ended = False
        self._ahead = ""
        head = stream.peek(SAMPLE_BYTES)
        marked, length = bom_of(head)
        if encoding:
            marked = self._known(encoding, marked)
        elif not marked:
            marked = detect(head, name)
        if length and marked in _BOMS.values():
            stream.read(length)
        self.encoding = marked
        self._decoder = self._decoder_of("strict")

    @property
    def shown_encoding(self) -> str:
        """The encoding to show: ASCII is UTF-8 as long as nothing says otherwise."""
        return "utf-8" if self.encoding == UNDECIDED else self.encoding

    def _known(self, encoding: str, marked: str) -> str:
        try:
            codec = codecs.lookup(encoding)
            codec.incrementaldecoder("strict")
            text = codec._is_text_encoding
        except (LookupError, TypeError):
            text = False
        if not text:
            raise CatalogError(f'{self.name}: there is no encoding "{encoding}": try utf-8, cp1252 or utf-16')
        plain = codec.name.removesuffix("-sig")
        return marked if marked and plain in {"utf-8", "utf-16", "utf-32"} else plain

    def _decoder_of(self, errors: str) -> codecs.IncrementalDecoder:
        return codecs.getincrementaldecoder("utf-8" if self.encoding == UNDECIDED else self.encoding)(errors)

    def peek(self) -> str:
        """What `read` gives next, without taking it."""
        self._ahead = self._ahead or self.read()
        return self._ahead

    def read(self) -> str:
        """The text of the next 256 KB or less; "" at the end."""
        if self._ahead:
            text, self._ahead = self._ahead, ""
            return text
        while not self._ended:
            data = self._stream.read(CHUNK_BYTES)
            self._ended = not data
            if self.encoding == UNDECIDED and not data.isascii():
                self.encoding = decide(data, self.name)
                self._decoder = self._decoder_of("strict")
            self.faulty = False
            text = self._decode(data)
            if "\0" in text:
                self.faulty = True
            if text:
                return text
        return ""

    def _decode(self, data: bytes) -> str:
        before = self._decoder.getstate()
        for errors in ("strict", "surrogateescape", "surrogatepass", "replace"):
            self._decoder.errors = errors
            self._decoder.setstate(before)
            try:
                text = self._decoder.decode(data, final=self._ended)
            except UnicodeDecodeError:
                self.faulty = True
            else:
                self._decoder.errors = "strict"
                return text
        raise AssertionError("errors=replace decodes anything")


class CutLine(str):
    """Stands in for a line past LINE_CHARS: its beginning, filled up so that no reader takes it for a row."""

    __slots__ = ()


class Lines:
    """The text's lines with their ends, numbered from 1, and the last of them again on request.

    Lines end at LF, CRLF or CR and nowhere else: U+2028 or a form feed may be part of a cell.
    """

    def __init__(self, text: TextBlocks) -> None:
        self.text = text
        self._tail = ""
        self._tail_faulty = False
        self._count = 0
        self._held: list[tuple[int, list[str]]] = []  # (lines before it, its lines)
        self._held_chars: list[int] = []
        self.watch_blocks = 0  # above 0: the row being read may hold a NUL or a bad byte

    def first_block(self) -> list[str]:
        """The lines of the first block, which stay to be read. [] for an empty text."""
        if not self._held:
            self._next_block()
        return self._held[0][1] if self._held else []

    def after(self, line: int) -> Iterator[str]:
        """Every line behind number `line` (0: all), held ones again. Ends the iterator made before it."""
        return chain.from_iterable(self._blocks(line))

    def between(self, after: int, last: int) -> list[str]:
        """The lines behind `after` up to and with `last`, as far as they are still held."""
        parts = (block[max(0, after - before) : max(0, last - before)] for before, block in self._held)
        return list(chain.from_iterable(parts))

    def _blocks(self, line: int) -> Iterator[list[str]]:
        for before, block in list(self._held):
            if line < before + len(block):
                yield block[max(0, line - before) :]
        while block := self._next_block():
            yield block

    def _next_block(self) -> list[str]:
        text, faulty = self._tail, self._tail_faulty
        while True:
            more = self.text.read()
            text += more
            faulty = faulty or self.text.faulty
            cut = max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1 if more else len(text)
            if cut or not more:
                break
            if len(text) > LINE_CHARS:
                return self._hold([self._skip_line(text)], RAW_CHARS)
        self._tail, self._tail_faulty = text[cut:], self.text.faulty
        self.watch_blocks = WATCH_BLOCKS if faulty else max(0, self.watch_blocks - 1)
        return self._hold(list(io.StringIO(text[:cut], newline="")), cut)

    def _skip_line(self, head: str) -> str:
        filler = "\ufffd" * (CELL_CHARS + 1)  # longer than any cell may be
        self._tail = ""
        while not head.endswith("\r") and (more := self.text.read()):
            end = re.search("\r\n?|\n", more)
            if end:
                self._tail = more[end.end() :]
                break
        return CutLine(head[:RAW_CHARS] + filler + "\n")

    def _hold(self, block: list[str], chars: int) -> list[str]:
        if not block:
            return block
        while sum(self._held_chars[1:]) > HELD_CHARS:
            del self._held[0], self._held_chars[0]
        self._held.append((self._count, block))
        self._held_chars.append(chars)
        self._count += len(block)
        return block
