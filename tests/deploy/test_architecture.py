"""ARCHITECTURE.md has the packages, transitions and tables of the code; errors.py draws all errors."""

from __future__ import annotations

import ast
import re
from enum import StrEnum
from pathlib import Path

import pytest

from speeko_jobs import errors
from speeko_jobs.adapters.postgres.schema import metadata
from speeko_jobs.core.model.states import TRANSITIONS, AttemptState, ChunkState, JobState, UtteranceState

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "speeko_jobs" / "ARCHITECTURE.md").read_text("utf-8")
FOLDERS = ("speeko_jobs", "workers", "cli")
DRAWN: dict[str, type[StrEnum]] = {
    "Job": JobState,
    "Chunk": ChunkState,
    "Utterance": UtteranceState,
    "Attempt": AttemptState,
}
# what a newcomer searches for
WORDS = """
    dedupe, idempotency key, atomic, rate limit, backoff, jitter, outbox, invariant, SSRF, CSRF, dead letter,
    lease, fencing token, back-pressure, circuit breaker, coalescing, spool, permit, claim, attempt
"""


def _section(title: str) -> str:
    found = re.search(rf"^(##+) {title}\n(.*?)(?=^##|\Z)", PAGE, re.M | re.S)
    assert found is not None, f"no section {title}"
    return found.group(2)


def _first_cells(section: str) -> list[str]:
    rows = [line.split(" | ")[0].strip("| ") for line in section.splitlines() if line.startswith("|")]
    return rows[2:]


def test_the_map_has_every_package() -> None:
    packages = {
        str(path.parent.relative_to(ROOT)) for top in FOLDERS for path in (ROOT / top).rglob("__init__.py")
    }
    assert sorted(cell.strip("`") for cell in _first_cells(_section("The map"))) == sorted(packages)


@pytest.mark.parametrize("kind", DRAWN)
def test_a_drawing_has_the_transitions_of_the_core(kind: str) -> None:
    arrows = re.findall(r"^    (\S+) --> ([\w*\[\]]+)", _section(kind), re.M)
    states = DRAWN[kind]
    drawn = {(states(a), states(b)) for a, b in arrows if "[*]" not in (a, b)}
    allowed = {(a, b) for a, after in TRANSITIONS[states].items() for b in after}
    assert drawn == allowed
    last = {a for a, b in arrows if b == "[*]"}
    assert last >= {state for state in states if not TRANSITIONS[states].get(state)}


def test_every_table_is_explained() -> None:
    named = [name for cell in _first_cells(_section("Tables")) for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(named) == sorted(table.name for table in metadata.sorted_tables)


def test_the_glossary_has_each_term_once_and_what_newcomers_search_for() -> None:
    terms = [re.sub(r" \(`.*", "", cell) for cell in _first_cells(_section("Glossary"))]
    single = [term for cell in terms for term in cell.split(", ")]
    assert len(single) == len(set(single))
    assert terms == sorted(terms, key=str.casefold)
    assert {word.strip() for word in WORDS.split(",")} <= set(single)


def _tree() -> dict[str, str]:
    """Return each error with its parent, as the module's head draws them."""
    found: dict[str, str] = {}
    above: list[str] = []
    for mark, name in re.findall(r"^    ((?:[│├└─ ])*)([A-Z]\w+)", errors.__doc__ or "", re.M):
        depth = len(mark) // 4
        del above[depth:]
        found[name] = above[-1] if above else ""
        above.append(name)
    return found


def test_the_tree_of_errors_has_all_of_them() -> None:
    bases: dict[str, str] = {}
    for top in FOLDERS:
        for path in (ROOT / top).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.ClassDef) and len(node.bases) == 1:
                    bases[node.name] = ast.unparse(node.bases[0]).rpartition(".")[2]
    found = {"SpeekoError": ""}
    while more := {name: base for name, base in bases.items() if base in found and name not in found}:
        found.update(more)
    assert _tree() == found
