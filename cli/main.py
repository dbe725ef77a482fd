"""Define the entry point: list the commands, run one, return its exit code. Imports nothing heavy."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from speeko_cli.options.shared import everywhere
from speeko_cli.options.verb_group import VerbGroup
from speeko_cli.runtime import error_reporting
from speeko_cli.runtime.invocation import Invocation
from speeko_jobs import system_resources
from speeko_jobs.errors import UsageError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# command: (module, short help), in the order of the help; a test compares them with the modules
VERBS: dict[str, dict[str, tuple[str, str]]] = {
    "Synthesize": {
        "run": ("run", "Synthesize a catalog, starting servers and workers as needed."),
        "say": ("say", "Synthesize one text; play it while it arrives."),
        "submit": ("submit", "Submit a catalog to workers that run elsewhere."),
        "estimate": ("estimate", "Show the exact cost of a catalog without starting anything."),
        "diff": ("diff", "Show what a run would add, change and remove, and why."),
        "explain": ("explain", "Show how one row is synthesized, step by step, and its cost."),
    },
    "Jobs": {
        "status": ("status", "Show a job, by default the newest."),
        "jobs": ("jobs", "List the newest jobs."),
        "top": ("top", "Show jobs, costs, limits and workers live in the terminal."),
        "watch": ("watch", "Show a job's progress until it ends."),
        "wait": ("wait", "Wait for a job to end."),
        "results": ("results", "Print the finished rows of a job as JSON lines."),
        "pause": ("pause", "Pause a job after the calls in flight."),
        "resume": ("resume", "Resume a paused job, starting workers if none run."),
        "retry": ("retry", "Retry the failed rows of a job, starting workers if none run."),
        "cancel": ("cancel", "Cancel a job; purchased audio is kept."),
        "schedule": ("schedule", "Run catalogs on a schedule, such as each night."),
    },
    "Costs and limits": {
        "budget": ("budget", "Limit what a tenant's jobs may cost per day and per month."),
        "costs": ("costs", "Show spent, saved and wasted money by voice, day, job or tenant."),
        "rebuy": ("rebuy", "Buy texts again whose audio is wrong, after showing the price."),
        "cache": ("cache", "Inspect, fill, verify and shrink the audio cache."),
        "limits": ("limits", "Show the concurrency limit of each API key and its users."),
    },
    "Servers and workers": {
        "up": ("up", "Run servers, workers and beat until Ctrl-C."),
        "down": ("down", "End embedded servers and idle workers now."),
        "worker": ("worker", "Run workers until Ctrl-C."),
        "workers": ("workers", "List the running workers, with version and accounts."),
        "beat": ("beat", "Run Celery's beat until Ctrl-C."),
        "dashboard": ("dashboard", "Show jobs, costs, cache, schedules and workers in the browser."),
        "flower": ("flower", "Run Flower, Celery's dashboard, until Ctrl-C."),
        "metrics": ("metrics", "Serve Prometheus metrics until Ctrl-C."),
        "db": ("db", "Manage the database schema."),
    },
    "Setup": {
        "doctor": ("doctor", "Check everything that a job needs."),
        "voices": ("voices", "List the provider's voices."),
        "config": ("config", "Show all settings and the source of each."),
        "completion": ("completion", "Print the completion script for a shell: bash, zsh or fish."),
    },
}


class Lazy(VerbGroup):
    """A group that knows the names and short help of its commands, and imports only the one called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return [name for verbs in VERBS.values() for name in verbs]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        found = next((verbs[cmd_name] for verbs in VERBS.values() if cmd_name in verbs), None)
        if found is None:
            return None
        command = importlib.import_module(f"speeko_cli.commands.{found[0]}").command
        assert isinstance(command, click.Command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the names of commands from the table, without importing each command."""
        from click.shell_completion import CompletionItem

        return [
            CompletionItem(name, help=help)
            for verbs in VERBS.values()
            for name, (_, help) in verbs.items()
            if name.startswith(incomplete)
        ] or click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        for section, verbs in VERBS.items():
            with formatter.section(section):
                formatter.write_dl([(name, help) for name, (_, help) in verbs.items()])


@click.group("speeko", cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@everywhere
def speeko() -> None:
    """Synthesize a catalog: one audio file per row, no character paid for twice.

    Start with `speeko run catalog.csv`. `speeko COMMAND --help` lists a command's options. Options take
    precedence over SPEEKO_* variables, these over speeko.toml, and that over defaults; `speeko config` shows
    all settings.
    """


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; report each failure in one line."""
    call = Invocation()
    call.json = "--json" in arguments  # for errors of parsing
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
    """Raise UsageError for an argument that is not UTF-8, unless it names a file."""
    try:
        word.encode()
    except UnicodeEncodeError:
        if not Path(word.partition("=")[2] or word).exists():
            raise UsageError(f"{word!r} is not UTF-8: use UTF-8 for all arguments") from None


def main() -> NoReturn:
    """Run the console script."""
    system_resources.open_missing_streams()
    system_resources.raise_open_files()
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
