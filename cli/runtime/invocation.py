"""One call of the command line: what was said for every verb alike, and the settings that follow from it."""

from __future__ import annotations

import dataclasses
import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from speeko_cli.output.console import note
from speeko_cli.runtime.misspelled_variables import misspelled
from speeko_jobs import settings as speeko_settings
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.core.output.web_address import missing_slash
from speeko_jobs.errors import ConfigError
from speeko_jobs.settings import Settings

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


@dataclass
class Invocation:
    """The options that every verb takes. `resolved` are the settings in force, once a verb asked for them."""

    json: bool = False
    config: str | None = None
    home: str | None = None
    verbose: int = 0
    notify: str = ""
    resolved: Settings | None = field(default=None, repr=False)

    def flags(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Those of the options given that are settings."""
        names = {f.name for f in dataclasses.fields(Settings)}
        said = {name: value for name, value in options.items() if name in names and value is not None}
        if self.home is not None:
            said["home"] = self.home
        if self.verbose:
            said["log_level"] = "INFO" if self.verbose == 1 else "DEBUG"
        return said

    def settings(self, options: Mapping[str, Any] | None = None) -> Settings:
        """The settings in force, with places made absolute: workers have another current folder."""
        loaded = speeko_settings.load(self.flags(options or {}), file=self.config)
        if self.resolved is None:
            for line in misspelled(os.environ):
                note(f"speeko: {line}")
        self.resolved = loaded  # for what fails below, too
        loaded = dataclasses.replace(
            loaded,
            home=absolute(loaded.home),
            store=absolute(loaded.store),
            output=absolute(loaded.output),
        )
        if loaded.account:
            from speeko_jobs.core.providers.accounts import with_provider_of_account

            given = {name for name, value in (options or {}).items() if value is not None}
            loaded = with_provider_of_account(
                loaded, provider_is_given="provider" in given, account_is_given="account" in given
            )
        if loaded.log_level.upper() not in LEVELS:
            raise ConfigError(f"log_level is one of {', '.join(LEVELS)}, not {loaded.log_level!r}")
        self.resolved = loaded
        start_logging(loaded.log_level.upper(), _formatter(loaded))
        return loaded


def absolute(place: str) -> str:
    """Return a folder's path from the root on; URLs, and "" for the default, stay as they are.

    Raises ConfigError for a URL that lacks a slash.
    """
    if wrong := missing_slash(place):
        raise ConfigError(wrong)
    return str(Path(place).expanduser().absolute()) if place and "://" not in place else place


class _Stderr(logging.Handler):
    """Writes to what sys.stderr is at that moment: a live display takes its place for a while."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:
            self.handleError(record)


class _OneLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record)) if record.exc_info is None else super().format(record)


def _formatter(settings: Settings) -> logging.Formatter:
    if settings.log_format != "text":
        from speeko_workers import json_logs

        if json_logs.is_json(settings):
            return json_logs.JsonFormatter()
    return _OneLine("speeko: %(message)s")


def start_logging(level: str, formatter: logging.Formatter) -> None:
    """Log to stderr; libraries speak up from WARNING on, ours from `level` on."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, _Stderr):
            root.removeHandler(handler)
    handler = _Stderr()
    handler.setFormatter(formatter)
    root.addHandler(handler)
    for name in ("speeko_jobs", "speeko_workers", "speeko_cli"):
        logging.getLogger(name).setLevel(level)
