"""Texts with wrong audio are bought again: at a price that is told, and with nothing lost on the way."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.adapters.postgres.jobs import Job
from speeko_jobs.core.catalog.file_names import audio_path
from speeko_jobs.core.model.states import JobState
from speeko_jobs.errors import BudgetError, JobError, UsageError
from speeko_jobs.flow.delivery import finalize
from speeko_jobs.flow.lifecycle import control
from speeko_jobs.flow.planning import rebuy
from speeko_jobs.flow.planning.rebuy import SelectedTexts, Selection
from tests.fixtures.books import RULES
from tests.fixtures.inprocess import InProcess
from tests.metered.audio import read_stamp, stamp_of

VOICE = "kokoro-professional"
TEXTS = {f"r{n}": f"This is text number {n}, of some length." for n in range(12)}
WRONG = ["r3", "r4", "r5"]
# a text that is bought again is paid for again: all other sums hold
HELD = {name: rule for name, rule in RULES.items() if not name.startswith("a text is paid once")}


def wrong_answers(flow: InProcess) -> None:
    """The provider says something else for some texts, in audio that is as good as any."""
    flow.provider.script(
        [
            {"match": TEXTS[name], "times": -1, "say": f"Something else entirely, my friend {name}."}
            for name in WRONG
        ]
    )


def catalog(flow: InProcess) -> str:
    return flow.catalog(TEXTS.items())


def first_run(flow: InProcess, spec: dict[str, Any] | None = None) -> tuple[int, str]:
    """A job with wrong audio for some of its rows, from a provider that is mended afterwards."""
    wrong_answers(flow)
    source = catalog(flow)
    job, _ = flow.submit(source, spec)
    flow.drive(job)
    flow.provider.script([])
    return job, source


def find(flow: InProcess, **selection: Any) -> SelectedTexts:
    return rebuy.find(flow.context, Selection(**selection), "")


def rows(job: int) -> tuple[tuple[int, str], ...]:
    return tuple((job, name) for name in WRONG)


def bought_again(flow: InProcess, found: SelectedTexts, budget_micros: int | None = None) -> Job:
    (group,) = found.groups
    job, _ = rebuy.start(flow.context, group, tenant="shop", budget_micros=budget_micros)
    return flow.drive(job)


def check(flow: InProcess) -> None:
    assert [name for name, rule in HELD.items() if flow.books.execute(rule)] == []
    (spent, possible), *_ = flow.books.execute(
        "SELECT sum(spent_micros)::bigint, sum(possible_micros)::bigint FROM speeko.job"
    )
    assert spent <= flow.provider.micros <= spent + possible
    assert flow.books.one("SELECT count(*) FROM speeko.rebuy") == 0


def is_right(flow: InProcess, name: str, path: str = "") -> bool:
    """Whether a delivered file says its row's text."""
    return read_stamp((flow.output / (path or f"{name}.mp3")).read_bytes(), "mp3") == stamp_of(
        TEXTS[name], VOICE, ""
    )


def key_of(flow: InProcess, name: str) -> bytes:
    return bytes(flow.books.one("SELECT key FROM speeko.utterance WHERE text = %s", [TEXTS[name]]))


def test_wrong_audio_is_bought_again_and_delivered_by_the_next_run(flow: InProcess) -> None:
    job, source = first_run(flow)
    assert [name for name in TEXTS if not is_right(flow, name)] == WRONG
    found = find(flow, rows=rows(job))
    assert (found.texts, found.chars) == (3, sum(len(TEXTS[name]) for name in WRONG))
    assert found.cost_micros == sum(15 * len(TEXTS[name]) + 1 for name in WRONG)
    billed = flow.provider.micros
    ended = bought_again(flow, found)
    assert (ended.state, ended.calls, ended.spent_micros) == (JobState.DONE, 3, found.cost_micros)
    assert flow.provider.micros - billed == found.cost_micros
    assert [name for name in TEXTS if not is_right(flow, name)] == WRONG  # the files are as they were
    again, plan = flow.submit(source)
    assert (plan.changes, plan.calls) == ({"unchanged": 9, "rebought": 3}, 0)
    flow.drive(again)
    assert all(is_right(flow, name) for name in TEXTS)
    assert flow.summary()["sources"]["cache"] == 3
    last, plan = flow.submit(source)
    assert plan.changes == {"unchanged": 12}
    flow.drive(last)
    check(flow)


def test_files_that_were_joined_or_converted_are_delivered_anew_too(flow: InProcess) -> None:
    wrong_answers(flow)
    joined = flow.catalog([("both", f"{TEXTS['r1']} {TEXTS['r3']}"), ("one", TEXTS["r1"])])
    first, _ = flow.submit(joined, {"segments": "sentence", "format": "wav"})
    flow.drive(first)
    converted = flow.catalog([("both", TEXTS["r3"]), ("other", TEXTS["r1"])])
    second, plan = flow.submit(converted, {"format": "mp3"})
    assert plan.reused == 2
    flow.drive(second)
    flow.provider.script([])
    found = find(flow, rows=((second, "both"),))  # what it was converted from is what is wrong
    assert found.texts == 1
    bought_again(flow, found)
    for source, spec in ((joined, {"segments": "sentence", "format": "wav"}), (converted, {"format": "mp3"})):
        job, plan = flow.submit(source, spec)
        assert (plan.changes, plan.calls) == ({"unchanged": 1, "rebought": 1}, 0)
        flow.drive(job)
    check(flow)


def test_a_text_that_cannot_be_bought_keeps_its_old_audio(flow: InProcess) -> None:
    job, source = first_run(flow)
    before = {name: (flow.output / f"{name}.mp3").read_bytes() for name in TEXTS}
    flow.provider.script([{"match": TEXTS["r4"], "times": -1, "status": 400, "body": {"error": "too rude"}}])
    ended = bought_again(flow, find(flow, rows=rows(job)))
    assert (ended.state, ended.delivered, ended.failed) == (JobState.DONE_WITH_ERRORS, 2, 1)
    ((reason, n),) = jobs.failures(flow.context.database, ended.id)
    assert "HTTP 400" in reason
    assert n == 1
    run, plan = flow.submit(source)
    assert plan.calls == 0
    flow.drive(run)
    assert (flow.output / "r4.mp3").read_bytes() == before["r4"]
    assert is_right(flow, "r3")
    assert is_right(flow, "r5")
    check(flow)
    with pytest.raises(JobError, match=f"speeko rebuy --job {ended.id}"):
        control.retry(flow.context, ended.id)
    flow.provider.script([])
    assert find(flow, jobs=(ended.id,)).texts == 3


def test_a_cancelled_rebuy_changes_nothing(flow: InProcess) -> None:
    job, source = first_run(flow)
    (group,) = find(flow, rows=rows(job)).groups
    again, _ = rebuy.start(flow.context, group, tenant="shop")
    assert find(flow, rows=rows(job)).texts == 0  # they are being bought
    told = flow.estimate(source, {"output": str(flow.folder / "new")})
    assert (told.cached, told.to_buy + told.in_flight) == (9, 3)
    control.cancel(flow.context, again)
    flow.deliver(again)
    assert finalize.finalize(flow.context, again)
    assert flow.estimate(source, {"output": str(flow.folder / "new")}).cached == 12
    assert find(flow, rows=rows(job)).texts == 3
    flow.run(source)
    check(flow)


def test_what_redis_still_knows_is_bought_all_the_same(flow: InProcess) -> None:
    """As where the command died between the release and Redis."""
    job, source = first_run(flow)
    found = find(flow, rows=rows(job))
    keys = [one.key for one in found.groups[0].texts]
    stale = flow.context.cache.get_many(keys)
    assert len(stale) == 3
    again, _ = rebuy.start(flow.context, found.groups[0], tenant="shop")
    flow.context.cache.put_many(stale)
    assert flow.drive(again).calls == 3
    fresh = flow.context.cache.get_many(keys)
    assert all(fresh[key].bought_job == again for key in keys)
    run, _ = flow.submit(source)
    flow.drive(run)
    assert all(is_right(flow, name) for name in TEXTS)
    check(flow)


def test_old_audio_in_the_store_is_not_taken_for_that_of_a_lost_call(flow: InProcess) -> None:
    """A call that died leaves an object to look for: here lies the old one, which must not count."""
    job, source = first_run(flow)
    key = key_of(flow, "r3")
    found = find(flow, rows=((job, "r3"),))
    again, _ = rebuy.start(flow.context, found.groups[0], tenant="shop")
    flow.provider.script([{"match": TEXTS["r3"], "times": 1, "reset": "after"}])  # billed, and never heard
    ended = flow.drive(again)
    assert (ended.state, ended.calls, ended.possible_calls) == (JobState.DONE, 1, 1)
    assert flow.books.one("SELECT count(*) FROM speeko.attempt WHERE key = %s", [key]) == 3
    run, _ = flow.submit(source)
    flow.drive(run)
    assert is_right(flow, "r3")
    check(flow)


def test_by_key_job_voice_and_days(flow: InProcess) -> None:
    job, _ = first_run(flow)
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    day = timedelta(days=1)
    key = key_of(flow, "r7")
    assert find(flow, keys=(key,)).texts == 1
    assert find(flow, keys=(key, bytes(32))).others == 1
    assert find(flow, jobs=(job,)).texts == 12
    assert find(flow, rows=((job, 4),)).groups[0].texts[0].key == key_of(flow, "r3")
    assert find(flow, voice=VOICE, since=today - day).texts == 12
    assert find(flow, voice=VOICE, since=today - day, provider="speeko").texts == 12
    assert find(flow, voice=VOICE, since=today - day, provider="openai").texts == 0
    assert find(flow, voice=VOICE, since=today - 9 * day, until=today - day).texts == 0
    assert find(flow, voice="kokoro-friendly", since=today - day).texts == 0
    with pytest.raises(UsageError, match=f"job {job} has no row number 99"):
        find(flow, rows=((job, 99),))
    with pytest.raises(UsageError, match="no row with the id 'nobody'"):
        find(flow, rows=((job, "nobody"),))
    with pytest.raises(JobError, match="there is no job 77"):
        find(flow, jobs=(77,))


def test_budget_and_caps_hold(flow: InProcess) -> None:
    job, _ = first_run(flow)
    found = find(flow, jobs=(job,))
    with pytest.raises(BudgetError, match="nothing was started"):
        rebuy.check_money(found, found.cost_micros - 1)
    rebuy.check_money(found, found.cost_micros)
    assert rebuy.shares(found.groups, found.cost_micros + 5) == [found.cost_micros + 5]
    flow.books.execute("INSERT INTO speeko.tenant (name, daily_micros) VALUES ('shop', 100)")
    with pytest.raises(BudgetError, match="nothing was started"):
        rebuy.start(flow.context, found.groups[0], tenant="shop")
    assert flow.books.one("SELECT count(*) FROM speeko.utterance WHERE state = 'done'") == 12
    assert flow.books.one("SELECT count(*) FROM speeko.job WHERE state = 'planning'") == 0
    check(flow)


def test_each_engine_is_bought_by_a_job_of_its_own_at_todays_price(flow: InProcess) -> None:
    source = catalog(flow)
    flow.run(source)
    flow.run(source, {"speed": 1.25, "output": str(flow.folder / "fast")})
    today = datetime.now(UTC) - timedelta(days=2)
    found = rebuy.find(flow.context, Selection(voice=VOICE, since=today), "30")
    assert sorted(group.spec.speed for group in found.groups) == [1.0, 1.25]
    assert found.cost_micros == 2 * sum(30 * len(text) + 1 for text in TEXTS.values())
    dear = flow.again(price_per_million="30")
    for group in found.groups:
        ended = dear.drive(rebuy.start(dear.context, group, tenant="shop")[0])
        assert (ended.calls, ended.spent_micros) == (12, group.cost_micros)
    assert flow.provider.calls == 48


def test_a_text_that_was_quarantined_is_bought_again(flow: InProcess) -> None:
    job, source = first_run(flow)
    key = key_of(flow, "r3")
    flow.context.cache.drop([key])
    flow.books.execute(
        "UPDATE speeko.utterance SET state = 'missing', reason = %s, quarantined_at = now() WHERE key = %s",
        ["quarantined: other texts have the same audio", key],
    )
    ended = bought_again(flow, find(flow, rows=((job, "r3"),)))
    assert (ended.state, ended.calls) == (JobState.DONE, 1)
    run, _ = flow.submit(source)
    flow.drive(run)
    assert is_right(flow, "r3")
    check(flow)


def test_the_old_object_lies_in_the_store_until_the_new_one_takes_its_place(flow: InProcess) -> None:
    job, _ = first_run(flow)
    key = key_of(flow, "r3")
    store, path = flow.context.store_of(flow.settings.store_url), audio_path(key, "mp3")
    old = store.get(path)
    (group,) = find(flow, keys=(key,)).groups
    again, outdated = rebuy.start(flow.context, replace(group), tenant="shop")
    assert [(one.output, one.files, one.job) for one in outdated] == [(str(flow.output), 1, job)]
    assert store.get(path) == old
    flow.drive(again)
    assert store.get(path) != old


def test_an_output_that_was_emptied_is_listed_once(flow: InProcess) -> None:
    _, source = first_run(flow)
    shutil.rmtree(flow.output)
    last, _ = flow.submit(source)
    flow.drive(last)
    (group,) = find(flow, keys=(key_of(flow, "r3"),)).groups
    _, outdated = rebuy.start(flow.context, replace(group), tenant="shop")
    assert [(one.output, one.files, one.job) for one in outdated] == [(str(flow.output), 1, last)]
