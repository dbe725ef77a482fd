"""File names of a catalog: collisions and the user's rules, free suffixes, and names that it lacks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from speeko_jobs.flow.planning.duplicate_ids import FileNameRegistry

NAMES = ["a.mp3", "b.mp3", "A.mp3", "c.mp3", "a.mp3"]  # rows 1 to 5; some file systems know no case


@pytest.fixture
def names() -> Iterator[FileNameRegistry]:
    registry = FileNameRegistry()
    registry.add(NAMES, range(1, 6))
    yield registry
    registry.close()


@pytest.mark.parametrize(
    ("rule", "skipped", "suffixes"),
    [
        ("error", set(), {}),
        ("first", {3, 5}, {}),
        ("last", {1, 3}, {}),
        ("suffix", set(), {3: 2, 5: 3}),
    ],
)
def test_rules_for_names_that_repeat(
    names: FileNameRegistry, rule: str, skipped: set[int], suffixes: dict[int, int]
) -> None:
    found = names.collisions(rule)
    assert (found.count, found.first) == (1, [[1, 3, 5]])
    assert (found.skipped, found.suffixes) == (skipped, suffixes)


def test_names_that_differ_do_not_collide() -> None:
    registry = FileNameRegistry()
    registry.add(["a.mp3", "b.mp3"], [1, 2])
    found = registry.collisions("error")
    assert (found.count, found.first, found.skipped) == (0, [], set())
    registry.close()


def test_the_first_collisions_are_shown_by_their_rows() -> None:
    registry = FileNameRegistry()
    for first in range(1, 9, 2):
        registry.add([f"{first}.mp3"] * 2, [first, first + 1])
    found = registry.collisions("error")
    assert (found.count, found.first) == (4, [[1, 2], [3, 4], [5, 6]])
    registry.close()


def test_a_composed_and_a_decomposed_accent_are_one_name() -> None:
    registry = FileNameRegistry()
    registry.add(["caf\u00e9.mp3", "cafe\u0301.mp3"], [1, 2])
    assert registry.collisions("first").skipped == {2}
    registry.close()


def test_a_suffix_that_is_taken_counts_on() -> None:
    registry = FileNameRegistry()
    registry.add(["a.mp3", "a-2.mp3", "a.mp3", "a.mp3"], range(1, 5))
    found = registry.collisions("suffix")
    assert found.suffixes == {3: 2, 4: 3}
    named = registry.renamed({3: "a.mp3", 4: "a.mp3"}, found.suffixes)
    assert sorted(named.values()) == ["a-3.mp3", "a-4.mp3"]
    registry.close()


def test_new_names_of_two_groups_do_not_meet() -> None:
    registry = FileNameRegistry()
    registry.add(["x.mp3", "x.mp3", "x-2.mp3", "x-2.mp3"], range(1, 5))
    named = registry.renamed({2: "x.mp3", 4: "x-2.mp3"}, registry.collisions("suffix").suffixes)
    taken = [*named.values(), "x.mp3", "x-2.mp3"]
    assert len(set(taken)) == len(taken) == 4
    registry.close()


def test_held_names_that_the_catalog_lacks(names: FileNameRegistry) -> None:
    names.add_held(100, ["B.mp3", "gone.mp3", "c.mp3", "lost.mp3"])
    assert sorted(names.held_only()) == [101, 103]
