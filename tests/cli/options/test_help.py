"""The help: quick to come, and the same options with the same meaning everywhere."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest

from speeko_cli.main import VERBS, speeko

HEAVY = (
    "aiohttp", "alembic", "celery", "jinja2", "kombu", "numpy", "obstore", "psycopg", "redis", "requests",
    "rich", "soundfile", "sqlalchemy", "tornado", "uvloop", "speeko_jobs.runtime", "speeko_workers",
)  # fmt: skip
NAMES = [name for verbs in VERBS.values() for name in verbs]


def command_of(name: str) -> click.Command:
    found = speeko.get_command(click.Context(speeko), name)
    assert found is not None
    return found


def leaves() -> list[click.Command]:
    found = [command_of(name) for name in NAMES]
    inner = [
        sub for command in found if isinstance(command, click.Group) for sub in command.commands.values()
    ]
    return [command for command in found if not isinstance(command, click.Group)] + inner


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["run", "--help"], ["config", "--help"]])
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys; from speeko_cli.main import run; "
        f"code = run({words!r}); "
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert done.stderr.strip() == "[]"
    assert done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_the_table_of_verbs_tells_what_the_modules_tell(name: str) -> None:
    told = next(verbs[name][1] for verbs in VERBS.values() if name in verbs)
    command = command_of(name)
    assert command.name == name
    assert (command.help or "").splitlines()[0] == told


def test_every_verb_takes_the_options_that_are_everywhere() -> None:
    for command in leaves():
        names = {name for param in command.params for name in param.opts}
        assert {"--json", "--config", "--home", "--verbose", "--version"} <= names, command.name


def test_an_option_means_the_same_everywhere() -> None:
    seen: dict[str, tuple[Any, ...]] = {}
    for command in leaves():
        for param in command.params:
            if isinstance(param, click.Option):
                assert param.help, (command.name, param.name)
                said = (param.opts, param.help, param.default, param.type.name)
                assert seen.setdefault(str(param.name), said) == said, (command.name, param.name)


def test_the_help_of_run_has_sections_and_defaults(here: Any) -> None:
    code, out, err = here("run", "--help")
    assert (code, err) == (0, "")
    places = [
        out.index(f"\n{section}:\n") for section in ("Reading", "Speech", "Delivery", "Work", "Everywhere")
    ]
    assert places == sorted(places)
    assert "[default: mp3]" in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 80


def test_global_options_go_before_and_behind_the_verb(here: Any, tmp_path: Any) -> None:
    (tmp_path / "my.toml").write_text('voice = "nova"\n')
    for words in (("--config", "my.toml", "config", "--json"), ("config", "--json", "--config", "my.toml")):
        code, out, _ = here(*words)
        assert code == 0
        assert '"nova"' in out


def test_the_version(here: Any) -> None:
    from speeko_jobs import __version__

    for words in (["--version"], ["jobs", "--version"]):
        assert here(*words)[:2] == (0, f"speeko {__version__}\n")


def test_the_version_is_the_same_wherever_it_is_named() -> None:
    from speeko_jobs import __version__

    root = Path(__file__).parents[3]
    named = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert named == __version__
    heads = re.findall(r"^## (.+)$", (root / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert heads[0] == "[Unreleased]" if ".dev" in named else heads[0].startswith(f"[{named}] - ")


@pytest.mark.parametrize("words", [[], ["db"], ["budget"]])
def test_without_a_verb_the_help_is_shown(here: Any, words: list[str]) -> None:
    code, out, err = here(*words)
    assert (code, err) == (2, "")
    assert out.startswith("Usage: speeko")
    assert len(out.splitlines()) > 5
