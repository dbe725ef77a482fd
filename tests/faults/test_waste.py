"""Money in vain: bad audio, no audio, refusals and one audio for all stop a job before they cost much."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from speeko_jobs.adapters.postgres import breaker_windows, jobs
from speeko_jobs.core.audio import probe
from speeko_jobs.core.billing.invoice_matching import ReconciledEntry
from speeko_jobs.core.model.pause_reasons import PauseKind, kind_of
from speeko_jobs.core.model.states import JobState
from speeko_jobs.core.policies import waste_breaker
from speeko_jobs.core.policies.waste_breaker import JUDGED_FROM, REFUSALS, TRIAL_CALLS
from speeko_jobs.core.reporting.next_steps import remedy
from speeko_jobs.flow.lifecycle import control
from speeko_jobs.flow.reporting import reconciliation
from speeko_jobs.flow.synthesis.call_dispatcher import BACKLOG
from tests.fixtures.books import together
from tests.fixtures.inprocess import InProcess, always, opened_in
from tests.fixtures.metered import MeteredProvider

MAX_BAD = JUDGED_FROM + TRIAL_CALLS  # calls of a new account whose answers are all bad


def rows_of(count: int, name: str = "r") -> list[tuple[str, str]]:
    return [(f"{name}{n}", f"This is text {name} {n}, about a plain box.") for n in range(count)]


@pytest.fixture
def flow(tmp_path: Path, migrated_url: str, redis_url: str, strict: MeteredProvider) -> Iterator[InProcess]:
    """The flow in this process, 32 calls at a time, against a provider that bills every call."""
    with opened_in(tmp_path, migrated_url, redis_url, strict, max_concurrency=32) as opened:
        yield opened


# the waste breaker


def test_bad_audio_to_everything_stops_after_ten_answers_and_is_served_when_mended(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog(rows_of(2_000)))
    flow.provider.script([always(garbage="silence")])
    paused = flow.drive(job)
    assert (paused.state, kind_of(paused.reason)) == (JobState.PAUSED, PauseKind.WASTE)
    assert "audio failed validation: " in paused.reason
    assert "e.g. row r" in paused.reason
    assert JUDGED_FROM <= flow.provider.calls <= MAX_BAD
    assert (paused.failed, paused.wasted_micros) == (0, flow.provider.micros)
    flow.check()

    flow.provider.script([])
    control.resume(flow.context, job)
    ended = flow.drive(job)
    assert (ended.state, ended.delivered) == (JobState.DONE, 2_000)
    assert flow.provider.calls <= 2_000 + MAX_BAD
    flow.check()


def test_four_engines_together_buy_no_more(flow: InProcess) -> None:
    engines = [flow.again(chunk_rows=100) for _ in range(4)]
    job, _ = engines[0].submit(flow.catalog(rows_of(400)))
    flow.provider.script([always(garbage="silence")])
    together([lambda e=e, no=no: e.synthesize(job, no) for no, e in enumerate(engines, 1)])  # type: ignore[misc]
    assert jobs.show(flow.context.database, job).state is JobState.PAUSED
    assert flow.provider.calls <= MAX_BAD
    for engine in engines:
        engine.close()


def test_an_account_that_was_good_stops_when_half_of_its_last_answers_are_bad(flow: InProcess) -> None:
    flow.run(flow.catalog(rows_of(100, "good")))
    bought = flow.provider.calls
    flow.provider.script([always(garbage="silence")])
    job, _ = flow.submit(flow.catalog(rows_of(1_000)))
    paused = flow.drive(job)
    assert kind_of(paused.reason) is PauseKind.WASTE
    assert flow.provider.calls - bought <= 25 + BACKLOG  # 25 of 50, and what was not settled


def test_a_chance_fault_now_and_then_stops_nothing(flow: InProcess) -> None:
    flow.provider.script([{"match": f" {n}, ", "garbage": "silence"} for n in range(0, 300, 20)])
    summary = flow.run(flow.catalog(rows_of(300)))
    assert (summary["state"], summary["delivered"]) == ("done", 300)


def test_another_job_of_the_voice_buys_nothing_and_a_later_one_tries_anew(flow: InProcess) -> None:
    flow.provider.script([always(garbage="silence")])
    first = flow.drive(flow.submit(flow.catalog(rows_of(100)))[0])
    calls = flow.provider.calls
    second = flow.drive(flow.submit(flow.catalog(rows_of(100, "s")), {"output": str(flow.folder / "s")})[0])
    assert (second.state, second.reason) == (
        JobState.PAUSED,
        waste_breaker.earlier_reason(first.reason, second.id),
    )
    assert flow.provider.calls == calls

    flow.books.execute("UPDATE speeko.audio_window SET tripped_at = tripped_at - interval '2 minutes'")
    flow.provider.script([])
    third = flow.drive(flow.submit(flow.catalog(rows_of(100, "t")), {"output": str(flow.folder / "t")})[0])
    assert (third.state, third.delivered) == (JobState.DONE, 100)
    control.resume(flow.context, second.id)  # there is nothing to lift, and it goes on
    assert flow.drive(second.id).state is JobState.DONE


def test_jobs_of_a_script_buy_together_no_more_than_one_would(flow: InProcess) -> None:
    """Each is submitted within a minute after the stop; resuming one begins the only new trial."""
    flow.provider.script([always(garbage="silence")])
    jobs_of_script = []
    for n in range(4):
        source = flow.catalog(rows_of(100, f"n{n}"))
        paused = flow.drive(flow.submit(source, {"output": str(flow.folder / f"out-{n}")})[0])
        assert kind_of(paused.reason) is PauseKind.WASTE
        jobs_of_script.append(paused)
    assert flow.provider.calls <= MAX_BAD
    *_, last = jobs_of_script
    assert f"another job met this shortly before job {last.id} was submitted" in last.reason
    assert remedy(last.reason, last.id) == f"check the provider's audio, then: speeko resume {last.id}"
    flow.provider.script([])
    control.resume(flow.context, last.id)
    assert flow.drive(last.id).state is JobState.DONE


def test_a_resumed_job_is_on_trial_again(flow: InProcess) -> None:
    flow.provider.script([always(garbage="silence")])
    job, _ = flow.submit(flow.catalog(rows_of(300)))
    flow.drive(job)
    calls = flow.provider.calls
    control.resume(flow.context, job)
    again = flow.drive(job)
    assert kind_of(again.reason) is PauseKind.WASTE
    assert flow.provider.calls - calls <= MAX_BAD


# the waste cap


@pytest.mark.parametrize("max_waste", ["0.01", "$0.02"])
def test_what_is_wasted_never_passes_the_cap(flow: InProcess, max_waste: str) -> None:
    """A third of the answers is bad: the breaker does not stop that, the cap does."""
    rules = [{"match": f" {n}, ", "times": -1, "garbage": "silence"} for n in range(0, 600, 3)]
    flow.provider.script(rules)
    job, _ = flow.submit(flow.catalog(rows_of(600)), {"max_waste": max_waste})
    paused = flow.drive(job)
    assert kind_of(paused.reason) is PauseKind.WASTE
    assert "the waste cap of $" in paused.reason
    assert paused.waste_cap_micros is not None
    assert 0 < paused.wasted_micros <= paused.waste_cap_micros
    assert paused.failed < 600 // 3
    flow.check()

    flow.provider.script([])
    control.resume(flow.context, job, max_waste="5")
    ended = flow.drive(job)
    assert (ended.state, ended.delivered) == (JobState.DONE, 600)


def test_a_job_has_a_cap_of_a_dollar_at_least(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog(rows_of(3)))
    assert jobs.show(flow.context.database, job).waste_cap_micros == 1_000_000


# no audio at all


@pytest.mark.parametrize("kind", ["html", "json", "empty", "text", "204"])
def test_an_answer_without_audio_may_have_been_charged(flow: InProcess, kind: str) -> None:
    """cost <= bill <= cost + possible, whether the provider charges for it or not."""
    rule: dict[str, Any] = {"garbage": kind}
    if kind == "text":
        rule = {"body": "upstream request failed"}
    if kind == "204":
        rule = {"status": 204, "body": ""}
    flow.provider.script([{"match": f" {n}, ", "bill": n % 2 == 0, **rule} for n in range(4)])
    job, _ = flow.submit(flow.catalog(rows_of(60)))
    ended = flow.drive(job)
    assert (ended.state, ended.delivered, ended.possible_calls) == (JobState.DONE, 60, 4)
    assert ended.wasted_micros == ended.possible_micros > 0
    flow.check()
    reason = flow.books.one("SELECT min(reason) FROM speeko.attempt WHERE state = 'unknown'")
    assert reason.startswith("no audio in the answer: it ")


def test_answers_without_audio_count_as_bad_ones(flow: InProcess) -> None:
    flow.provider.script([always(garbage="html", bill=False)])
    job, _ = flow.submit(flow.catalog(rows_of(500)))
    paused = flow.drive(job)
    assert kind_of(paused.reason) is PauseKind.WASTE
    assert (flow.provider.calls, paused.spent_micros) == (0, 0)
    assert JUDGED_FROM <= paused.possible_calls <= MAX_BAD


# another container


@pytest.mark.parametrize(("asked", "came"), [("mp3", "wav"), ("flac", "mp3"), ("opus", "wav")])
def test_audio_in_another_container_is_converted(flow: InProcess, asked: str, came: str) -> None:
    """Books, store, cache and files hold the format that was asked for; a second run buys nothing."""
    other = flow.again(format=asked)
    other.provider.script([always(format=came)])
    job, _ = other.submit(other.catalog(rows_of(60)))
    ended = other.drive(job)
    assert (ended.state, ended.delivered, ended.converted_calls) == (JobState.DONE, 60, 60)
    for path in other.audio_files():
        assert probe.looks_like((other.output / path).read_bytes()) == asked
    other.check()
    assert "came in another format" in " ".join(other.summary()["notes"])
    other.close()


# refusals


def test_one_refusal_for_all_pauses_and_fails_no_row(flow: InProcess) -> None:
    body = {"error": {"message": "The model 'x' does not exist (req_8f3a2b19c0)"}}
    flow.provider.script([always(status=400, body=body)])
    job, _ = flow.submit(flow.again(chunk_rows=10).catalog(rows_of(300)))
    paused = flow.drive(job)
    assert (paused.state, kind_of(paused.reason)) == (JobState.PAUSED, PauseKind.REFUSALS)
    assert "The model 'x' does not exist" in paused.reason
    tried = flow.books.one("SELECT count(*) FROM speeko.attempt WHERE status = 400")
    assert REFUSALS <= tried <= REFUSALS + 2 * 32
    assert flow.provider.calls == 0

    flow.provider.script([])
    control.resume(flow.context, job)
    ended = flow.drive(job)
    assert (ended.state, ended.delivered, ended.failed) == (JobState.DONE, 300, 0)
    flow.check()


def test_refusals_with_successes_between_fail_their_rows_only(flow: InProcess) -> None:
    flow.run(flow.catalog(rows_of(60, "good")))
    body = {"error": {"message": "This text is not allowed"}}
    flow.provider.script(
        [{"match": f" {n}, ", "times": -1, "status": 400, "body": body} for n in range(0, 90, 3)]
    )
    summary = flow.run(flow.catalog(rows_of(90)))
    assert (summary["state"], summary["delivered"], summary["failed"]) == ("done_with_errors", 60, 30)


def test_refusals_that_overtake_audio_fail_their_rows_only(flow: InProcess) -> None:
    """A refusal comes at once, audio takes its time: thirty refusals come before the first of sixty texts."""
    wide = flow.again(max_concurrency=128)
    wide.run(wide.catalog(rows_of(300, "good")))
    body = {"error": {"message": "This text is not allowed"}}
    refused = [{"match": f" {n}, ", "times": -1, "status": 400, "body": body} for n in range(0, 90, 3)]
    wide.provider.script([*refused, always(delay_seconds=1.0)])
    summary = wide.run(wide.catalog(rows_of(90)))
    assert (summary["state"], summary["delivered"], summary["failed"]) == ("done_with_errors", 60, 30)


# the same key again


def test_a_provider_that_replays_its_answers_gives_other_audio_after_bad(
    flow: InProcess, tmp_path: Path
) -> None:
    """Each try after bad audio, and after a quarantine, has an idempotency key of its own: it is not the old
    answer that comes, and what is booked is what is billed. The bill names the keys of the ledger."""
    (tmp_path / "replays").mkdir()
    provider = MeteredProvider(tmp_path / "replays", replay=True, fsync=False)
    urls = {"database_url": flow.settings.database_url, "redis_url": flow.settings.redis_url}
    other = InProcess(provider.settings(home=flow.settings.home, **urls), tmp_path, provider)
    try:
        lost = {"match": " 5, ", "times": 1, "reset": "after", "bill": True}
        provider.script([{"match": " 3, ", "times": 2, "garbage": "silence"}, lost])
        job, _ = other.submit(other.catalog(rows_of(40)))
        ended = other.drive(job)
        assert (ended.state, ended.delivered, ended.failed) == (JobState.DONE, 40, 0)
        assert provider.calls == 42
        assert (ended.spent_micros, ended.possible_calls) == (provider.micros, 1)
        assert len({entry["key"] for entry in provider.bill()}) == 42
        found: list[ReconciledEntry] = []
        orders = reconciliation.ReconcileOptions(str(provider.bill_file), cost="micros")
        assert reconciliation.reconcile(other.context.database, orders, found.append).agrees, found
    finally:
        other.close()
        provider.stop()


# one audio for all


def test_one_audio_for_every_text_stops_and_is_bought_again(flow: InProcess) -> None:
    flow.provider.script([always(say="Yes, this is the one and only answer.")])
    job, _ = flow.submit(flow.catalog(rows_of(300)))
    paused = flow.drive(job)
    assert (paused.state, kind_of(paused.reason)) == (JobState.PAUSED, PauseKind.SAME_AUDIO)
    assert flow.provider.calls <= MAX_BAD
    assert paused.wasted_micros > 0
    done = flow.books.one("SELECT count(*) FROM speeko.utterance WHERE state = 'done'")
    quarantined = flow.books.one("SELECT count(*) FROM speeko.utterance WHERE quarantined_at IS NOT NULL")
    assert (done, quarantined > 2) == (0, True)

    flow.provider.script([])
    control.resume(flow.context, job)
    ended = flow.drive(job)
    assert (ended.state, ended.delivered) == (JobState.DONE, 300)
    sums = {line["sha256"] if "sha256" in line else line["path"] for line in flow.manifest()}
    assert len(sums) == 300
    bodies = {(flow.output / path).read_bytes() for path in flow.audio_files()}
    assert len(bodies) == 300


def test_texts_that_sound_alike_may_share_audio(flow: InProcess) -> None:
    same = ["5 red boxes.", "Five red boxes", "FIVE RED BOXES!", "five, red boxes", "Five red boxes?"]
    flow.provider.script([always(say="Five red boxes, as ever.")])
    ended = flow.drive(flow.submit(flow.catalog([(f"r{n}", text) for n, text in enumerate(same)]))[0])
    assert (ended.state, ended.delivered) == (JobState.DONE, 5)


def test_windows_show_what_they_saw(flow: InProcess) -> None:
    flow.provider.script([{"match": " 3, ", "garbage": "silence"}])
    flow.run(flow.catalog(rows_of(40)))
    (shown,) = breaker_windows.show(flow.context.database)
    assert (shown.voice.model, shown.voice.voice) == ("kokoro", "kokoro-professional")
    assert (shown.answers, shown.bad, shown.reason) == (41, 1, "")
    assert (len(shown.recent), shown.recent.count("b")) == (41, 1)
