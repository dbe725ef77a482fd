"""No call is made for a voice that the provider does not have: plans refuse the row, or the job."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import Any

import pytest

from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.core.model.states import FINISHED
from speeko_jobs.core.policies.cron_schedule import CatchUp, RunState, Timing
from speeko_jobs.core.voices.routing import Routing
from speeko_jobs.core.voices.rules import read
from speeko_jobs.errors import UsageError
from speeko_jobs.flow.lifecycle import schedules
from speeko_jobs.flow.planning import voice_availability
from speeko_jobs.flow.planning.scheduled_request import Request
from tests.fixtures.inprocess import InProcess
from tests.flow.synthesis.test_say import speak

ROWS = [("a", "The first article."), ("b", "The second article.")]
RULES = """
[[rule]]
when = {id = "a"}
voice = "kokoro-frendly"
"""
WRONG = "speeko has no voice 'kokoro-frendly': did you mean kokoro-friendly"


@pytest.mark.parametrize("verb", ["estimate", "submit"])
def test_a_job_with_a_voice_that_does_not_exist_is_not_begun(flow: InProcess, verb: str) -> None:
    with pytest.raises(UsageError, match=WRONG) as caught:
        getattr(flow, verb)(flow.catalog(ROWS), {"voice": "kokoro-frendly"})
    assert "\n" not in str(caught.value)
    assert jobs.newest(flow.context.database, 10) == []
    assert flow.provider.calls == 0


def test_one_text_with_a_voice_that_does_not_exist_is_not_said(flow: InProcess) -> None:
    with pytest.raises(UsageError, match=WRONG):
        speak(flow, spec={"voice": "kokoro-frendly"})
    assert flow.provider.calls == 0


def test_rows_with_such_voices_and_languages_are_refused_one_by_one(flow: InProcess) -> None:
    rows = [
        ("a", "The first article.", "kokoro-frendly", ""),
        ("b", "The second article.", "kokoro-friendly", "klingon"),
        ("c", "The third article.", "", "English"),
        ("d", "The fourth article.", "kokoro-frendly", "de"),
    ]
    source = flow.catalog(rows, ("id", "text", "voice", "language"))
    columns = {"voice_column": "voice", "language_column": "language"}
    plan = flow.estimate(source, **columns)
    assert (plan.rows, plan.refused, plan.to_buy) == (4, 3, 1)
    reasons = list(plan.refusals.items())
    assert [count for _, count in reasons] == [2, 1]
    assert WRONG in reasons[0][0]
    assert "speeko does not speak the language 'klingon' (tlh)" in reasons[1][0]
    summary = flow.run(source, **columns)
    assert (summary["delivered"], summary["refused"], summary["calls"]) == (1, 3, 1)
    assert flow.provider.calls == 1
    passed = flow.estimate(source, {"any_voice": True}, **columns)
    assert (passed.refused, passed.to_buy) == (0, 3)  # one is there by now


def test_failed_csv_keeps_the_voice_and_language_that_a_refused_row_asks_for(flow: InProcess) -> None:
    source = flow.folder / "voices.csv"
    rows = [
        "id,text,voice,language",
        "typo,One.,kokoro-frendly,",
        "tongue,Two.,,klingon",
        "empty,---,kokoro-friendly,de",
        "good,Four.,,",
    ]
    source.write_text("\n".join(rows) + "\n")
    columns = {"voice_column": "voice", "language_column": "language"}
    summary = flow.run(str(source), **columns)
    assert (summary["delivered"], summary["refused"]) == (1, 3)
    failed = flow.table("failed.csv")
    assert [(row["id"], row["voice"], row["language"]) for row in failed] == [
        ("typo", "kokoro-frendly", ""),
        ("tongue", "kokoro-professional", "klingon"),
        ("empty", "kokoro-friendly", "de"),
    ]
    # run again as it is, it refuses the same rows: it must not buy them from the job's own voice
    again = flow.folder / "failed-again.csv"
    again.write_bytes((flow.output / "failed.csv").read_bytes())
    assert flow.run(str(again))["refused"] == 3
    assert flow.provider.calls == 1


def test_failed_csv_keeps_how_the_text_of_a_refused_row_is_taken(flow: InProcess) -> None:
    """Run again with a corrected voice it must not be cut into sentences, nor be worded twice."""
    source = flow.folder / "segments.csv"
    rows = [
        "id,text,voice,segments",
        "whole,One. And more.,kokoro-frendly,whole",
        "cut,Two. And more.,kokoro-frendly,sentence",
        "unsaid,Three. And so on.,kokoro-frendly,",
        "odd,Four. And more.,,sometimes",
        "good,Five.,,",
    ]
    source.write_text("\n".join(rows) + "\n")
    spec: dict[str, object] = {"segments": "sentence"}
    assert flow.run(str(source), spec, voice_column="voice")["refused"] == 4

    def taken() -> dict[str, tuple[str, str]]:
        return {row["id"]: (row["segments"], row["as_spoken"]) for row in flow.table("failed.csv")}

    expected = {"whole": ("whole", ""), "cut": ("sentence", ""), "unsaid": ("", ""), "odd": ("sometimes", "")}
    assert taken() == expected
    text = (flow.output / "failed.csv").read_text()
    spoken = text.replace("kokoro-frendly,,whole,,", "kokoro-frendly,,whole,yes,")
    assert spoken != text
    again = flow.folder / "again.csv"
    again.write_text(spoken)
    assert flow.run(str(again), spec)["refused"] == 4
    assert taken() == expected | {"whole": ("whole", "yes")}
    corrected = flow.folder / "corrected.csv"
    corrected.write_text((flow.output / "failed.csv").read_text().replace("frendly", "friendly"))
    before = flow.provider.calls
    assert flow.run(str(corrected), spec)["refused"] == 1
    assert flow.provider.calls - before == 1 + 2 + 2
    assert taken() == {"odd": ("sometimes", "")}


def test_a_rule_of_such_a_voice_stops_the_job(flow: InProcess) -> None:
    routing = Routing((), None, read("rules.toml", RULES))
    with pytest.raises(UsageError, match=f"rule 1: {WRONG}"):
        flow.submit(flow.catalog(ROWS), {"routing": routing})
    assert flow.provider.calls == 0


def test_the_servers_own_voices_are_taken_and_a_server_that_is_away_refuses_nothing(flow: InProcess) -> None:
    flow = flow.again(home=str(flow.folder / "other-home"))
    lists = flow.settings.home_path / "voices"
    flow.estimate(flow.catalog(ROWS))
    assert not lists.exists()  # the profile names the voice: no server is asked
    with pytest.raises(UsageError):
        flow.estimate(flow.catalog(ROWS), {"voice": "cloned-1"})
    (kept,) = lists.iterdir()
    told = json.loads(kept.read_text())
    assert "kokoro-friendly" in told["voices"]
    assert flow.settings.api_key not in kept.read_text() + kept.name
    kept.write_text(json.dumps(told | {"voices": ["cloned-1"]}))
    assert flow.estimate(flow.catalog(ROWS), {"voice": "cloned-1"}).to_buy == len(ROWS)
    away = flow.again(api_url="http://127.0.0.1:9")
    assert away.estimate(away.catalog(ROWS), {"voice": "kokoro-frendly"}).to_buy == len(ROWS)


def test_an_old_list_serves_while_the_server_is_away_and_is_fetched_again_before_it_refuses(
    flow: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError):
        flow.estimate(flow.catalog(ROWS), {"voice": "cloned-1"})
    (kept,) = (flow.settings.home_path / "voices").iterdir()
    kept.write_text(json.dumps(json.loads(kept.read_text()) | {"voices": ["kokoro-frendly"]}))
    written = kept.stat().st_mtime - voice_availability.CERTAIN_SECONDS
    os.utime(kept, (written, written))
    with pytest.raises(UsageError, match=WRONG):
        flow.estimate(flow.catalog(ROWS), {"voice": "kokoro-frendly"})
    assert "kokoro-friendly" in json.loads(kept.read_text())["voices"]


def test_without_a_server_the_profiles_list_decides(flow: InProcess) -> None:
    unset = flow.again(api_url="", api_key="")
    with pytest.raises(UsageError, match=WRONG):
        unset.estimate(unset.catalog(ROWS), {"voice": "kokoro-frendly"})


def test_a_schedule_of_such_a_voice_is_refused_when_it_is_made_and_when_it_fires(flow: InProcess) -> None:
    timing, at = Timing("0 2 * * *", "UTC", CatchUp.LAST), datetime(2026, 5, 4, 12, tzinfo=UTC)
    orders = flow.orders(flow.catalog(ROWS))

    def add(name: str, **spec: Any) -> schedules.Schedule:
        request = Request(flow.spec(**spec), orders)
        return schedules.add(flow.context, name, timing, request, tenant="shop", now=at)

    with pytest.raises(UsageError, match=WRONG):
        add("wrong", voice="kokoro-frendly")
    nightly = add("nightly")
    flow.books.execute(
        """UPDATE speeko.schedule SET orders = jsonb_set(orders, '{spec,voice}', '"kokoro-frendly"')"""
    )
    run = schedules.run_now(flow.context, nightly, now=at)
    assert schedules.fire(flow.context, run.id) is None
    (ended,) = schedules.schedules.history(flow.context.database, nightly.id, 10)
    assert ended.state is RunState.FAILED
    assert WRONG in ended.reason
    assert all(job.state in FINISHED for job in jobs.newest(flow.context.database, 10))
    assert flow.provider.calls == 0
