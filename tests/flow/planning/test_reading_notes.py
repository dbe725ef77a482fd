"""What the reader decides by itself is told in the plan: row numbers for ids, numbers that stay digits."""

from __future__ import annotations

from tests.fixtures.inprocess import InProcess


def test_rows_without_an_id_are_counted_with_the_risk(flow: InProcess) -> None:
    rows = [("A1", "One."), ("", "Two."), ("3", "Three."), ("  ", "Four."), ("", "")]
    plan = flow.estimate(flow.catalog(rows), id=("id",))
    (note,) = [note for note in plan.notes if "id column" in note]
    assert note.endswith(
        '.csv: 2 rows without a value in the id column "id": their row number is the id, so inserting a row'
        " above renames their files; fill in the column, or choose another with --id"
    )
    rows = [("A1", "One."), ("2", "Two."), ("3", "Three.")]
    assert not [note for note in flow.estimate(flow.catalog(rows), id=("id",)).notes if "id column" in note]


def test_numbers_that_stay_digits_are_told(flow: InProcess) -> None:
    rows = [
        ("a", "Cena 25.", "pl"),
        ("b", "Preis 12 EUR.", "de"),
        ("c", "No number.", "pl"),
        ("d", "7.", "cs"),
    ]
    source = flow.catalog(rows, ("id", "text", "language"))
    plan = flow.estimate(source, {"read_numbers": True}, language_column="language")
    (note,) = [note for note in plan.notes if "has no words" in note]
    assert note.endswith(
        "--read-numbers has no words for the language pl, cs: numbers in 2 rows stay digits (languages with"
        " words: de, en, fr)"
    )
    assert not [note for note in flow.estimate(source, language_column="language").notes if "words" in note]
