"""Summaries and plans for people."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from speeko_cli.output.job_summary import again, print_plan, print_summary
from speeko_jobs.core.job.job_spec import JobSpec, checked
from speeko_jobs.core.job.plan_summary import Plan

SPEC = checked(
    JobSpec(
        "espeak", "", "", "", "mp3", 1.0, "15", "/h/audio", "/my out", "{id}.{ext}", 100, reuse="lossless"
    )
)
SUMMARY: dict[str, Any] = {
    "job": 12, "state": "done_with_errors", "reason": "", "rows": 40, "delivered": 30, "unchanged": 3,
    "failed": 1, "refused": 6, "left_out": 0, "skipped": 2, "reused": 7, "chars": 1_834,
    "billed_chars": 1_000, "calls": 25,
    "cost_usd": "0.015000", "list_cost_usd": "0.027510", "saved_usd": "0.012510",
    "sources": {"synthesized": 25, "duplicate": 5, "coalesced": 0, "cache": 0, "unchanged": 3},
    "unknown": {"calls": 1, "usd": "0.000600"}, "audio_seconds": 124.4, "audio_bytes": 1_200_000,
    "seconds": 6.21, "output": "/my out", "changes": {"added": 4, "text": 3}, "removed": 2,
    "routing_saved_usd": "0.001000", "planned_cost_usd": "0.015000", "planned_calls": 25, "progress": 0.825,
    "failures": [{"reason": f"reason {n}\x1b[31m", "rows": 9 - n} for n in range(7)],
}  # fmt: skip


def test_the_summary_tells_what_happened_and_what_it_cost(capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(SUMMARY, SPEC)
    out = capsys.readouterr().out
    plain = " ".join(out.split())
    for told in (
        "job 12 is done, but not every row has audio",
        "rows 40 30 delivered · 3 unchanged · 1 failed · 6 refused · 2 left out",
        "progress 82% 33 of 40 rows with audio",
        "changes 9 4 added · 3 text changed · 2 left the catalog",
        "voices $0.001 less than with the default voice, at list price",
        "audio from 33 25 bought · 5 same text as another row · 3 there already",
        "converted 7 served from audio in another format",
        "calls 25 1,000 of 1,834 characters bought",
        "cost $0.02 of $0.02 planned · $0.01 saved: 45% of $0.03 at list price",
        "possible $0.0006 extra charge: 1 call with unknown outcome",
        "audio 2 min 4 s 1.2 MB",
        "time 6.2 s",
        "9 reason 0\\x1b[31m",
        "/my out/failed.csv",
        "speeko run '/my out/failed.csv' --output '/my out' --price-per-million 15",
    ):
        assert told in plain
    assert "reason 4" in out
    assert "reason 5" not in out
    assert "\x1b" not in out


def test_more_bought_than_served_is_no_part_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    """While a job runs, and where paid answers were thrown away."""
    print_summary({**SUMMARY, "billed_chars": 126_152, "chars": 0}, SPEC)
    assert "calls 25 126,152 characters bought" in " ".join(capsys.readouterr().out.split())


def test_the_command_to_run_again_speaks_as_the_job_did() -> None:
    spec = checked(
        JobSpec(
            "speeko",
            "",
            "kokoro-friendly",
            "de",
            "wav",
            1.5,
            "",
            "/h",
            "s3://b/x",
            "{id}.{ext}",
            9,
            reuse="lossless",
        )
    )
    assert shlex.split(again(spec, "s3://b/x/failed.csv")) == [
        *("speeko", "run", "s3://b/x/failed.csv", "--output", "s3://b/x", "--provider", "speeko"),
        *("--voice", "kokoro-friendly", "--language", "de", "--speed", "1.5", "--format", "wav"),
    ]


def test_a_plan_tells_its_price_its_guesses_and_its_refusals(capsys: pytest.CaptureFixture[str]) -> None:
    plan = Plan(
        rows=10_000, refused=12, unique_texts=4_000, duplicates=5_988, cached=900, in_flight=100,
        to_buy=3_000,
        calls=3_000, chars=500_000, billed_chars=245_310, cost_micros=3_679_650, list_micros=7_500_000,
        in_flight_micros=1_500, notes=["a.csv: guessed"],
        first_refusals=[f"a.csv, row {n}: empty" for n in range(9)],
    )  # fmt: skip
    print_plan(plan, title="a.csv")
    out = capsys.readouterr().out
    plain = " ".join(out.split())
    for told in (
        "rows 10,000 12 refused",
        "unique texts 4,000 5,988 more are duplicates",
        "cached 900 bought before",
        "in flight 100 bought by a running job, for $0.0015",
        "to buy 3,000 3,000 calls, 245,310 of 500,000 characters",
        "cost $3.68 $3.82 saved: 50% of $7.50 at list price",
        "a.csv: guessed",
        "12 rows cannot be spoken: a.csv, row 0: empty",
        "and 7 more",
    ):
        assert told in plain
