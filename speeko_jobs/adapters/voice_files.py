"""The files that voices are chosen by: voices.toml, built in and the user's own, and a job's rules.

Reads them; what they mean is for `core.voices.voice_catalog` and `core.voices.rules`. Errors are a
ConfigError with the file, and the line where it is no TOML.
"""

from __future__ import annotations

import importlib.resources
from pathlib import Path

from speeko_jobs.core.voices import rules, voice_catalog
from speeko_jobs.core.voices.rules import Rule
from speeko_jobs.core.voices.voice_catalog import Voice
from speeko_jobs.errors import ConfigError

FILE_NAME = "voices.toml"
MAX_BYTES = 4_000_000


def read_voices(own: str = "") -> dict[str, tuple[Voice, ...]]:
    """Provider → its voices: the built-in ones, and over them those of the user's file.

    `own` is the file's path; "" is ./voices.toml, which may be missing.
    """
    built_in = importlib.resources.files(__package__).joinpath(FILE_NAME).read_text("utf-8")
    sources = [(f"the built-in {FILE_NAME}", built_in)]
    if own or Path(FILE_NAME).is_file():
        sources.append((own or FILE_NAME, _text(own or FILE_NAME)))
    return voice_catalog.read(sources)


def read_rules(path: str) -> tuple[Rule, ...]:
    """The rules of a file, in their order."""
    return rules.read(path, _text(path))


def _text(path: str) -> str:
    try:
        with Path(path).expanduser().open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ConfigError(f"{path}: larger than {MAX_BYTES // 1_000_000} MB: is it the right file?")
        return data.decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file") from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}: not valid TOML: not UTF-8 (at line {line})") from None
    except (OSError, ValueError, RuntimeError) as error:  # a NUL in the path, a home that nobody has
        raise ConfigError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
