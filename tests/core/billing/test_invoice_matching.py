"""A bill beside the ledger: every line and every call is accounted for once."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speeko_jobs.core.billing.invoice_columns import billed, choose
from speeko_jobs.core.billing.invoice_matching import BilledLine, BookedCall, Finding, compare
from speeko_jobs.core.model.states import AttemptState
from speeko_jobs.errors import CatalogError, UsageError

STORED, BAD, UNKNOWN, REFUSED = (
    AttemptState.STORED, AttemptState.BAD, AttemptState.UNKNOWN, AttemptState.REFUSED,
)  # fmt: skip


def lines(*micros: int) -> list[BilledLine]:
    return [BilledLine(number, "k", "", 5, amount) for number, amount in enumerate(micros, 1)]


def calls(*states: AttemptState, micros: int = 75) -> list[BookedCall]:
    return [BookedCall(number, 1, 1, "k", state, "v", 5, micros) for number, state in enumerate(states, 1)]


@pytest.mark.parametrize(
    ("bill", "ledger", "found"),
    [
        ([75], [STORED], {"agreed": 1}),
        ([75], [UNKNOWN, STORED], {"agreed": 1, "unknown_not_billed": 1}),
        ([75, 75], [UNKNOWN, STORED], {"agreed": 1, "unknown_billed": 1}),
        ([75, 75], [BAD, STORED], {"agreed": 2}),
        ([75], [UNKNOWN], {"unknown_billed": 1}),
        ([75], [REFUSED, STORED], {"agreed": 1, "free": 1}),
        ([75], [REFUSED], {"refused_billed": 1}),
        ([75], [], {"only_billed": 1}),
        ([], [STORED], {"only_in_ledger": 1}),
        ([80], [STORED], {"other_amount": 1}),
        ([80, 75], [STORED, UNKNOWN], {"agreed": 1, "other_amount": 1}),
        ([-1], [STORED], {"agreed": 1}),
    ],
)
def test_each_finding(bill: list[int], ledger: list[AttemptState], found: dict[str, int]) -> None:
    assert Counter(f.finding.value for f in compare(lines(*bill), calls(*ledger))) == found


@given(
    st.lists(st.sampled_from([75, 80, -1]), max_size=12),
    st.lists(st.sampled_from(list(AttemptState)), max_size=12),
)
def test_every_line_and_every_call_is_found_once(bill: list[int], ledger: list[AttemptState]) -> None:
    found = list(compare(lines(*bill), calls(*ledger)))
    assert sorted(f.billed.line for f in found if f.billed) == list(range(1, len(bill) + 1))
    assert sorted(f.booked.attempt for f in found if f.booked) == list(range(1, len(ledger) + 1))
    paid = sum(state in (STORED, BAD) for state in ledger)
    only_one_side = {Finding.ONLY_BILLED, Finding.ONLY_IN_LEDGER}
    assert not only_one_side <= {f.finding for f in found}  # never both: they would belong together
    if len(bill) >= paid:
        assert Finding.ONLY_IN_LEDGER not in {f.finding for f in found}


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        (
            ["n", "key", "chars", "micros"],
            ["1", "AB" * 32, "1,000", "75"],
            BilledLine(7, "ab" * 32, "", 1000, 75),
        ),
        (["Idempotency-Key", "Cost (USD)"], ["x", "$0.000075"], BilledLine(7, "x", "", -1, 75)),
        (["Characters", "Amount cents", "Voice"], ["5", "1.5", "v"], BilledLine(7, "", "v", 5, 15_000)),
        (["chars", "cost"], ["", ""], BilledLine(7, "", "", -1, -1)),
        (["chars", "cost"], ["5"], BilledLine(7, "", "", 5, -1)),
    ],
)
def test_columns_are_found_by_their_names(header: list[str], row: list[str], expected: BilledLine) -> None:
    assert billed(choose(header), 7, row) == expected


def test_columns_that_are_not_there_and_cells_that_are_no_numbers() -> None:
    with pytest.raises(CatalogError, match="name them with --key, --chars and --cost"):
        choose(["date", "note"])
    with pytest.raises(UsageError, match="there is no column 'x'"):
        choose(["chars"], key="x")
    columns = choose(["Zeichen", "Preis"], chars="zeichen", cost="Preis")
    for row in (["many", "1"], ["-5", "1"], ["5", "nan"], ["5", "-1"], ["5", "1e999999999"], ["5", "one"]):
        with pytest.raises(ValueError, match="is no"):
            billed(columns, 1, row)
