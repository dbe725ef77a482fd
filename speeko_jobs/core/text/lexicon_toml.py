"""A lexicon as TOML: `"word" = "spoken form"`, for every language or under a table that names one.

    "Nguyen" = "win"

    [de]
    "Xiaomi" = "Schaumi"

    [options]
    case_sensitive = ["US"]     # or true, for every word of the file

Knows the shape of the file; who reads it from disk, and how words are found, is told elsewhere.
"""

from __future__ import annotations

import tomllib
from typing import Any

from speeko_jobs.core.text import language_tags as languages
from speeko_jobs.core.text.lexicon import LexiconEntry
from speeko_jobs.errors import ConfigError

_OPTIONS = "options"


def entries_of(raw: bytes, name: str) -> list[LexiconEntry]:
    """The entries of a file that is called `name`. ConfigError names the line or the word, and what to do."""
    try:
        content = tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{name}, line {line}: not UTF-8: save the lexicon as UTF-8") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f'{name}: {reason}: a lexicon is lines of "word" = "how to say it", both in quotes'
        ) from None
    sensitive = _case_sensitive(content.pop(_OPTIONS, {}), name)
    out: list[LexiconEntry] = []
    for key, value in content.items():
        if isinstance(value, dict):
            tag = _tag(key, name)
            out.extend(_entry(word, say, tag, sensitive, name) for word, say in value.items())
        else:
            out.append(_entry(key, value, "", sensitive, name))
    missing = sorted(
        (sensitive or set()) - {word for table in (content, *_tables(content)) for word in table}
    )
    if missing:
        raise ConfigError(
            f"{name}, [options]: case_sensitive names {missing[0]!r}, which is not a word in the file"
        )
    return out


def _tables(content: dict[str, Any]) -> list[dict[str, Any]]:
    return [value for value in content.values() if isinstance(value, dict)]


def _case_sensitive(options: Any, name: str) -> set[str] | None:
    """The words whose case counts; None for all of them."""
    if not isinstance(options, dict) or set(options) - {"case_sensitive"}:
        raise ConfigError(f"{name}, [options]: there is one option, case_sensitive")
    value = options.get("case_sensitive", False)
    if isinstance(value, bool):
        return None if value else set()
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return set(value)
    raise ConfigError(f"{name}, [options]: case_sensitive takes true, false or a list of words")


def _tag(key: str, name: str) -> str:
    import langcodes

    tag = languages.tag(key)
    if not langcodes.tag_is_valid(tag):
        raise ConfigError(
            f"{name}, [{key}]: not a language such as de or en-GB; a word with dots needs quotes around it"
        )
    return tag


def _entry(word: str, say: Any, tag: str, sensitive: set[str] | None, name: str) -> LexiconEntry:
    where = f"{name}, [{tag}] {word!r}" if tag else f"{name}, {word!r}"
    if not isinstance(say, str):
        raise ConfigError(f"{where}: the spoken form must be text in quotes")
    try:
        return LexiconEntry(word, say, tag, sensitive is None or word in sensitive)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from None
