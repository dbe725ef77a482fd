"""Lexicon files, TOML or W3C PLS, read from disk into one lexicon.

Knows files and their sizes. What they say is read in `core.text.lexicon_toml` and `core.text.lexicon_pls`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from speeko_jobs.core.text import lexicon_pls, lexicon_toml
from speeko_jobs.core.text.lexicon import Lexicon, LexiconEntry
from speeko_jobs.errors import ConfigError

MAX_BYTES = 64_000_000
_XML_STARTS = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<", b"\xfe\xff\0<")


def read_lexicon(paths: Sequence[str | Path]) -> tuple[Lexicon, list[str]]:
    """One lexicon of all files, and a line for each entry that had to be left out.

    Of two entries for one word the later file's counts. ConfigError names file, line or word.
    """
    entries: list[LexiconEntry] = []
    left_out: list[str] = []
    for path in map(Path, paths):
        raw = _content(path)
        if raw.lstrip().startswith(_XML_STARTS):
            found, skipped = lexicon_pls.entries_of(raw, path.name)
            left_out += skipped
        else:
            found = lexicon_toml.entries_of(raw, path.name)
        if not found:
            raise ConfigError(f'{path.name}: the lexicon is empty: a line is "word" = "how to say it"')
        entries += found
    try:
        return Lexicon(entries), left_out
    except ValueError as error:
        raise ConfigError(f"{', '.join(str(path) for path in paths)}: {error}") from None


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ConfigError(f"{path}: the lexicon cannot be read ({why})") from None
    except ValueError:
        raise ConfigError(f"{str(path)!r} is not a file name") from None
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"{path.name}: a lexicon has at most {MAX_BYTES // 1_000_000} MB")
    return raw
