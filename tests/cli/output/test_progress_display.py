"""The progress of a job: its pace, and lines that fit."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from speeko_cli.output.progress_display import PlainDisplay, lines
from speeko_cli.output.throughput import ETA_COUNT, LONG_COUNT, Throughput, ThroughputGauge
from speeko_jobs.adapters.postgres.jobs import JobProgress
from speeko_jobs.core.model.states import JobState

PLAN = {
    "calls": 2_000, "to_buy": 2_000, "unique_texts": 2_500, "duplicates": 500, "cost_micros": 3_000_000,
    "list_micros": 4_500_000,
}  # fmt: skip
START = JobProgress(JobState.RUNNING, "", 3_000, 0, 0, 0, 0, 0, 0, 0, 0, PLAN, 0, 0.0)


def test_the_time_left_comes_from_the_calls_still_to_buy() -> None:
    gauge = ThroughputGauge()
    assert gauge.take(100.0, START) == Throughput(0.0, 0.0, None)
    gauge.take(101.0, replace(START, calls=50, delivered=60))
    pace = gauge.take(110.0, replace(START, calls=500, delivered=600))
    assert (pace.rows, pace.calls) == (60.0, 50.0)
    assert pace.eta_seconds == pytest.approx(30.0)


def test_no_time_is_told_before_enough_is_known() -> None:
    gauge = ThroughputGauge()
    told = [gauge.take(float(at), replace(START, calls=max(at - 10, 0))).eta_seconds for at in range(60)]
    first = next(at for at, eta in enumerate(told) if eta is not None)
    assert first == 10 + 1 + ETA_COUNT  # workers took 10 s to come up: that is no pace
    assert told[first] == pytest.approx(2_000 - first + 10)
    slow = ThroughputGauge()
    told = [slow.take(float(at), replace(START, calls=at // 20)).eta_seconds for at in range(200)]
    first = next(at for at, eta in enumerate(told) if eta is not None)
    assert first == 20 * (1 + LONG_COUNT)


def test_the_time_left_does_not_jump_when_calls_end_in_batches() -> None:
    gauge = ThroughputGauge()
    told = [gauge.take(at / 4, replace(START, calls=at // 4 // 3 * 30)).eta_seconds for at in range(4 * 120)]
    late = [(at / 4, eta) for at, eta in enumerate(told) if eta is not None and at > 4 * 60]
    for at, eta in late:
        assert eta == pytest.approx(200 - at, abs=20)


def test_the_pace_is_that_of_the_last_seconds() -> None:
    gauge = ThroughputGauge()
    for second in range(100):
        gauge.take(float(second), replace(START, calls=second))
    for second in range(100, 121):
        pace = gauge.take(float(second), replace(START, calls=99 + 10 * (second - 99)))
    assert pace.calls == pytest.approx(10.0)


def test_rows_that_end_a_chunk_at_a_time_have_a_steady_pace() -> None:
    gauge = ThroughputGauge()
    told = [gauge.take(float(at), replace(START, delivered=at // 12 * 240)).rows for at in range(200)]
    assert all(13 <= rows <= 25 for rows in told[40:])
    still = [gauge.take(200.0 + at, replace(START, delivered=199 // 12 * 240)).rows for at in range(120)]
    assert still == sorted(still, reverse=True)
    assert still[-1] == 0.0


def test_without_calls_the_rows_tell() -> None:
    gauge = ThroughputGauge()
    nothing_to_buy = replace(START, plan=PLAN | {"calls": 0})
    gauge.take(0.0, nothing_to_buy)
    gauge.take(1.0, replace(nothing_to_buy, unchanged=100))
    pace = gauge.take(10.0, replace(nothing_to_buy, unchanged=1_000))
    assert pace.eta_seconds == pytest.approx(20.0)
    assert gauge.take(11.0, replace(nothing_to_buy, unchanged=3_000)).eta_seconds == 0.0


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("rows", [3_000, 10_000_000])
def test_the_display_is_four_lines_at_any_width(width: int, rows: int) -> None:
    progress = replace(
        START, rows=rows, delivered=rows // 3, failed=12, calls=rows // 4, in_flight=128,
        spent_micros=rows * 99, possible_micros=77_123, plan=PLAN | {"calls": rows},
    )  # fmt: skip
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=True, color_system=None)
    console.print(lines(console, 123_456, progress, Throughput(1_234.5, 99.9, 7_384.0), {}))
    shown = [line for line in out.getvalue().split("\n") if line.strip()]
    assert len(shown) == 4
    assert all(cell_len(line.rstrip()) <= width for line in shown)
    assert "33%" in shown[0]
    assert "job 123456" in shown[0]


def test_plain_lines_come_every_few_seconds_and_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    plain = PlainDisplay(12)
    for tenth in range(111):
        progress = replace(START, delivered=tenth, spent_micros=tenth)
        plain.show(
            100 + tenth / 10, progress, Throughput(1.0, 1.0, 60.0), {"delivered": tenth, "synthesized": 0}
        )
    plain.close()
    plain.close()
    said = capsys.readouterr()
    assert said.out == ""
    told = said.err.splitlines()
    assert [line.split(" rows with audio, ")[0] for line in told] == [
        "job 12: running, 1%, 50 of 3,000",
        "job 12: running, 3%, 100 of 3,000",
        "job 12: running, 3%, 110 of 3,000",
    ]
    assert "100% cached" in told[0]
    assert "$0.00005 of $3.00 spent" in told[0]
    assert "$1.50 saved as planned" in told[0]
    assert "ETA 1 min" in told[0]
