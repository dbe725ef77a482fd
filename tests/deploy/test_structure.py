"""Sizes that fit a screen or two, one public class a name, and SQL beside the module that runs it."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.compose import DEPLOY

ROOT = DEPLOY.parent
FOLDERS = ("speeko_jobs", "workers", "cli")
MAX_FILE_LINES, MAX_CLASS_LINES, MAX_FUNCTION_LINES = 350, 250, 60
POSTGRES = ROOT / "speeko_jobs" / "adapters" / "postgres"

# what may be longer, and why
EXEMPT = {
    "speeko_jobs/adapters/postgres/schema.py": "one table of the database after the other",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules(*folders: str) -> Iterator[tuple[str, str]]:
    """Yield path and text of the modules; migrations are written once and stay as they are."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), path.read_text("utf-8")


def too_long(path: str, text: str) -> Iterator[tuple[str, int]]:
    """Yield what passes a limit, with its lines."""
    if (lines := text.count("\n")) > MAX_FILE_LINES and not path.startswith("tests/"):
        yield path, lines
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.ClassDef | Function):
            continue
        assert node.end_lineno is not None
        lines = node.end_lineno - node.lineno + 1
        if lines > (MAX_CLASS_LINES if isinstance(node, ast.ClassDef) else MAX_FUNCTION_LINES):
            yield f"{path}: {node.name}", lines


def statements(file: Path) -> list[str]:
    return re.findall(r"^-- (\w+): ", file.read_text("utf-8"), re.M)


def test_nothing_is_longer_than_its_limit() -> None:
    found = {}
    for path, text in modules(*FOLDERS, "tests"):
        if path not in EXEMPT:
            found |= dict(too_long(path, text))
    assert found == {}


def test_every_exemption_is_needed() -> None:
    for path in EXEMPT:
        assert list(too_long(path, (ROOT / path).read_text("utf-8"))), path


def test_no_two_public_classes_share_a_name() -> None:
    places = defaultdict(list)
    for path, text in modules(*FOLDERS):
        for node in ast.parse(text).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(path)
    assert {name: paths for name, paths in places.items() if len(paths) > 1} == {}


@pytest.mark.parametrize("file", sorted((POSTGRES / "sql").glob("*.sql")), ids=lambda file: file.stem)
def test_every_statement_is_run_by_the_module_of_its_files_name(file: Path) -> None:
    module = POSTGRES / f"{file.stem}.py"
    assert module.is_file(), f"{file.name} has no module {module.name}"
    words = {
        node.value
        for node in ast.walk(ast.parse(module.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert statements(file)
    assert [name for name in statements(file) if name not in words] == []


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        ("x = 1\n" * 350, None),
        ("x = 1\n" * 351, "cli/a.py"),
        ("class A:\n" + "    x = 1\n" * 249, None),
        ("class A:\n" + "    x = 1\n" * 250, "cli/a.py: A"),
        ("def f():\n" + "    x = 1\n" * 59, None),
        ("async def f():\n" + "    x = 1\n" * 60, "cli/a.py: f"),
    ],
)
def test_the_limits_are_exact(lines: str, what: str | None) -> None:
    assert [name for name, _ in too_long("cli/a.py", lines)] == ([what] if what else [])
