"""The entry point: which verbs there are, and how a call ends. Imports nothing heavy."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from speeko_cli.options.shared import everywhere
from speeko_cli.runtime import error_reporting
from speeko_cli.runtime.invocation import Invocation
from speeko_jobs import system_resources
from speeko_jobs.errors import UsageError

# verb: (module, short help), as the help lists them; a test holds them to the modules' own words
VERBS: dict[str, dict[str, tuple[str, str]]] = {
    "Speak a catalog": {
        "run": ("run", "Synthesize a catalog, starting servers and workers as needed."),
        "say": ("say", "Speak one text, and play it while it arrives."),
        "submit": ("submit", "Submit a catalog to workers that run elsewhere."),
        "estimate": ("estimate", "Show what a catalog would cost, exactly; nothing is started."),
        "diff": ("diff", "Show what a run would add, change and remove, and why."),
        "explain": ("explain", "Show how one row is spoken, step by step, and what it would cost."),
    },
    "Jobs": {
        "status": ("status", "Show one job, or the newest."),
        "jobs": ("jobs", "List the newest jobs."),
        "top": ("top", "Watch jobs, spending, limits and workers at the terminal."),
        "watch": ("watch", "Show a job's progress until it ends."),
        "wait": ("wait", "Wait for a job to end."),
        "results": ("results", "Print a job's rows as JSON lines, also while it runs."),
        "pause": ("pause", "Stop a job after the calls in flight; `resume` goes on."),
        "resume": ("resume", "Let a paused job go on, with workers if none run."),
        "retry": ("retry", "Try the failed rows of a job again, with workers if none run."),
        "cancel": ("cancel", "End a job; audio that was bought is kept."),
        "schedule": ("schedule", "Have catalogs spoken by the clock, each night or whenever."),
    },
    "Money and limits": {
        "budget": ("budget", "Cap what a tenant's jobs may cost a day and a month."),
        "costs": ("costs", "Show what was spent, saved and wasted, by voice, day, job or tenant."),
        "rebuy": ("rebuy", "Buy texts again whose audio is wrong; the price comes first."),
        "cache": ("cache", "Look at the audio that is kept, make room, and check it."),
        "limits": ("limits", "Show the limit of calls of each API key, and who uses it."),
    },
    "Servers and workers": {
        "up": ("up", "Run servers, workers and beat until Ctrl-C."),
        "worker": ("worker", "Run workers until Ctrl-C."),
        "workers": ("workers", "List the workers that run, with version and accounts."),
        "beat": ("beat", "Run Celery's beat until Ctrl-C."),
        "dashboard": ("dashboard", "Show jobs, costs, cache, schedules and workers in the browser."),
        "flower": ("flower", "Run Flower, Celery's dashboard, until Ctrl-C."),
        "metrics": ("metrics", "Serve figures for Prometheus until Ctrl-C."),
        "db": ("db", "Look after the database's schema."),
    },
    "Setup": {
        "doctor": ("doctor", "Check everything that a job needs."),
        "voices": ("voices", "List the provider's voices."),
        "config": ("config", "Show all settings and where each came from."),
    },
}


class Lazy(click.Group):
    """A group that knows its verbs' names and short help, and imports the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return [name for verbs in VERBS.values() for name in verbs]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        found = next((verbs[cmd_name] for verbs in VERBS.values() if cmd_name in verbs), None)
        if found is None:
            return None
        command = importlib.import_module(f"speeko_cli.commands.{found[0]}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.list_commands(ctx) and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], self.list_commands(ctx), 1)
            meant = f" (did you mean {near[0]}?)" if near else ""
            raise click.UsageError(f"there is no verb {args[0]!r}{meant}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        for section, verbs in VERBS.items():
            with formatter.section(section):
                formatter.write_dl([(name, help) for name, (_, help) in verbs.items()])


@click.group("speeko", cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@everywhere
def speeko() -> None:
    """Speak a catalog: one audio file a row, no character paid for twice.

    `speeko run catalog.csv` is all it takes. `speeko VERB --help` tells a verb's options. Options win over
    SPEEKO_* variables, these over speeko.toml, and that over defaults: `speeko config` shows all.
    """


def run(arguments: Sequence[str]) -> int:
    """Run one call and answer its exit code; whatever happens is told in one line."""
    call = Invocation()
    call.json = "--json" in arguments  # errors of parsing are told in JSON, too
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        for word in arguments:
            _check_readable(word)
        code: Any = speeko.main(list(arguments), prog_name="speeko", standalone_mode=False, obj=call)
        sys.stdout.flush()
    except BaseException as error:
        return error_reporting.code_of(error, call)
    return code if isinstance(code, int) else error_reporting.OK


def _check_readable(word: str) -> None:
    """No database takes what is not text. A file may have such a name."""
    try:
        word.encode()
    except UnicodeEncodeError:
        if not Path(word.partition("=")[2] or word).exists():
            raise UsageError(f"{word!r} is not UTF-8: give names and words in UTF-8") from None


def main() -> NoReturn:
    """The console script."""
    system_resources.raise_open_files()
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
