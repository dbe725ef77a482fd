"""Providers and stores that misbehave: what is paid is kept, what is lost is bought again, nothing twice."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.core.model.pause_reasons import PauseKind, kind_of
from speeko_jobs.core.model.states import JobState
from speeko_jobs.errors import StoreError
from speeko_jobs.flow.delivery import chunk_delivery
from speeko_jobs.flow.lifecycle import control
from speeko_jobs.flow.lifecycle.crash_recovery import sweep
from speeko_jobs.flow.synthesis import settlement, spool
from tests.fixtures.books import together
from tests.fixtures.inprocess import InProcess

TEXTS = [(f"r{n}", f"This is text {n}.") for n in range(40)]
FOR_EVER = {"match": "*", "times": -1}


def objects(flow: InProcess) -> dict[str, Path]:
    """The audio in the store: stem of its name → file."""
    return {path.stem: path for path in Path(flow.settings.store_url).rglob("*.mp3")}


def test_a_wrong_key_pauses_the_job_with_the_reason(flow: InProcess) -> None:
    wrong = flow.again(api_key="wrong-key")
    job, _ = wrong.submit(wrong.catalog(TEXTS))
    paused = wrong.drive(job)
    assert paused.state is JobState.PAUSED
    assert paused.reason.startswith("provider: ")
    assert "401" in paused.reason
    assert "wrong-key" not in paused.reason
    assert (paused.spent_micros, paused.reserved_micros, paused.possible_micros) == (0, 0, 0)
    assert flow.books.one("SELECT count(*) FROM speeko.utterance WHERE state <> 'missing'") == 0
    wrong.close()
    control.resume(flow.context, job)
    assert flow.drive(job).state is JobState.DONE
    flow.check()
    assert flow.provider.calls == 40


@pytest.mark.parametrize("status", [402, 403])
def test_an_account_that_may_not_pauses_and_fails_no_row(flow: InProcess, status: int) -> None:
    flow.provider.script([{**FOR_EVER, "status": status, "body": {"error": {"message": "Pay first."}}}])
    job, _ = flow.submit(flow.catalog(TEXTS))
    paused = flow.drive(job)
    assert (paused.state, paused.failed) == (JobState.PAUSED, 0)
    assert "Pay first." in paused.reason


def test_too_many_requests_are_waited_out(flow: InProcess) -> None:
    flow.provider.script([{"times": 3, "status": 429, "headers": {"Retry-After": "1"}, "body": "slow down"}])
    summary = flow.run(flow.catalog(TEXTS[:10]))
    assert (summary["delivered"], summary["calls"], flow.provider.calls) == (10, 10, 10)
    assert flow.books.one("SELECT max(tries) FROM speeko.utterance") == 0


@pytest.mark.parametrize("kind", ["html", "empty", "silence"])
def test_garbage_is_bought_once_more_and_then_fails_and_is_never_kept(flow: InProcess, kind: str) -> None:
    flow.provider.script([{**FOR_EVER, "match": "bad", "garbage": kind}])
    rows = [("a", "bad one"), ("b", "fine"), ("c", "bad one")]
    summary = flow.run(flow.catalog(rows))
    calls = flow.provider.calls
    assert (summary["delivered"], summary["failed"]) == (1, 2)
    assert summary["calls"] + summary["unknown"]["calls"] == calls <= 1 + 6
    assert summary["unknown"]["calls"] == (0 if kind == "silence" else calls - 1)
    assert len(objects(flow)) == 1
    keys = [bytes.fromhex(line["key"]) for line in flow.manifest()]
    assert set(flow.context.cache.get_many(keys)) == {keys[1]}
    said = "audio failed validation: silence" if kind == "silence" else "no audio in the answer: "
    assert all(row["error"].startswith(said) for row in flow.table("failed.csv"))
    # a later run tries again
    flow.provider.script([])
    assert flow.run(flow.catalog(rows))["delivered"] == 2
    assert flow.provider.calls == calls + 1


def test_garbage_once_costs_one_more_call(flow: InProcess) -> None:
    flow.provider.script([{"match": "text 3.", "garbage": "silence"}])
    summary = flow.run(flow.catalog(TEXTS[:10]))
    assert (summary["delivered"], summary["calls"], flow.provider.calls) == (10, 11, 11)


def test_an_answer_that_is_cut_is_unknown_and_asked_for_again(flow: InProcess) -> None:
    flow.provider.script([{"match": "text 3.", "reset": "after"}, {"match": "text 5.", "reset": "before"}])
    summary = flow.run(flow.catalog(TEXTS[:10]))
    assert (summary["delivered"], summary["calls"]) == (10, 10)
    assert summary["unknown"]["calls"] == 2
    assert flow.provider.calls == 11  # one of the two was billed


def test_two_jobs_at_once_buy_each_text_once(flow: InProcess) -> None:
    both = [flow, flow.again()]
    both[1].output = flow.folder / "second"
    rows = [(f"{n}", f"This is text {n % 150}.") for n in range(300)]
    begun = [one.submit(one.catalog(rows, name=f"{n}.csv"))[0] for n, one in enumerate(both)]
    ended = together([lambda o=o, j=j: o.drive(j) for o, j in zip(both, begun, strict=True)])
    assert [job.state for job in ended] == [JobState.DONE] * 2
    flow.check()
    assert len({entry["key"] for entry in flow.provider.bill()}) == flow.provider.calls == 150
    assert sum(one.summary()["sources"]["synthesized"] for one in both) == 150
    assert [len(one.audio_files()) for one in both] == [300, 300]
    both[1].close()


def test_two_engines_on_one_job(flow: InProcess) -> None:
    both = [flow, flow.again()]
    job, _ = flow.submit(flow.catalog([(f"{n}", f"This is text {n % 200}.") for n in range(400)]))
    together([lambda o=o, n=n: o.synthesize(job, n) for n, o in enumerate(both, 1)])
    assert flow.drive(job).state is JobState.DONE
    flow.check()
    assert flow.provider.calls == 200
    both[1].close()


def test_lost_objects_are_bought_again_for_every_chunk_that_needs_them(flow: InProcess) -> None:
    """Two chunks are ready and need the same text when its audio is found to be gone."""
    rows = [(f"{n}", "The same text." if n % 25 == 3 else f"This is text {n}.") for n in range(75)]
    job, _ = flow.submit(flow.catalog(rows))
    flow.synthesize(job)
    assert flow.chunks(job, "ready") == [*range(1, 16)]
    key = next(e["key"] for e in flow.provider.bill() if e["text"] == "The same text.")
    objects(flow)[key].unlink()
    calls = flow.provider.calls
    flow.deliver(job)
    paused = flow.drive(job)
    assert (paused.state, kind_of(paused.reason)) == (JobState.PAUSED, PauseKind.STORE)
    assert flow.provider.calls == calls
    control.resume(flow.context, job, buy_again=True)
    assert flow.drive(job).state is JobState.DONE
    assert flow.provider.calls == calls + 1
    assert len(flow.audio_files()) == 75
    assert flow.summary()["failed"] == 0


def test_a_store_that_was_emptied_is_bought_again_elsewhere_too(flow: InProcess) -> None:
    source = flow.catalog(TEXTS)
    flow.run(source)
    for path in objects(flow).values():
        path.unlink()
    assert flow.run(source)["unchanged"] == 40  # what is there needs no store
    flow.output = flow.folder / "second"
    with pytest.raises(StoreError, match=r"is empty though the database knows 40 texts .* not mounted\?"):
        flow.submit(source)
    job, plan = flow.submit(source, {"buy_again": True})
    assert (plan.gone, plan.calls, plan.cost_micros) == (40, 40, plan.list_micros)
    assert flow.drive(job).state is JobState.DONE
    assert flow.provider.calls == 80
    assert len(flow.audio_files()) == 40


def test_a_text_that_another_job_tries_again_is_waited_for(flow: InProcess) -> None:
    """The row of a ready chunk failed; before it is delivered, a later job begins to buy the text anew."""
    flow.provider.script([{"match": "rude", "status": 400, "body": {"error": {"message": "No."}}}])
    first, _ = flow.submit(flow.catalog([("a", "rude"), ("b", "fine")]))
    flow.synthesize(first)
    assert flow.chunks(first, "ready") == [1]
    second, _ = flow.submit(flow.catalog([("a", "rude")]), {"output": str(flow.folder / "second")})
    engine = flow.books.engine()
    assert len(flow.books.start(second, 1, engine)) == 1
    flow.deliver(first)
    flow.books.expire(engine)
    for job in (first, second):
        assert flow.drive(job).state is JobState.DONE
    assert flow.summary()["delivered"] == 2


def test_a_store_that_refuses_fills_the_spool_and_nothing_is_paid_twice(
    flow: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settlement, "STORE_TRIES", 1)
    store = Path(flow.settings.store_url)
    job, _ = flow.submit(flow.catalog(TEXTS))
    shutil.rmtree(store)
    store.write_text("this is no folder")
    flow.synthesize(job)
    paused = jobs.show(flow.context.database, job)
    assert paused.state is JobState.PAUSED
    assert paused.reason.startswith("store: ")
    calls = flow.provider.calls
    spooled = list(spool.folder(flow.context).glob("*.audio"))
    assert 0 < len(spooled) == calls <= 40
    assert spool.replay(flow.context) == 0  # it still refuses, and nothing is lost
    assert len(list(spool.folder(flow.context).glob("*.audio"))) == calls
    store.unlink()
    assert sweep(flow.context).replayed == calls
    assert list(spool.folder(flow.context).iterdir()) == []
    assert len(objects(flow)) == calls
    control.resume(flow.context, job)
    assert flow.drive(job).state is JobState.DONE
    flow.check()
    assert flow.provider.calls == 40
    assert flow.summary()["unknown"] == {"calls": 0, "usd": "0.000000"}


def test_two_spooled_answers_of_one_text_are_both_booked(
    flow: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine whose lease had expired and its successor both paid, and the store refused both."""
    monkeypatch.setattr(settlement, "STORE_TRIES", 1)
    store = Path(flow.settings.store_url)
    job, _ = flow.submit(flow.catalog(TEXTS[:1]))
    shutil.rmtree(store)
    store.write_text("this is no folder")
    for _ in range(2):
        flow.synthesize(job)
        flow.books.execute("UPDATE speeko.job SET state = 'running'")
        flow.reap_all()
    assert flow.provider.calls == 2
    store.unlink()
    assert spool.replay(flow.context) == 2
    flow.drive(job)
    flow.check()
    assert flow.summary()["calls"] == 2
    assert flow.summary()["unknown"]["calls"] == 0


def test_a_spool_file_that_cannot_be_read_stops_nobody(
    flow: InProcess, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(settlement, "STORE_TRIES", 1)
    store = Path(flow.settings.store_url)
    job, _ = flow.submit(flow.catalog(TEXTS[:5]))
    shutil.rmtree(store)
    store.write_text("this is no folder")
    flow.synthesize(job)
    where = spool.folder(flow.context)
    (where / "0.audio").write_bytes(b"this is none of ours")
    (where / "1.audio.old").write_bytes(b"")
    (where / "7.audio").write_bytes(b'{"job": 1}\n')
    store.unlink()
    assert sweep(flow.context).replayed == 5
    assert sorted(path.suffix for path in where.iterdir()) == [".old", ".unreadable", ".unreadable"]
    assert "0.audio" in caplog.text


def test_delivering_twice_at_once_counts_once(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog(TEXTS[:20]))
    flow.synthesize(job)
    done = together([lambda: chunk_delivery.deliver(flow.context, job, 1)] * 4)
    assert sorted(done) == [False, False, False, True]
    flow.drive(job)
    assert flow.summary()["delivered"] == 20


def test_a_cap_that_the_next_text_would_pass_pauses_the_job(flow: InProcess) -> None:
    long = "A long text that costs a lot. " * 20
    job, _ = flow.submit(flow.catalog([("long", long), ("a", "one"), ("b", "two")]))
    flow.books.execute("UPDATE speeko.job SET budget_micros = 200")
    paused = flow.drive(job)
    assert (paused.state, paused.reserved_micros) == (JobState.PAUSED, 0)
    assert paused.spent_micros <= 200
    assert "budget" in paused.reason
    control.resume(flow.context, job, 10**9)
    assert flow.drive(job).state is JobState.DONE
    flow.check()


def test_a_flipped_bit_is_not_delivered_but_bought_again(flow: InProcess) -> None:
    """The size is as it was: only the sum tells."""
    flow.run(flow.catalog(TEXTS))
    path = objects(flow)[min(objects(flow))]
    audio = bytearray(path.read_bytes())
    audio[len(audio) // 2] ^= 1
    path.unlink()  # the delivered file is a hard link of it
    path.write_bytes(audio)
    flow.output = flow.folder / "second"
    job, _ = flow.submit(flow.catalog(TEXTS))
    paused = flow.drive(job)
    assert (paused.state, kind_of(paused.reason)) == (JobState.PAUSED, PauseKind.STORE)
    assert flow.provider.calls == 40
    control.resume(flow.context, job, buy_again=True)
    assert flow.drive(job).state is JobState.DONE
    assert flow.provider.calls == 41
    delivered = {file.read_bytes() for file in flow.output.rglob("*.mp3")}
    assert bytes(audio) not in delivered
    assert len(delivered) == 40


def test_what_lay_for_an_hour_is_held_against_its_sum(flow: InProcess) -> None:
    """Bought by the same job: delivered at once it is not read again, but a pause may be long."""
    job, _ = flow.submit(flow.catalog(TEXTS))
    flow.synthesize(job)
    path = objects(flow)[min(objects(flow))]
    audio = path.read_bytes()
    path.unlink()
    path.write_bytes(audio[:-1] + bytes([audio[-1] ^ 1]))
    flow.books.execute("UPDATE speeko.utterance SET settled_at = settled_at - interval '1 hour'")
    flow.context.cache.forget_all()
    assert flow.drive(job).state is JobState.PAUSED
    control.resume(flow.context, job, buy_again=True)
    assert flow.drive(job).state is JobState.DONE
    assert flow.provider.calls == 41
    assert {file.read_bytes()[-1:] for file in flow.output.rglob("*.mp3")} == {audio[-1:]}
