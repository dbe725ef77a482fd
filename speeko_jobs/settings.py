"""What can be set, and where each value came from: flags over SPEEKO_* over speeko.toml over defaults.

Knows names, types and sources. Opens nothing and checks no server; a value that cannot be parsed is
a ConfigError that names its source.
"""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from speeko_jobs.errors import ConfigError

FILE_NAME = "speeko.toml"


def setting(
    default: Any, help: str, *, secret: bool = False, least: float | None = None, most: float | None = None
) -> Any:
    """A dataclass field with what `speeko config` tells of it, and the bounds of a number."""
    return field(default=default, metadata={"help": help, "secret": secret, "least": least, "most": most})


@dataclass(frozen=True)
class Settings:
    """All settings, resolved. Money is in USD here only as text; times are in seconds."""

    home: str = setting("", "folder of the embedded servers and the audio store")
    database_url: str = setting("", "Postgres URL; empty: the embedded server", secret=True)
    redis_url: str = setting("", "Redis URL; empty: the embedded server", secret=True)
    broker_url: str = setting(
        "", "broker of the workers: amqp:// (RabbitMQ) or another Redis; empty: redis_url", secret=True
    )
    store: str = setting("", "URL of the audio store; empty: <home>/audio")
    output: str = setting("speeko-output", "folder or URL that audio files are delivered to")

    provider: str = setting("espeak", "who speaks: espeak, speeko, openai, kokoro-fastapi, speaches")
    api_url: str = setting("", "base URL of the speech API")
    api_key: str = setting("", "key of the speech API", secret=True)
    model: str = setting("", "model; empty: the provider's default")
    voice: str = setting("", "voice; empty: the provider's default")
    language: str = setting("", "language (BCP 47); empty: left to the voice")
    format: str = setting("mp3", "audio format: mp3, wav, flac, ogg, opus")
    speed: float = setting(1.0, "speed of speech, 1.0 is the voice's own", least=0.1, most=10)
    price_per_million: str = setting(
        "", "USD for a million characters, in place of the list price; by date: 15, 12 from 2027-01-01"
    )

    max_concurrency: int = setting(100, "most calls in flight, over all workers", least=1, most=100000)
    calls_per_minute: int = setting(
        0, "most calls a minute, over all workers; 0: no such limit", least=0, most=1000000000
    )
    chars_per_minute: int = setting(
        0, "most characters a minute, over all workers; 0: no such limit", least=0, most=1000000000000
    )
    request_timeout_seconds: float = setting(
        60.0, "most time for one call, from connect to last byte", least=1, most=3600
    )
    max_audio_mb: int = setting(64, "most megabytes of audio that one call may answer", least=1, most=10000)
    workers: int = setting(
        0, "synthesizing processes that a worker starts; 0: one a core, at most 4", least=0, most=256
    )
    chunk_rows: int = setting(1000, "most rows a chunk", least=1, most=100000)
    window: int = setting(64, "most chunks of a job in the broker at a time", least=1, most=10000)
    work_seconds: float = setting(45.0, "most time one task takes up new work", least=1, most=200)
    lease_seconds: float = setting(
        30.0, "how long a worker that says nothing counts as living", least=3, most=3600
    )
    redis_audio_budget: int = setting(
        256, "megabytes of audio that Redis may hold; 0: none", least=0, most=1000000
    )
    store_budget_gb: float = setting(
        0.0, "gigabytes that the audio store may hold; 0: no limit", least=0, most=1000000000
    )
    tenant: str = setting("default", "who the job is booked on")
    keep_jobs_days: int = setting(
        0, "days after which rows of finished jobs are pruned; 0: never", least=0, most=36500
    )
    webhook: str = setting("", "URL that hears of a job's end and of its pauses")
    webhook_secret: str = setting("", "what events for webhooks are signed with", secret=True)
    allow_private_webhooks: int = setting(
        0, "1: webhooks may have private addresses (set where workers run)", least=0, most=1
    )
    log_level: str = setting("WARNING", "DEBUG, INFO, WARNING or ERROR")
    log_format: str = setting("text", "how lines of the log look: text or json")
    logs: str = setting("files", "where workers log to: files (in <home>/logs) or stderr")

    @property
    def embedded_database(self) -> bool:
        return not self.database_url

    @property
    def embedded_redis(self) -> bool:
        return not self.redis_url

    @property
    def queue_url(self) -> str:
        """Where messages go."""
        return self.broker_url or self.redis_url

    @property
    def home_path(self) -> Path:
        if self.home:
            return Path(self.home).expanduser().absolute()
        import platformdirs

        return Path(platformdirs.user_data_dir("speeko", appauthor=False))

    @property
    def store_url(self) -> str:
        return self.store or str(self.home_path / "audio")


@dataclass(frozen=True)
class Origin:
    """Where one setting's value came from: "flag", an environment variable's name, a file, or "default"."""

    name: str
    value: Any
    source: str
    secret: bool
    help: str


def load(
    flags: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    file: str | os.PathLike[str] | None = None,
) -> Settings:
    """Resolve all settings. `file` defaults to $SPEEKO_CONFIG or ./speeko.toml (absent is fine)."""
    return Settings(**{o.name: o.value for o in explain(flags, environ, file)})


def explain(
    flags: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    file: str | os.PathLike[str] | None = None,
) -> list[Origin]:
    """Every setting with its value in force and where it came from, in the order of the class."""
    flags = flags or {}
    environ = os.environ if environ is None else environ
    path, table = _read_file(environ, file)
    known = {f.name: f for f in dataclasses.fields(Settings)}
    for name in table:
        if name not in known:
            raise ConfigError(f"{path}: there is no setting {name!r}: `speeko config` lists them")
    out = []
    for name, f in known.items():
        value, source = f.default, "default"
        variable = f"SPEEKO_{name.upper()}"
        if flags.get(name) is not None:
            value, source = flags[name], "flag"
        elif environ.get(variable):
            value, source = environ[variable], variable
        elif name in table:
            value, source = table[name], str(path)
        out.append(Origin(name, _parse(f, value, source), source, f.metadata["secret"], f.metadata["help"]))
    return out


def _read_file(
    environ: Mapping[str, str], file: str | os.PathLike[str] | None
) -> tuple[Path, dict[str, Any]]:
    asked = file or environ.get("SPEEKO_CONFIG")
    path = Path(asked or FILE_NAME)
    if not path.is_file():
        if asked:
            raise ConfigError(f"{path}: no such settings file")
        return path, {}
    try:
        return path, tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None


def _parse(f: dataclasses.Field[Any], value: Any, source: str) -> Any:
    kind: Any = type(f.default)
    try:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise ValueError
        parsed = kind(value)
    except ValueError:
        word = {int: "a whole number", float: "a number", str: "a text"}[kind]
        shown = "that value" if f.metadata["secret"] else repr(value)
        raise ConfigError(f"{source}: {f.name} takes {word}, not {shown}") from None
    least, most = f.metadata["least"], f.metadata["most"]
    if least is not None and not least <= parsed <= most:
        raise ConfigError(f"{source}: {f.name} takes {least:g} to {most:g}, not {parsed:g}")
    return parsed
