"""What can be set, and where each value came from: flags over SPEEKO_* over speeko.toml over defaults.

Knows names, types and sources. Opens nothing and checks no server; a value that cannot be parsed is
a ConfigError that names its source.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from speeko_jobs.errors import ConfigError

FILE_NAME = "speeko.toml"
ACCOUNTS: Final = "accounts"
LINGER: Final = "linger_seconds"
_ACCOUNT_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_ACCOUNT_VARIABLE = re.compile(r"SPEEKO_ACCOUNT_([A-Z0-9_]+)_(URL|KEY|PROVIDER)")
_SCHEMES: Final = {"valkey": "redis", "valkeys": "rediss"}
_ACCOUNT_FIELDS = ("provider", "url", "key", "key_env")


def setting(
    default: Any, help: str, *, secret: bool = False, least: float | None = None, most: float | None = None
) -> Any:
    """A dataclass field with what `speeko config` tells of it, and the bounds of a number."""
    return field(default=default, metadata={"help": help, "secret": secret, "least": least, "most": most})


@dataclass(frozen=True, slots=True)
class Account:
    """One key of one speech API. The name is its identity, so that a new key keeps limits and history."""

    name: str
    provider: str
    url: str = ""  # "": the provider's default
    key: str = field(default="", repr=False)


@dataclass(frozen=True)
class Settings:
    """All settings, resolved. Money is in USD here only as text; times are in seconds."""

    home: str = setting("", "folder for the embedded servers and the audio store")
    database_url: str = setting("", "Postgres URL; empty: the embedded server", secret=True)
    redis_url: str = setting("", "Redis URL; empty: the embedded server", secret=True)
    broker_url: str = setting(
        "", "broker of the workers: amqp:// (RabbitMQ) or another Redis; empty: redis_url", secret=True
    )
    store: str = setting("", "URL of the audio store; empty: <home>/audio")
    output: str = setting(
        "speeko-output", "folder, ZIP file (out.zip) or URL to which audio files are delivered"
    )

    provider: str = setting("espeak", "speech provider: espeak, speeko, openai, kokoro-fastapi, speaches")
    api_url: str = setting("", "base URL of the speech API")
    api_key: str = setting("", "key of the speech API", secret=True)
    account: str = setting(
        "", "accounts that the job may use, separated by commas; empty: the provider's own account (api_url)"
    )
    accounts: str = setting(
        "",
        "further accounts, as JSON: name to provider, url, key; better: SPEEKO_ACCOUNT_<NAME>_KEY",
        secret=True,
    )
    model: str = setting("", "model; empty: the provider's default")
    voice: str = setting("", "voice; empty: the provider's default")
    language: str = setting("", "language (BCP 47); empty: the voice's own")
    format: str = setting("mp3", "audio format: mp3, wav, flac, ogg, opus")
    speed: float = setting(1.0, "speed of speech; 1.0: the voice's normal speed", least=0.1, most=10)
    reuse: str = setting(
        "lossless", "reuse of audio that was bought in another format: lossless, lossy or none"
    )
    keep_text_rules: int = setting(
        0, "plan with an earlier version of the text rules; 0: this release's own", least=0, most=10000
    )
    price_per_million: str = setting(
        "", "price in USD per million characters instead of the list price; by date: 15, 12 from 2027-01-01"
    )

    max_concurrency: int = setting(100, "maximum concurrent calls, across all workers", least=1, most=100000)
    calls_per_minute: int = setting(
        0, "maximum calls per minute, across all workers; 0: no limit", least=0, most=1000000000
    )
    chars_per_minute: int = setting(
        0, "maximum characters per minute, across all workers; 0: no limit", least=0, most=1000000000000
    )
    request_timeout_seconds: float = setting(
        60.0, "timeout of one call in seconds, from connect to last byte", least=1, most=3600
    )
    max_audio_mb: int = setting(64, "maximum size in megabytes of the audio of one call", least=1, most=10000)
    workers: int = setting(
        0, "synthesis processes that a worker starts; 0: one per core, at most 4", least=0, most=256
    )
    chunk_rows: int = setting(1000, "maximum rows per chunk", least=1, most=100000)
    window: int = setting(64, "maximum chunks of a job in the broker at a time", least=1, most=10000)
    give_up_after: float = setting(
        30.0,
        "minutes with only failed calls after which a job pauses until the provider answers again",
        least=0.01,
        most=100000,
    )
    probe_seconds: float = setting(
        300.0, "seconds between attempts to reach a provider that is down", least=1, most=86400
    )
    work_seconds: float = setting(
        45.0, "maximum time in seconds for which one task accepts new work", least=1, most=200
    )
    lease_seconds: float = setting(
        30.0, "seconds without a heartbeat after which a worker counts as lost", least=3, most=3600
    )
    redis_audio_budget: int = setting(
        256, "maximum megabytes of audio in Redis; 0: none", least=0, most=1000000
    )
    store_budget_gb: float = setting(
        0.0, "maximum gigabytes in the audio store; 0: no limit", least=0, most=1000000000
    )
    tenant: str = setting("default", "tenant to charge")
    keep_jobs_days: int = setting(
        0, "days after which rows of finished jobs are pruned; 0: never", least=0, most=36500
    )
    webhook: str = setting("", "URL that receives an event when the job ends or pauses")
    webhook_secret: str = setting("", "secret with which webhook events are signed", secret=True)
    allow_private_webhooks: int = setting(
        0, "1: allow private addresses for webhooks (set it for the workers)", least=0, most=1
    )
    linger_seconds: float = setting(
        300.0,
        "seconds that embedded servers and idle workers stay after the last command; 0: none (in CI, too)",
        least=0,
        most=86400,
    )
    log_level: str = setting("WARNING", "DEBUG, INFO, WARNING or ERROR")
    log_format: str = setting("text", "format of log lines: text or json")
    logs: str = setting("files", "where workers log: files (in <home>/logs) or stderr")

    def __post_init__(self) -> None:
        """Write Valkey's schemes as Redis' own, which every client knows."""
        for name in ("redis_url", "broker_url"):
            scheme, mark, rest = str(getattr(self, name)).partition("://")
            if mark and (known := _SCHEMES.get(scheme.lower(), scheme.lower())) != scheme:
                object.__setattr__(self, name, f"{known}://{rest}")

    @property
    def embedded_database(self) -> bool:
        return not self.database_url

    @property
    def embedded_redis(self) -> bool:
        return not self.redis_url

    @functools.cached_property
    def named_accounts(self) -> Mapping[str, Account]:
        """The further accounts by name. Raises ConfigError for what is no account."""
        return {name: _account(name, given, {}) for name, given in _table(self.accounts).items()}

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
class SettingOrigin:
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
) -> list[SettingOrigin]:
    """Every setting with its value in force and where it came from, in the order of the class."""
    flags = flags or {}
    environ = os.environ if environ is None else environ
    path, table = _read_file(environ, file)
    known = {f.name: f for f in dataclasses.fields(Settings)}
    further, further_source = _further_accounts(environ, table, str(path))
    for name in table:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            meant = f" (did you mean {near[0]}?)" if near else ""
            raise ConfigError(f"{path}: there is no setting {name!r}{meant}: `speeko config` lists them")
    out = []
    for name, f in known.items():
        value, source = f.default, "default"
        if flags.get(name) is not None:
            value, source = flags[name], "flag"
        elif name == ACCOUNTS and further:
            value, source = further, further_source
        elif variable := next((v for v in _variables(name) if environ.get(v)), ""):
            value, source = environ[variable], variable
        elif name in table:
            value, source = table[name], str(path)
        elif name == LINGER and environ.get("CI", "").lower() in ("1", "true"):
            value, source = 0.0, "CI"  # a build machine keeps no process after the last command
        out.append(
            SettingOrigin(name, _parse(f, value, source), source, f.metadata["secret"], f.metadata["help"])
        )
    return out


def _variables(name: str) -> tuple[str, ...]:
    """Return the variables that set a setting; the first that is set wins."""
    return (f"SPEEKO_{name.upper()}", *(("SPEEKO_LINGER",) if name == LINGER else ()))


def _read_file(
    environ: Mapping[str, str], file: str | os.PathLike[str] | None
) -> tuple[Path, dict[str, Any]]:
    asked = file or environ.get("SPEEKO_CONFIG")
    path = Path(asked or FILE_NAME)
    if not path.is_file():
        if asked:
            raise ConfigError(f"{path}: {'a folder, not a' if path.is_dir() else 'no such'} settings file")
        return path, {}
    try:
        return path, tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        what = "cannot be read" if isinstance(error, OSError) else "not valid TOML"
        raise ConfigError(f"{path}: {what}: {error}") from None


def _parse(f: dataclasses.Field[Any], value: Any, source: str) -> Any:
    kind: Any = type(f.default)
    try:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise ValueError
        if kind is int and isinstance(value, float) and not value.is_integer():
            raise ValueError
        parsed = kind(value)
    except ValueError:
        word = {int: "a whole number", float: "a number", str: "a text"}[kind]
        shown = "that value" if f.metadata["secret"] else repr(value)
        raise ConfigError(f"{source}: {f.name} takes {word}, not {shown[:100]}") from None
    if kind is str and f.name != "home" and parsed.encode("utf-8", "ignore").decode() != parsed:
        raise ConfigError(f"{source}: {f.name} is not UTF-8: write it in UTF-8")
    least, most = f.metadata["least"], f.metadata["most"]
    if least is not None and not least <= parsed <= most:
        raise ConfigError(f"{source}: {f.name} takes {least:g} to {most:g}, not {parsed:g}")
    return parsed


def key_variable(account: str) -> str:
    """Return the variable that sets the key of a further account."""
    return f"{_account_prefix(account)}_KEY"


def url_variable(account: str) -> str:
    """Return the variable that sets the URL of a further account."""
    return f"{_account_prefix(account)}_URL"


def _account_prefix(account: str) -> str:
    return "SPEEKO_ACCOUNT_" + re.sub(r"[^A-Z0-9]", "_", account.upper())


def _further_accounts(environ: Mapping[str, str], table: Mapping[str, Any], path: str) -> tuple[str, str]:
    """Return the accounts of file and environment as JSON, and where they came from; "" where there are none.

    Keys are resolved here: what a `key_env` names may not be in a worker's environment.
    """
    variable = environ.get("SPEEKO_ACCOUNTS", "")
    given, source = (variable, "SPEEKO_ACCOUNTS") if variable else (table.get(ACCOUNTS), path)
    fields, variables = _fields(_table(given), environ)
    provider = environ.get("SPEEKO_PROVIDER") or table.get("provider") or ""
    found = [_account(name, one, environ, str(provider)) for name, one in fields.items()]
    plain = {a.name: {"provider": a.provider, "url": a.url, "key": a.key} for a in found}
    sources = [source] * bool(given) + variables
    return (json.dumps(plain), ", ".join(sources)) if plain else ("", "default")


def _table(given: Any) -> Mapping[str, Any]:
    """Return the table of accounts, of TOML or JSON. Raises ConfigError for anything else."""
    try:
        table = json.loads(given) if isinstance(given, str) and given else given or {}
    except ValueError:
        table = None
    if isinstance(table, Mapping) and all(isinstance(one, Mapping) for one in table.values()):
        return table
    raise ConfigError("accounts: takes a table for each account: [accounts.NAME] with provider, url, key_env")


def _fields(
    table: Mapping[str, Any], environ: Mapping[str, str]
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Return the fields of each account by name, and the variables among them, which win over the table."""
    fields: dict[str, dict[str, Any]] = {name: dict(one) for name, one in table.items()}
    prefixes = {_account_prefix(name): name for name in fields}
    variables = []
    for variable, value in sorted(environ.items()):
        if value and (said := _ACCOUNT_VARIABLE.fullmatch(variable)):
            name = prefixes.get(f"SPEEKO_ACCOUNT_{said[1]}", said[1].lower())
            fields.setdefault(name, {})[said[2].lower()] = value
            variables.append(variable)
    return fields, variables


def _account(name: str, given: Mapping[str, Any], environ: Mapping[str, str], provider: str = "") -> Account:
    if not _ACCOUNT_NAME.fullmatch(name):
        raise ConfigError(f"accounts: {name!r} is no name: lower-case letters, digits, - _ and .")
    for key, value in given.items():
        if key not in _ACCOUNT_FIELDS:
            raise ConfigError(f"accounts.{name}: there is no {key!r}: {', '.join(_ACCOUNT_FIELDS)}")
        if not isinstance(value, str):
            raise ConfigError(f"accounts.{name}.{key} takes a text")
    key, variable = given.get("key", ""), given.get("key_env", "")
    if variable and not key and not (key := environ.get(variable, "")):
        raise ConfigError(f"accounts.{name}: the variable {variable!r} of key_env is not set")
    provider = given.get("provider") or provider
    if provider in ("", "espeak"):
        raise ConfigError(f"accounts.{name}: needs a provider that has keys: speeko, openai, ...")
    return Account(name, provider, given.get("url", ""), key)
