"""Known texts whose audio is gone from the store: priced by the plan, never bought past it, found again."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from speeko_jobs.adapters.audio_store import Store
from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.core.catalog.file_names import audio_path, earlier_audio_path
from speeko_jobs.core.model.pause_reasons import PauseKind, kind_of
from speeko_jobs.core.model.states import JobState
from speeko_jobs.errors import BudgetError, StoreError
from speeko_jobs.flow.cache import integrity, missing_audio
from speeko_jobs.flow.cache.missing_audio import SAMPLE_KEYS, KeySample
from speeko_jobs.flow.lifecycle import control
from speeko_jobs.flow.planning import submit
from tests.fixtures.books import broken_rules
from tests.fixtures.inprocess import InProcess

ROWS = [(f"r{n}", f"This is text number {n} of the catalog.") for n in range(60)]


@pytest.fixture
def bought(flow: InProcess) -> InProcess:
    """A catalog that is bought, and an output in which nothing of it lies."""
    flow.run(flow.catalog(ROWS))
    flow.output = flow.folder / "second"
    return flow


def keys(flow: InProcess, state: str = "done") -> list[bytes]:
    rows = flow.books.execute("SELECT key FROM speeko.utterance WHERE state = %s ORDER BY key", [state])
    return [key for (key,) in rows]


def files(flow: InProcess) -> dict[bytes, Path]:
    root = Path(flow.settings.store_url)
    return {key: root / audio_path(key, "mp3") for key in keys(flow)}


def aside(flow: InProcess, name: str = "aside") -> Path:
    """Take the store away, as a disk that is not mounted; where it is."""
    root = Path(flow.settings.store_url)
    return root.rename(root.with_name(name))


def back(flow: InProcess, where: Path) -> None:
    root = Path(flow.settings.store_url)
    shutil.rmtree(root, ignore_errors=True)
    where.rename(root)


def check(flow: InProcess) -> None:
    """Every sum holds, but that some texts were paid for twice, as is told."""
    broken = set(broken_rules(flow.books)) - {
        "a text is paid once, and once more for each unknown or bad call"
    }
    assert broken == set()
    spent = flow.books.one("SELECT sum(spent_micros)::bigint FROM speeko.job")
    assert spent == flow.provider.micros


def assert_paused(flow: InProcess, job: int) -> str:
    paused = flow.drive(job)
    assert (paused.state, kind_of(paused.reason)) == (JobState.PAUSED, PauseKind.STORE)
    return paused.reason


def test_a_store_of_the_earlier_layout_is_nothing_to_buy(bought: InProcess) -> None:
    """What schema 0010 brought: the estimate said $0.00 and the run bought all again."""
    root = Path(bought.settings.store_url)
    for key, file in files(bought).items():
        earlier = root / (earlier_audio_path(audio_path(key, "mp3")) or "")
        earlier.parent.mkdir(parents=True, exist_ok=True)
        file.rename(earlier)
    source = bought.catalog(ROWS)
    plan = bought.estimate(source)
    assert (plan.cached, plan.to_buy, plan.gone, plan.cost_micros) == (60, 0, 0, 0)
    summary = bought.run(source)
    assert (summary["delivered"], summary["calls"], summary["cost_usd"]) == (60, 0, "0.000000")
    assert bought.provider.calls == 60
    assert all(file.is_file() for file in files(bought).values())  # moved as they were met
    assert integrity.verify(bought.context).gone == []


def test_what_is_gone_is_priced_and_bought_within_the_plan(bought: InProcess) -> None:
    source = bought.catalog(ROWS)
    gone_keys = list(files(bought))[::4]
    prices = dict(bought.books.execute("SELECT key, cost_micros FROM speeko.utterance"))
    price = sum(prices[key] for key in gone_keys)
    for key in gone_keys:
        files(bought)[key].unlink()
    plan = bought.estimate(source)
    assert (plan.unique_texts, plan.cached, plan.to_buy, plan.calls) == (60, 45, 15, 15)
    assert (plan.gone, plan.gone_micros, plan.cost_micros) == (15, price, price)
    assert plan.to_json()["gone_usd"] == f"{price / 1e6:.6f}"
    assert any("15 known texts are gone from the store" in note for note in plan.notes)
    assert len(keys(bought)) == 60  # an estimate changes nothing

    with pytest.raises(BudgetError, match="this catalog costs"):
        submit.submit(
            bought.context, bought.spec(), bought.orders(source), tenant="shop", budget_micros=price - 1
        )
    assert bought.provider.calls == 60
    job, _ = bought.submit(source)
    assert bought.drive(job).state is JobState.DONE
    check(bought)
    summary = bought.summary()
    assert (summary["calls"], summary["gone"]) == (15, 15)
    assert summary["cost_usd"] == summary["planned_cost_usd"] == summary["gone_usd"] == f"{price / 1e6:.6f}"
    assert Counter(e["key"] for e in bought.provider.bill()) == {
        key.hex(): 2 if key in gone_keys else 1 for key in prices
    }
    assert bought.estimate(source, {"output": str(bought.folder / "third")}).gone == 0


@pytest.mark.parametrize("how", ["gone", "empty folder", "another store"])
def test_a_store_that_has_nothing_of_it_is_refused(bought: InProcess, how: str) -> None:
    where = aside(bought)
    if how != "gone":
        Path(bought.settings.store_url).mkdir()
    if how == "another store":
        Store(bought.settings.store_url).put(audio_path(b"\1" * 32, "mp3"), b"of somebody else")
    source = bought.catalog(ROWS)
    assert bought.estimate(source).gone == 60
    what = "holds other audio" if how == "another store" else "is empty"
    with pytest.raises(StoreError, match=f"{what} though the database knows 60 texts") as error:
        bought.submit(source)
    assert "--buy-again buys them again for $0.0" in str(error.value)
    assert bought.books.one("SELECT count(*) FROM speeko.job") == 1  # nothing was started
    assert len(keys(bought)) == 60
    back(bought, where)
    assert bought.run(source)["calls"] == 0


def test_the_line_names_the_store_that_was_bought_into(bought: InProcess) -> None:
    with pytest.raises(StoreError, match="bought into") as error:
        bought.submit(bought.catalog(ROWS), {"store": str(bought.folder / "wrong")})
    assert bought.settings.store_url in str(error.value)


def test_a_store_that_goes_away_pauses_the_job_and_costs_nothing(bought: InProcess) -> None:
    job, plan = bought.submit(bought.catalog(ROWS))
    assert plan.cost_micros == 0
    where = aside(bought)
    Path(bought.settings.store_url).mkdir()  # the mount point stays
    reason = assert_paused(bought, job)
    assert f"speeko resume {job} --buy-again" in reason
    assert bought.settings.store_url in reason
    assert len(keys(bought)) == 60  # known as before
    control.resume(bought.context, job)
    assert_paused(bought, job)
    back(bought, where)
    control.resume(bought.context, job)
    assert bought.drive(job).state is JobState.DONE
    assert bought.provider.calls == 60
    assert bought.summary()["sources"]["cache"] == 60
    check(bought)


def test_resume_may_buy_what_is_gone(bought: InProcess) -> None:
    job, _ = bought.submit(bought.catalog(ROWS))
    lost = list(files(bought))[:7]
    for key in lost:
        files(bought)[key].unlink()
    assert "known text" in assert_paused(bought, job)  # those of the first chunk that met some
    assert bought.provider.calls == 60
    control.resume(bought.context, job, buy_again=True)
    assert bought.drive(job).state is JobState.DONE
    assert bought.provider.calls == 67
    summary = bought.summary()
    assert (summary["delivered"], summary["calls"], summary["gone"]) == (60, 7, 7)
    assert summary["gone_usd"] == summary["cost_usd"]
    check(bought)


def test_audio_that_is_there_again_is_not_bought(bought: InProcess) -> None:
    """The store was away while a plan was made, and is mounted before the job runs."""
    source = bought.catalog(ROWS)
    where = aside(bought)
    job, plan = bought.submit(source, {"buy_again": True})
    assert plan.gone == len(keys(bought, "missing")) == 60
    back(bought, where)
    assert bought.drive(job).state is JobState.DONE
    assert bought.provider.calls == 60
    summary = bought.summary()
    assert (summary["delivered"], summary["calls"], summary["cost_usd"]) == (60, 0, "0.000000")
    check(bought)


def test_the_store_of_another_job_is_left_alone(bought: InProcess) -> None:
    """Bought again into a second store: what lies in the first is not deleted."""
    second = str(bought.folder / "second-store")
    job, _ = bought.submit(bought.catalog(ROWS), {"store": second, "buy_again": True})
    assert bought.drive(job).state is JobState.DONE
    assert bought.provider.calls == 120
    assert all(file.is_file() for file in files(bought).values())


def test_what_goes_after_the_plan_by_other_hands_pauses_too(bought: InProcess) -> None:
    """`cache verify` forgets it while a job waits that was planned with it."""
    job, _ = bought.submit(bought.catalog(ROWS))
    lost = list(files(bought))[:3]
    for key in lost:
        files(bought)[key].unlink()
    assert integrity.verify(bought.context).gone == lost
    assert "known text" in assert_paused(bought, job)
    assert bought.provider.calls == 60
    control.resume(bought.context, job)
    assert_paused(bought, job)
    control.resume(bought.context, job, buy_again=True)
    assert bought.drive(job).state is JobState.DONE
    assert bought.provider.calls == 63
    check(bought)


def test_what_verify_forgot_is_found_again(bought: InProcess) -> None:
    job, _ = bought.submit(bought.catalog(ROWS))
    where = aside(bought)
    Path(bought.settings.store_url).mkdir()
    assert len(integrity.verify(bought.context).gone) == 60
    back(bought, where)
    assert bought.drive(job).state is JobState.DONE
    assert bought.provider.calls == 60
    check(bought)


def test_a_cancelled_job_ends_though_its_audio_is_gone(bought: InProcess) -> None:
    job, _ = bought.submit(bought.catalog(ROWS))
    for file in files(bought).values():
        file.unlink()
    assert_paused(bought, job)
    control.cancel(bought.context, job)
    assert bought.drive(job).state is JobState.CANCELLED
    assert bought.provider.calls == 60


def test_what_is_unchanged_needs_no_store(flow: InProcess) -> None:
    source = flow.catalog(ROWS)
    flow.run(source)
    aside(flow)
    plan = flow.estimate(source)
    assert plan.gone == 60  # without a destination all would be delivered
    job, plan = flow.submit(source)
    assert (plan.gone, plan.cost_micros) == (0, 0)
    assert flow.drive(job).unchanged == 60
    assert flow.provider.calls == 60


def test_rows_that_are_left_out_are_not_priced(bought: InProcess) -> None:
    for file in files(bought).values():
        file.unlink()
    twice = [*ROWS[:20], *((name, ROWS[40 + n][1]) for n, (name, _) in enumerate(ROWS[:20]))]
    plan = bought.estimate(bought.catalog(twice), on_duplicate_id="first")
    assert (plan.gone, plan.to_buy, plan.skipped) == (20, 20, 20)


def test_a_sample_has_all_of_few_and_some_of_many() -> None:
    sample = KeySample()
    for n in range(4):
        sample.add([bytes([n, m]) for m in range(16)])
    assert len(set(sample.keys)) == sample.seen == SAMPLE_KEYS == 64
    for n in range(4, 104):
        sample.add([bytes([n, m]) for m in range(200)])
    assert (len(sample.keys), sample.seen) == (64, 64 + 100 * 200)
    # 64 of the first keys among 20,064: by chance one in five samples holds any, and no more than a few
    assert sum(key[0] < 4 for key in sample.keys) < 8
    assert len({key[0] for key in sample.keys}) > 20


def test_looking_is_in_batches(bought: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(missing_audio, "AT_ONCE", 7)
    for file in list(files(bought).values())[1:]:
        file.unlink()
    job, plan = bought.submit(bought.catalog(ROWS))
    assert (plan.gone, plan.cached) == (59, 1)
    assert bought.drive(job).state is JobState.DONE
    assert jobs.show(bought.context.database, job).plan["gone"] == 59
    assert bought.provider.calls == 119


def test_doctor_looks_at_a_sample_of_all_that_is_known(bought: InProcess) -> None:
    assert "has what was bought: 60 known texts" in missing_audio.in_store(bought.context)
    for file in list(files(bought).values())[::2]:
        file.unlink()
    with pytest.raises(StoreError, match=r"^of 60 known texts drawn .* 30 are gone from .* not mounted"):
        missing_audio.in_store(bought.context)


def test_verify_lists_what_is_on_no_record_and_adopts_what_was_taken_for_gone(bought: InProcess) -> None:
    store = bought.context.store_of(bought.settings.store_url)
    stranger = audio_path(b"\2" * 32, "mp3")
    store.put_many([(stranger, b"of nobody"), ("audio/readme.txt", b"no audio")])
    first = next(iter(files(bought)))
    double = earlier_audio_path(audio_path(first, "mp3")) or ""
    store.put(double, store.get(audio_path(first, "mp3")))
    where = aside(bought)
    Path(bought.settings.store_url).mkdir()
    found = integrity.verify(bought.context)
    assert (len(found.gone), found.orphans.unknown) == (60, 0)
    back(bought, where)
    found = integrity.verify(bought.context)
    assert (found.entries, found.orphans.adopted, found.orphans.unknown) == (0, 60, 2)
    assert set(found.orphans.paths) == {stranger, double}
    assert integrity.verify(bought.context).entries == len(keys(bought)) == 60
    assert store.get(stranger) == b"of nobody"  # nothing is deleted
    assert integrity.verify(bought.context, sample=5).orphans.unknown == 0
