"""One text at once: cached, waited for, or bought and passed on; and what every way to fail books."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from speeko_jobs.adapters.postgres import jobs, leases, permits, tenant_caps
from speeko_jobs.adapters.providers.provider import open_provider
from speeko_jobs.core.audio import probe
from speeko_jobs.core.audio.validation import inspect
from speeko_jobs.core.catalog.file_names import audio_path
from speeko_jobs.core.model.money import usd
from speeko_jobs.core.model.states import AudioSource, JobState
from speeko_jobs.errors import BudgetError, SpeekoError, StoreError, UsageError
from speeko_jobs.flow.reporting import monitoring_queries
from speeko_jobs.flow.reporting.monitoring_queries import PageRequest
from speeko_jobs.flow.synthesis import settlement
from speeko_jobs.flow.synthesis.call_budget import account_of
from speeko_jobs.flow.synthesis.say import SpokenAudio, Stopped, say, texts_of
from speeko_jobs.flow.synthesis.single_purchase import SpeechError
from tests.fixtures.inprocess import InProcess
from tests.fixtures.metered import MeteredProvider
from tests.metered.audio import read_stamp, stamp_of
from tests.wait import wait_until

TEXT = "The last train leaves at half past nine tonight."
COST = 15 * len(TEXT) + 1
LONG = " ".join(f"This is sentence number {n} of a text that no single call takes." for n in range(15))


def speak(
    flow: InProcess,
    text: str = TEXT,
    *,
    spec: dict[str, Any] | None = None,
    heard: list[bytes] | None = None,
    budget_micros: int | None = None,
    is_stopping: Callable[[], bool] = lambda: False,
) -> SpokenAudio:
    return asyncio.run(
        say(
            flow.context,
            open_provider,
            flow.spec(**spec or {}),
            text,
            tenant="shop",
            budget_micros=budget_micros,
            on_audio=None if heard is None else heard.append,
            is_stopping=is_stopping,
        )
    )


def attempts(flow: InProcess) -> list[str]:
    return [state for (state,) in flow.books.execute("SELECT state FROM speeko.attempt ORDER BY id")]


def release(metered: MeteredProvider) -> None:
    metered.release()


def hold(metered: MeteredProvider, after_bytes: int = 3_000, times: int = 1) -> None:
    metered.script([{"match": "*", "times": times, "hold_after_bytes": after_bytes}])


@pytest.fixture
def beside() -> Iterator[Callable[..., Future[Any]]]:
    """Runs something in a thread beside the test."""
    with ThreadPoolExecutor(4) as pool:
        yield pool.submit


def test_a_text_is_bought_once_and_the_bill_is_the_ledger(flow: InProcess, metered: MeteredProvider) -> None:
    heard: list[bytes] = []
    first = speak(flow, heard=heard)
    assert (first.source, first.calls, first.cost_micros) == (AudioSource.SYNTHESIZED, 1, COST)
    assert (metered.calls, metered.micros) == (1, COST)
    assert b"".join(heard) == first.audio
    assert read_stamp(first.audio, "mp3") == stamp_of(TEXT, "kokoro-professional")
    assert first.audio_seconds == pytest.approx(inspect(first.audio, "mp3", len(TEXT)).seconds, abs=1e-3)
    job = jobs.show(flow.context.database, first.job)
    assert (job.state, job.reason, job.rows, job.delivered, job.calls) == (JobState.DONE, "", 1, 1, 1)
    assert (job.spent_micros, job.reserved_micros) == (COST, 0)

    again: list[bytes] = []
    second = speak(flow, heard=again)
    assert (second.source, second.calls, second.cost_micros) == (AudioSource.CACHE, 0, 0)
    assert (second.saved_micros, second.job) == (COST, 0)
    assert b"".join(again) == second.audio == first.audio
    assert metered.calls == 1
    assert flow.books.one("SELECT hits FROM speeko.utterance") == 1
    assert flow.books.one("SELECT saved_micros FROM speeko.cost_daily WHERE source = 'cache'") == COST
    flow.check()


def test_without_redis_it_is_known_from_postgres(flow: InProcess, metered: MeteredProvider) -> None:
    speak(flow)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        alone = flow.again(redis_url=f"redis://127.0.0.1:{unused.getsockname()[1]}/0")
        try:
            assert speak(alone).source is AudioSource.CACHE
            assert speak(alone, "Another text, bought without Redis.").calls == 1
        finally:
            alone.close()
    assert metered.calls == 2


def test_a_catalog_and_a_said_text_share_their_audio(flow: InProcess, metered: MeteredProvider) -> None:
    speak(flow)
    catalog = flow.catalog([["1", TEXT], ["2", "Only the catalog has this one."]])
    assert flow.estimate(catalog).cached == 1
    summary = flow.run(catalog)
    assert summary["calls"] == 1
    assert speak(flow, "Only the catalog has this one.").source is AudioSource.CACHE
    assert metered.calls == 2


def test_the_first_bytes_leave_before_the_last_have_come(
    flow: InProcess, metered: MeteredProvider, beside: Callable[..., Future[SpokenAudio]]
) -> None:
    hold(metered, 3_000)
    heard: list[bytes] = []
    saying = beside(speak, flow, heard=heard)
    wait_until(lambda: heard or saying.done(), "the first bytes")
    assert metered.summary()["in_flight"] == 1
    assert attempts(flow) == ["sending"]
    assert not saying.done()
    before = b"".join(heard)
    assert 0 < len(before) <= 3_000
    release(metered)
    said = saying.result(60)
    assert b"".join(heard) == said.audio
    assert said.audio.startswith(before)
    assert len(said.audio) > 3_000
    flow.check()


def test_far_away_the_pieces_are_small(flow: InProcess, metered: MeteredProvider) -> None:
    requests.post(f"{metered.url}/lag", json={"seconds": 0.31}, timeout=60).raise_for_status()
    try:
        heard: list[bytes] = []
        said = speak(flow, TEXT * 4, heard=heard)
    finally:
        requests.post(f"{metered.url}/lag", json={"seconds": 0}, timeout=60).raise_for_status()
    assert said.piece_bytes == 2_048
    assert max(map(len, heard)) == 2_048
    assert b"".join(heard) == said.audio


def test_two_at_once_make_one_call(
    flow: InProcess,
    metered: MeteredProvider,
    beside: Callable[..., Future[SpokenAudio]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "speeko_jobs.flow.synthesis.say")
    hold(metered)
    other = flow.again()
    try:
        first = beside(speak, flow)
        wait_until(lambda: metered.calls or first.done(), "the call")
        second = beside(speak, other)
        wait_until(lambda: "waiting for it" in caplog.text or second.done(), "the second to wait")
        release(metered)
        one, two = first.result(60), second.result(60)
    finally:
        other.close()
    assert (one.source, two.source) == (AudioSource.SYNTHESIZED, AudioSource.COALESCED)
    assert one.audio == two.audio
    assert (one.calls, two.calls, metered.calls) == (1, 0, 1)
    assert attempts(flow) == ["stored"]
    flow.check()


def test_when_the_first_dies_the_second_takes_over(
    flow: InProcess,
    metered: MeteredProvider,
    beside: Callable[..., Future[SpokenAudio]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "speeko_jobs.flow.synthesis.say")
    hold(metered)
    dead, living = flow.again(), flow.again(lease_seconds=3.0)
    try:
        first = beside(speak, dead)
        wait_until(lambda: metered.calls or first.done(), "the call")
        second = beside(speak, living)
        wait_until(lambda: "waiting for it" in caplog.text or second.done(), "the second to wait")
        (holder,) = (row[0] for row in flow.books.execute("SELECT claimant_id FROM speeko.attempt"))
        wait_until(lambda: _expired(flow, holder, second), "the second to take over")
        said = second.result(60)
        assert (said.source, said.calls) == (AudioSource.SYNTHESIZED, 1)
        release(metered)
        late = first.result(60)  # paid audio that comes late is kept, and booked
        assert late.audio == said.audio
    finally:
        dead.close()
        living.close()
    assert sorted(attempts(flow)) == ["stored", "stored"]
    assert metered.calls == 2
    flow.check()


def _expired(flow: InProcess, holder: int, done: Future[Any]) -> bool:
    flow.books.expire(holder)
    return done.done()


def test_a_chunk_that_waits_for_the_text_is_woken(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog([["1", TEXT]]))
    engine = flow.books.engine()
    assert len(flow.books.start(job, 1, engine)) == 1
    assert speak(flow).calls == 1
    assert flow.books.chunk_state(job, 1) == ("ready", 0)
    flow.books.run(lambda t: leases.close_lease(t, engine))
    assert flow.drive(job).calls == 0
    flow.check()


@pytest.mark.parametrize("format", ["mp3", "wav", "flac"])
def test_a_long_text_goes_out_part_by_part_and_is_one_in_the_end(
    flow: InProcess, metered: MeteredProvider, format: str
) -> None:
    flow = flow.again(provider="speaches", format=format)  # it takes 400 characters a call
    spec: dict[str, Any] = {}
    texts = texts_of(flow.spec(**spec), LONG)
    heard: list[bytes] = []
    said = speak(flow, LONG, spec=spec, heard=heard)
    assert said.parts == said.calls == metered.calls == len(texts) == 3
    assert said.chained is (format == "mp3")
    store = flow.context.store_of(flow.settings.store_url)
    parts = [store.get(audio_path(text.key, format)) for text in texts]
    assert b"".join(heard) == (b"".join(parts) if format == "mp3" else said.audio)
    whole = inspect(said.audio, format, len(LONG)).seconds
    assert whole == pytest.approx(said.audio_seconds, rel=0.01)
    again = speak(flow, LONG, spec=spec)
    assert (again.source, again.calls) == (AudioSource.CACHE, 0)
    assert inspect(again.audio, format, len(LONG)).seconds == whole


@pytest.mark.parametrize(
    ("garbage", "booked"), [("html", "unknown"), ("silence", "bad"), ("empty", "unknown")]
)
def test_bad_audio_is_an_error_booked_and_never_kept(
    flow: InProcess, metered: MeteredProvider, garbage: str, booked: str
) -> None:
    """What is audio was paid; an answer without audio may have been charged."""
    metered.script([{"match": "*", "garbage": garbage}])
    heard: list[bytes] = []
    says = {"bad": r"audio failed validation: .*was paid", "unknown": r"no audio in the answer: .*not known"}
    with pytest.raises(SpeechError, match=says[booked]) as caught:
        speak(flow, heard=heard)
    assert "\n" not in str(caught.value)
    assert bool(heard) is (garbage == "silence")
    assert attempts(flow) == [booked]
    job = jobs.newest(flow.context.database, 1)[0]
    assert (job.state, job.failed, job.wasted_micros) == (JobState.DONE_WITH_ERRORS, 1, COST)
    assert (job.spent_micros, job.possible_micros) == ((COST, 0) if booked == "bad" else (0, COST))
    assert speak(flow).calls == 1
    assert metered.calls == 2
    flow.check()


def test_sound_audio_in_another_container_is_converted_before_anybody_hears_it(
    flow: InProcess, metered: MeteredProvider
) -> None:
    metered.script([{"match": "*", "format": "wav"}])
    heard: list[bytes] = []
    said = speak(flow, heard=heard)
    assert probe.looks_like(said.audio) == "mp3"
    assert b"".join(heard) == said.audio
    assert speak(flow).source is AudioSource.CACHE
    flow.check()


@pytest.mark.parametrize(
    ("rule", "state", "says"),
    [
        ({"status": 401, "body": {"error": {"message": "bad key"}}}, "refused", "bad key; nothing was"),
        ({"status": 400, "body": {"error": {"message": "no such word"}}}, "refused", "no such word; nothing"),
        ({"status": 500, "bill": True}, "unknown", f"${usd(COST)}.*not known"),
        ({"cut_after_bytes": 2_000}, "unknown", "cut before its end.*not known"),
        ({"reset": "after", "bill": True}, "unknown", "not known"),
    ],
    ids=["401", "400", "500", "cut", "reset"],
)
def test_a_failed_call_is_one_line_and_booked_as_what_it_is(
    flow: InProcess, metered: MeteredProvider, rule: dict[str, Any], state: str, says: str
) -> None:
    metered.script([{"match": "*", **rule}])
    with pytest.raises(SpeechError, match=says.replace("$", r"\$")):
        speak(flow)
    assert attempts(flow) == [state]
    flow.check()
    assert speak(flow).calls == 1  # also of a text that had failed for good
    assert attempts(flow) == [state, "stored"]


def test_a_provider_that_is_not_there_costs_nothing(flow: InProcess) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        alone = flow.again(api_url=f"http://127.0.0.1:{unused.getsockname()[1]}")
        try:
            with pytest.raises(SpeechError, match=r"no connection.*nothing was charged"):
                speak(alone)
        finally:
            alone.close()
    assert attempts(flow) == ["refused"]
    flow.check()


def test_thrown_back_it_waits_as_it_is_told(flow: InProcess, metered: MeteredProvider) -> None:
    metered.script([{"match": "*", "status": 429, "headers": {"Retry-After": "1"}, "bill": False}])
    assert speak(flow).calls == 1
    assert attempts(flow) == ["refused", "stored"]


def test_blocked_for_long_it_says_so_at_once(flow: InProcess, metered: MeteredProvider) -> None:
    metered.script([{"match": "*", "status": 429, "headers": {"Retry-After": "300"}, "bill": False}])
    for _ in range(2):
        with pytest.raises(SpeechError, match=r"takes no calls for another (300|2[89][0-9]) s"):
            speak(flow)
    assert attempts(flow) == ["refused"]  # the second did not even ask
    assert metered.calls == 0


def test_budget_and_caps_hold_before_anything_is_bought(
    one_day: None, flow: InProcess, metered: MeteredProvider
) -> None:
    with pytest.raises(BudgetError, match=r"costs \$0.000721, the budget is \$0.000720"):
        speak(flow, budget_micros=COST - 1)
    flow.context.database.run(lambda t: tenant_caps.put(t, "shop", daily_micros=COST, keep_daily=False))
    assert speak(flow, budget_micros=COST).calls == 1
    with pytest.raises(BudgetError, match="the daily cap of tenant 'shop' leaves"):
        speak(flow, "Not a word more.")
    assert speak(flow).calls == 0  # what is cached costs nothing, and no cap forbids it
    assert metered.calls == 1
    assert flow.books.one("SELECT count(*) FROM speeko.job") == 1
    flow.check()


def test_it_waits_for_a_permit_of_the_account(
    flow: InProcess, metered: MeteredProvider, beside: Callable[..., Future[SpokenAudio]]
) -> None:
    account = account_of(flow.spec().profile, flow.settings)
    engine = flow.books.engine()

    def take_all(t: Any) -> permits.PermitLease:
        permits.open_account(t, account, 1)
        return permits.lease(t, account, engine, permits.LeaseRequest(5, 1), 60)

    assert flow.books.run(take_all).allowed == 1
    saying = beside(speak, flow)
    waiting = "SELECT count(*) FROM speeko.permit WHERE held = 0 AND wants = 1"
    wait_until(lambda: flow.books.one(waiting) or saying.done(), "a say that waits")
    assert (metered.calls, attempts(flow)) == (0, [])
    flow.books.run(lambda t: leases.close_lease(t, engine))
    assert saying.result(60).calls == 1
    (found,) = permits.accounts(flow.context.database)
    assert found.ceiling == 1  # its own --max-concurrency changes nothing for the jobs that run
    assert permits.holders(flow.context.database) == []


def test_cancelled_from_outside_it_stops(
    flow: InProcess, metered: MeteredProvider, beside: Callable[..., Future[SpokenAudio]]
) -> None:
    account = account_of(flow.spec().profile, flow.settings)
    engine = flow.books.engine()

    def take_all(t: Any) -> None:
        permits.open_account(t, account, 1)
        permits.lease(t, account, engine, permits.LeaseRequest(5, 1), 60)

    flow.books.run(take_all)
    saying = beside(speak, flow)
    job = wait_until(lambda: jobs.newest(flow.context.database, 1), "its job")[0].id
    flow.books.run(lambda t: jobs.set_state(t, job, JobState.CANCELLED, "by the user", expected=[*JobState]))
    flow.books.run(lambda t: leases.close_lease(t, engine))
    with pytest.raises(SpeechError, match=f"job {job} was stopped: it is cancelled"):
        saying.result(60)
    assert (metered.calls, jobs.show(flow.context.database, job).state) == (0, JobState.CANCELLED)


def test_stopped_during_the_call_the_paid_audio_is_kept(
    flow: InProcess, metered: MeteredProvider, beside: Callable[..., Future[SpokenAudio]]
) -> None:
    hold(metered)
    stop, heard = threading.Event(), list[bytes]()
    saying = beside(speak, flow, heard=heard, is_stopping=stop.is_set)
    wait_until(lambda: heard or saying.done(), "the first bytes")
    before = len(heard)
    stop.set()
    release(metered)
    with pytest.raises(Stopped, match="what was paid is kept"):
        saying.result(60)
    assert len(heard) == before
    assert attempts(flow) == ["stored"]
    assert speak(flow).source is AudioSource.CACHE
    flow.check()


@pytest.mark.parametrize("damage", ["gone", "cut"])
def test_audio_that_the_store_has_lost_is_bought_again(
    flow: InProcess, metered: MeteredProvider, damage: str
) -> None:
    said = speak(flow)
    store = flow.context.store_of(flow.settings.store_url)
    key = texts_of(flow.spec(), TEXT)[0].key
    path = audio_path(key, "mp3")
    store.delete([path])
    assert speak(flow).audio == said.audio  # Redis has it, too
    flow.context.cache.drop_audio([key])
    if damage == "cut":
        store.put(path, said.audio[:-100])
    again = speak(flow)
    assert (again.source, again.calls, again.audio) == (AudioSource.SYNTHESIZED, 1, said.audio)
    assert speak(flow).source is AudioSource.CACHE
    assert metered.calls == 2


def test_paid_audio_that_the_store_refuses_is_spooled_and_used_by_the_next(
    flow: InProcess, metered: MeteredProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settlement, "STORE_TRIES", 1)
    blocked = tmp_path / "no-folder"
    blocked.write_text("in the way")
    where = {"store": str(blocked / "audio")}
    with pytest.raises(StoreError, match="the paid audio is in"):
        speak(flow, spec=where)
    assert attempts(flow) == ["sending"]
    blocked.unlink()
    wait_until(lambda: _buried(flow), "the end of its lease")
    said = speak(flow, spec=where)
    assert metered.calls == 1
    assert said.calls == 0
    assert attempts(flow)[0] == "stored"
    flow.check()


def _buried(flow: InProcess) -> bool:
    flow.reap_all()
    return attempts(flow) == ["unknown"]


def test_the_job_of_a_command_that_died_is_ended_by_the_next(flow: InProcess) -> None:
    said = speak(flow)
    flow.books.execute(
        "UPDATE speeko.job SET state = 'running', delivered = 0, finished_at = NULL, finalized = false,"
        " submitter_until = clock_timestamp() - interval '1 second'"
    )
    speak(flow, "Another text.")
    job = jobs.show(flow.context.database, said.job)
    assert (job.state, job.reason, job.failed) == (JobState.DONE_WITH_ERRORS, "the command died", 1)


@pytest.mark.parametrize("text", ["", "   ", "<b></b>", "...", "\ud800 half a character"])
def test_what_cannot_be_spoken_is_refused_before_anything(flow: InProcess, text: str) -> None:
    with pytest.raises(UsageError):
        speak(flow, text)
    assert flow.books.one("SELECT count(*) FROM speeko.job") == 0


def test_many_at_once_pay_for_one(flow: InProcess, metered: MeteredProvider) -> None:
    def one(_: int) -> SpokenAudio | SpeekoError:
        mine = flow.again()
        try:
            return speak(mine)
        finally:
            mine.close()

    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(one, range(6)))
    assert {s.audio for s in said if isinstance(s, SpokenAudio)} == {speak(flow).audio}
    assert sum(s.calls for s in said if isinstance(s, SpokenAudio)) == metered.calls == 1
    flow.check()


@pytest.mark.parametrize("forget", [False, True], ids=["known to Redis", "known to Postgres"])
def test_a_text_that_is_there_as_wav_is_heard_in_any_format(
    flow: InProcess, metered: MeteredProvider, forget: bool
) -> None:
    speak(flow, spec={"format": "wav"})
    for format in ("mp3", "opus"):
        if forget:
            flow.context.cache.forget_all()
        heard: list[bytes] = []
        said = speak(flow, spec={"format": format}, heard=heard, budget_micros=0)
        assert (said.source, said.calls, said.saved_micros) == (AudioSource.CACHE, 0, COST)
        assert inspect(said.audio, format, len(TEXT)).seconds > 0
        assert b"".join(heard) == said.audio
    assert metered.calls == 1
    key = texts_of(flow.spec(format="wav"), TEXT)[0].key
    assert flow.books.one("SELECT hits FROM speeko.utterance WHERE key = %s", [key]) == 2
    assert speak(flow, spec={"format": "mp3", "reuse": "none"}).calls == 1


def test_a_long_text_is_heard_though_a_part_of_it_is_there_in_another_format(
    flow: InProcess, metered: MeteredProvider
) -> None:
    spec = {"segments": "sentence"}
    speak(flow, "First sentence. Second one.", spec=spec | {"format": "flac"})
    heard: list[bytes] = []
    text = "First sentence. A third one. First sentence."
    said = speak(flow, text, spec=spec | {"format": "mp3"}, heard=heard)
    assert (said.parts, said.calls, said.source) == (3, 1, AudioSource.SYNTHESIZED)
    assert len(heard) == 3
    assert {inspect(part, "mp3", 15).sample_rate for part in heard} == {24_000}
    assert inspect(said.audio, "mp3", len(text)).seconds == pytest.approx(said.audio_seconds, abs=0.1)


def test_a_text_whose_audio_in_another_format_is_gone_is_bought(
    flow: InProcess, metered: MeteredProvider
) -> None:
    speak(flow, spec={"format": "wav"})
    key = texts_of(flow.spec(format="wav"), TEXT)[0].key
    flow.context.store_of(flow.settings.store_url).delete([audio_path(key, "wav")])
    flow.context.cache.drop_audio([key])
    said = speak(flow, spec={"format": "mp3"})
    assert (said.calls, said.source) == (1, AudioSource.SYNTHESIZED)
    assert metered.bill()[-1]["format"] == "mp3"


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("The  last train\nleaves.", "", "say: The last train leaves."),
        (LONG, "", "say: " + LONG[:59].rstrip() + "…"),
        (TEXT, "Announcement 7", "say: Announcement 7"),
    ],
)
def test_the_job_has_a_name(flow: InProcess, text: str, name: str, expected: str) -> None:
    said = asyncio.run(say(flow.context, open_provider, flow.spec(), text, tenant="shop", name=name))
    line = monitoring_queries.job_line(flow.context, said.job)
    assert line.files == [expected]
    for words in (expected.split()[1], expected.split()[-1].rstrip("….").upper()):
        found = monitoring_queries.job_page(flow.context, PageRequest(words=words))
        assert [one.id for one in found.lines] == [said.job]
