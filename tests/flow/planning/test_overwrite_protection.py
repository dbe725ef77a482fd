"""Files that the user put into an output are not overwritten, and an output lies outside of what is kept."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from speeko_jobs.adapters.audio_store import Store
from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.core.catalog import file_names
from speeko_jobs.core.model.states import JobState
from speeko_jobs.errors import CatalogError, ConfigError
from speeko_jobs.flow.planning import submit
from tests.fixtures.inprocess import InProcess

ROWS = [("a", "One."), ("b", "Two."), ("c", "Three.")]
REFUSED = "holds files that no job has delivered there"


def keep(flow: InProcess, name: str, content: str = "mine") -> Path:
    path = flow.output / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


@pytest.mark.parametrize("name", ["a.mp3", *file_names.REPORTS])
def test_a_file_of_the_user_is_refused_at_plan_time_and_overwrite_allows_it(
    flow: InProcess, name: str
) -> None:
    mine = keep(flow, name)
    with pytest.raises(CatalogError, match=rf"{REFUSED} \({name}\)") as refused:
        flow.submit(flow.catalog(ROWS))
    assert "--overwrite" in str(refused.value)
    assert mine.read_text() == "mine"
    assert [p.name for p in flow.output.iterdir()] == [name]  # no mark, either
    assert flow.provider.calls == 0
    assert flow.books.one("SELECT count(*) FROM speeko.job") == 0
    flow.run(flow.catalog(ROWS), {"overwrite": True, "prune": True})
    assert mine.read_bytes() != b"mine"
    assert flow.run(flow.catalog(ROWS), {"prune": True})["unchanged"] == 3  # they are ours from now on


def test_a_refused_plan_leaves_marks_alone_that_others_rely_on(flow: InProcess) -> None:
    """One that was there; and one that was made by the refused job, while another waits for the output."""
    flow.run(flow.catalog(ROWS[:1]))
    mark = (flow.output / file_names.MARK).read_text()
    keep(flow, "c.mp3")
    with pytest.raises(CatalogError, match=REFUSED):
        flow.submit(flow.catalog(ROWS))
    assert (flow.output / file_names.MARK).read_text() == mark
    assert flow.run(flow.catalog(ROWS[:2]))["unchanged"] == 1

    other = flow.folder / "other"
    other.mkdir()
    (other / "a.mp3").write_text("mine")
    spec = flow.spec(output=str(other))
    second: list[int] = []

    def join(_: int) -> None:
        """Create the second job while the first is being planned, as its submitter would."""
        (where,) = flow.books.execute("SELECT max(id) FROM speeko.destination")[0]
        database = flow.context.database
        second.append(database.run(lambda t: jobs.create(t, spec, tenant="shop", destination_id=where)))

    with pytest.raises(CatalogError, match=REFUSED):
        submit.submit(flow.context, spec, flow.orders(flow.catalog(ROWS)), tenant="shop", on_created=join)
    assert (other / file_names.MARK).exists()
    flow.context.database.run(lambda t: jobs.drop(t, second[0]))


def test_the_first_few_of_many_are_listed(flow: InProcess) -> None:
    rows = [(f"r{n:03}", f"Text {n}.") for n in range(90)]
    for row_id, _ in rows:
        keep(flow, f"{row_id}.mp3")
    with pytest.raises(CatalogError, match=r"\(r000.mp3, r001.mp3, r002.mp3 and 87 more\)"):
        flow.submit(flow.catalog(rows))


@pytest.mark.parametrize("kind", ["link", "dangling", "folder", "parent"])
def test_links_and_folders_of_the_user_count(flow: InProcess, kind: str) -> None:
    other = keep(flow, "other.txt")
    place = flow.output / "sub" / "a.mp3"
    if kind == "parent":
        (flow.output / "sub").write_text("a file")
    elif kind == "folder":
        place.mkdir(parents=True)
    else:
        place.parent.mkdir()
        place.symlink_to(other if kind == "link" else flow.output / "nothing")
    with pytest.raises(CatalogError, match=REFUSED):
        flow.submit(flow.catalog(ROWS), {"name": "sub/{id}.{ext}"})
    assert other.read_text() == "mine"


def test_a_file_that_appears_after_the_plan_is_kept_and_its_row_fails(flow: InProcess) -> None:
    """Its text stays bought: moved away, the row costs nothing."""
    job, _ = flow.submit(flow.catalog(ROWS))
    mine = keep(flow, "b.mp3")
    assert flow.drive(job).state is JobState.DONE_WITH_ERRORS
    assert mine.read_text() == "mine"
    (failed,) = flow.table("failed.csv")
    assert failed["id"] == "b"
    assert "no job delivered" in failed["error"]
    mine.unlink()
    summary = flow.run(flow.catalog(ROWS))
    assert (summary["delivered"], summary["unchanged"], summary["calls"]) == (1, 2, 0)


@pytest.mark.parametrize("kind", ["joined", "copied"])
def test_a_file_that_appears_is_kept_where_files_are_written(
    flow: InProcess, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "copied":  # as from another disk
        from speeko_jobs.adapters.audio_store import hard_links

        monkeypatch.setattr(hard_links.HardLinks, "_link", lambda *_: None)
    text = " ".join(f"Sentence number {n} is harmless." for n in range(200)) if kind == "joined" else "Two."
    job, _ = flow.submit(flow.catalog([("a", "One."), ("b", text)]))
    mine = keep(flow, "b.mp3")
    ended = flow.drive(job)
    assert (ended.state, ended.delivered, ended.failed) == (JobState.DONE_WITH_ERRORS, 1, 1)
    assert mine.read_text() == "mine"


def test_what_a_dead_worker_had_placed_is_taken_for_ours(flow: InProcess) -> None:
    """The same bytes under the name, which the database does not know yet."""
    job, _ = flow.submit(flow.catalog(ROWS))
    flow.synthesize(job)
    (audio,) = list(Path(flow.settings.store_url).rglob("*.mp3"))[:1]
    key = audio.stem
    row = next(k for k in flow.provider.bill() if k["key"] == key)
    name = {text: row_id for row_id, text in ROWS}[row["text"]]
    shutil.copyfile(audio, flow.output / f"{name}.mp3")
    assert flow.drive(job).state is JobState.DONE
    assert len(flow.audio_files()) == 3


def test_a_bucket_keeps_what_is_there(flow: InProcess, s3_url: str) -> None:
    output = f"{s3_url}/out"
    bucket = Store(output)
    bucket.put("a.mp3", b"mine")
    with pytest.raises(CatalogError, match=rf"{REFUSED} \(a.mp3\)"):
        flow.submit(flow.catalog(ROWS), {"output": output})
    many = [(f"r{n}", "One.") for n in range(100)]
    bucket.put("r77.mp3", b"mine")
    with pytest.raises(CatalogError, match=rf"{REFUSED} \(r77.mp3\)"):
        flow.submit(flow.catalog(many), {"output": output})
    bucket.delete(["a.mp3"])
    job, _ = flow.submit(flow.catalog(ROWS), {"output": output})
    bucket.put("b.mp3", b"mine")
    ended = flow.drive(job)
    assert (ended.delivered, ended.failed) == (2, 1)
    assert bucket.get("b.mp3") == b"mine"
    with pytest.raises(CatalogError, match=rf"{REFUSED} \(b.mp3\)"):
        flow.submit(flow.catalog(ROWS), {"output": output})
    job, _ = flow.submit(flow.catalog(ROWS), {"output": output, "overwrite": True})
    assert flow.drive(job).state is JobState.DONE
    assert bucket.get("b.mp3") != b"mine"


@pytest.mark.parametrize("overwrite", [False, True])
def test_the_catalog_is_never_turned_into_audio(flow: InProcess, overwrite: bool) -> None:
    flow.output.mkdir()
    source = flow.catalog([("cat.csv", "One."), ("b", "Two.")], name="out/cat.csv")
    before = Path(source).read_bytes()
    with pytest.raises(CatalogError, match=r"cat\.csv"):
        flow.submit(source, {"name": "{id}", "overwrite": overwrite})
    assert Path(source).read_bytes() == before
    assert flow.provider.calls == 0


@pytest.mark.parametrize("row_id", [*file_names.REPORTS, "Manifest.CSV", "SUMMARY.json"])
def test_a_row_that_is_named_like_a_report_is_refused_and_the_others_are_spoken(
    flow: InProcess, row_id: str
) -> None:
    summary = flow.run(flow.catalog([(row_id, "One."), ("b", "Two.")]), {"name": "{id}"})
    assert (summary["delivered"], summary["refused"]) == (1, 1)
    assert "the name of a report" in flow.table("failed.csv")[0]["error"]
    assert [line["id"] for line in flow.manifest()] == [row_id, "b"]


def test_a_name_below_a_folder_may_be_that_of_a_report(flow: InProcess) -> None:
    flow.run(flow.catalog([("manifest.csv", "One.")]), {"name": "sub/{id}"})
    assert (flow.output / "sub" / "manifest.csv").is_file()


def test_an_output_of_an_earlier_job_is_ours_whatever_was_deleted_in_it(flow: InProcess) -> None:
    """One file is deleted: it alone is delivered again, and the others and the reports are still ours."""
    flow.run(flow.catalog(ROWS))
    (flow.output / "a.mp3").unlink()
    summary = flow.run(flow.catalog(ROWS))
    assert (summary["delivered"], summary["unchanged"], summary["calls"]) == (1, 2, 0)
    for path in flow.output.glob("*.*"):
        path.unlink()  # as `rm *` does: the mark stays
    assert flow.run(flow.catalog(ROWS))["delivered"] == 3


def test_suffixed_names_of_an_earlier_run_are_ours(flow: InProcess) -> None:
    twice = [*ROWS, ("a", "Another one.")]
    flow.run(flow.catalog(twice), on_duplicate_id="suffix")
    assert "a-2.mp3" in flow.audio_files()
    flow.run(flow.catalog(twice), on_duplicate_id="suffix")
    keep(flow, "b-2.mp3")
    with pytest.raises(CatalogError, match=rf"{REFUSED} \(b-2.mp3\)"):
        flow.submit(flow.catalog([*twice, ("b", "Again.")]), on_duplicate_id="suffix")


@pytest.mark.parametrize("where", ["home", "home/x", "store", "store/audio/x", ".", "link"])
def test_an_output_inside_what_is_kept_is_refused(flow: InProcess, where: str) -> None:
    other = flow.again(store=str(flow.folder / "store"))
    other.output = flow.folder / where
    if where == "link":
        other.output.symlink_to(flow.folder / "home")
    with pytest.raises(ConfigError, match=r"--output .* (is inside|holds)"):
        other.submit(other.catalog(ROWS))
    assert jobs.newest(other.context.database) == []


def test_a_bucket_may_hold_store_and_output_side_by_side(flow: InProcess, s3_url: str) -> None:
    far = flow.again(store=s3_url)
    for output in (s3_url, f"{s3_url}/audio", f"{s3_url}/jobs/x"):
        with pytest.raises(ConfigError, match="is inside the audio store"):
            far.submit(far.catalog(ROWS), {"output": output})
    job, _ = far.submit(far.catalog(ROWS), {"output": f"{s3_url}/out"})
    assert far.drive(job).state is JobState.DONE
