"""Build the man page speeko(1) from the help of all commands. The wheel holds it (install_manual.py).

Prints the page to standard output when it is run as a module. Must import nothing but click and what the help
imports, because the build has nothing else.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from collections.abc import Iterator

import click

from speeko_cli.main import VERBS, speeko
from speeko_cli.options.option_builder import COMMON
from speeko_jobs import __version__
from speeko_jobs.settings import Settings

EXIT_CODES = (
    ("0", "success; all rows have audio"),
    ("1", "error, or the job was cancelled"),
    ("2", "wrong usage"),
    ("3", "finished, but some rows have no audio, or a check found differences"),
    ("4", "the job is paused"),
    ("124", "the time of `wait --timeout` is over"),
    ("130", "interrupted"),
)


def page() -> str:
    """Return the man page as roff."""
    root = click.Context(speeko, info_name="speeko")
    return "\n".join([*_head(root), *_commands(root), *_tail(), ""])


def _head(root: click.Context) -> Iterator[str]:
    yield f'.TH SPEEKO 1 "" "speeko {__version__}" "User Commands"'
    yield from (".nh", ".SH NAME", r"speeko \- batch queue for text\-to\-speech")
    yield from (".SH SYNOPSIS", r".B speeko", r"[\fIOPTIONS\fR] \fICOMMAND\fR [\fIARGS\fR]...")
    yield ".SH DESCRIPTION"
    yield from _paragraphs(speeko.help or "")
    yield ".SH OPTIONS"
    yield from ("These options apply to all commands. In addition, all commands except the groups take",)
    yield r"\fB\-\-json\fR: print one JSON document on standard output."
    yield from _options(root, speeko, "")


def _commands(root: click.Context) -> Iterator[str]:
    for section, verbs in VERBS.items():
        yield f".SH {_roff(section.upper())}"
        for name in verbs:
            command = speeko.get_command(root, name)
            assert command is not None
            yield from _command(click.Context(command, info_name=name, parent=root), command)


def _command(ctx: click.Context, command: click.Command) -> Iterator[str]:
    usage = " ".join(command.collect_usage_pieces(ctx))
    yield rf".SS {_roff(ctx.command_path)} {_roff(usage)}"
    yield from _paragraphs(command.help or "")
    yield from _options(ctx, command, COMMON)
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from _command(click.Context(below, info_name=name, parent=ctx), below)


def _options(ctx: click.Context, command: click.Command, left_out: str) -> Iterator[str]:
    """Yield an entry for each option outside the section `left_out`."""
    for param in command.get_params(ctx):
        record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
        if record is None or (left_out and getattr(param, "section", COMMON) == left_out):
            continue
        yield from (".TP", rf".B {_roff(record[0])}", _roff(re.sub(r"\s+", " ", record[1])))


def _tail() -> Iterator[str]:
    yield from (".SH EXIT STATUS",)
    for code, words in EXIT_CODES:
        yield from (".TP", f".B {code}", _roff(words))
    yield from (
        ".SH ENVIRONMENT",
        _roff("SPEEKO_CONFIG names the settings file. Each setting is a variable:"),
    )
    for field in dataclasses.fields(Settings):
        yield from (".TP", rf".B {_roff('SPEEKO_' + field.name.upper())}", _roff(field.metadata["help"]))
    yield from (".SH FILES", ".TP", ".B speeko.toml", "settings of the current folder")
    yield from (".TP", ".B voices.toml", "data on voices of the current folder")


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        yield from (".PP", _roff(" ".join(paragraph.split())))


def _roff(text: str) -> str:
    """Return text that roff prints as it stands: no escape, no request at the beginning of a line."""
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq").replace("`", r"\(ga")
    text = "".join([one if one.isascii() else f"\\[u{ord(one):04X}]" for one in text])
    return rf"\&{text}" if text.startswith(".") else text


if __name__ == "__main__":
    sys.stdout.write(page())
