"""The planner's look at a destination: one rule with delivery, kinds of change, and what is removed."""

from __future__ import annotations

import itertools
from dataclasses import replace

from speeko_jobs.adapters.postgres import deliveries, jobs, plan_loading
from speeko_jobs.adapters.postgres.deliveries import DeliveredFile
from speeko_jobs.core.catalog.change_detection import SourceFacts, is_unchanged, source_sum
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.job.row_reader import SpokenRow
from speeko_jobs.flow.planning.destination_diff import DestinationDiff
from speeko_jobs.flow.planning.duplicate_ids import FileNameRegistry
from tests.fixtures.books import SPEC, key_of
from tests.fixtures.inprocess import InProcess

KEYS = [key_of("one"), key_of("two")]
FORMS = ["mp3", "mp3; no-store"]


def held(flow: InProcess, files: list[DeliveredFile], form: str = "mp3", spec: JobSpec = SPEC) -> int:
    """A destination with these files; its id."""
    database = flow.context.database
    where = database.run(lambda t: jobs.destination(t, "memory://held", "mark"))
    job = database.run(lambda t: jobs.create(t, spec, tenant="shop", destination_id=where))
    database.run(lambda t: deliveries.hold(t, where, job, files, engine=spec.engine, form=form))
    return where


def row(no: int, text: str, voice: str = SPEC.voice) -> SpokenRow:
    return SpokenRow(no, f"r{no}", f"r{no}.mp3", voice, "", len(text), (key_of(text),), (text,), text)


def file_of(one: SpokenRow) -> DeliveredFile:
    return DeliveredFile(one.path, one.keys[0], 100, 500, source_sum(one.source), one.voice, one.language)


def test_the_statement_and_the_rule_agree(flow: InProcess) -> None:
    database = flow.context.database
    for held_form in FORMS:
        files = [DeliveredFile(f"{n}.mp3", key, 100, 500) for n, key in enumerate(KEYS)]
        where = held(flow, files, form=held_form)
        for wanted, form in itertools.product(KEYS, ["", *FORMS]):
            paths = ["0.mp3", "1.mp3", "not-there.mp3"]
            found = plan_loading.unchanged(database, where, paths, [wanted] * 3, [0] * 3, form)
            by_rule = [
                is_unchanged(content, wanted, held_form=held_form, form=form) for content in (*KEYS, None)
            ]
            assert [at in found for at in range(3)] == by_rule, (held_form, wanted, form)


def test_each_row_is_unchanged_or_says_why_it_is_delivered(flow: InProcess) -> None:
    before = [row(1, "same"), row(2, "before"), row(3, "voice")]
    where = held(flow, list(map(file_of, before)), form=SPEC.form)
    diff = DestinationDiff(flow.context.database, SPEC, where)
    now = [row(1, "same"), row(2, "after"), row(3, "voice", "kokoro-friendly")._replace(keys=(b"k" * 32,)),
           row(4, "new")]  # fmt: skip
    unchanged, changed = diff.look(now)
    assert {at: tuple(same) for at, same in unchanged.items()} == {0: (100, 500, True)}
    assert {at: kind for at, (kind, _) in changed.items()} == {1: "text", 2: "voice", 3: "added"}
    assert changed[3][1] == SourceFacts(source_sum("new"), SPEC.voice, "", SPEC.engine, SPEC.form)
    assert diff.changes(()) == {"added": 1, "text": 1, "voice": 1, "unchanged": 1}


def test_another_text_of_the_same_sound_is_not_delivered(flow: InProcess) -> None:
    where = held(flow, [file_of(row(1, "same"))])
    diff = DestinationDiff(flow.context.database, SPEC, where)
    unchanged, changed = diff.look([row(1, "same")._replace(source="same ")])
    assert (list(unchanged), changed) == ([0], {})
    assert diff.changes(()) == {"same_sound": 1}


def test_rows_left_out_are_taken_off_the_counts(flow: InProcess) -> None:
    where = held(flow, [file_of(row(1, "same"))])
    diff = DestinationDiff(flow.context.database, SPEC, where, may_skip=True)
    diff.look([row(1, "same"), row(3, "new")])  # the second row was refused
    diff.look([row(4, "newer")])
    assert diff.changes({1, 4}) == {"added": 1}


def test_a_bucket_compares_headers_and_a_folder_does_not(flow: InProcess) -> None:
    bucket = replace(SPEC, output="s3://bucket/voices", cache_control="no-store")
    where = held(flow, [file_of(row(1, "same"))], form="mp3")
    database = flow.context.database
    assert DestinationDiff(database, bucket, where).look([row(1, "same")])[1] == {}
    changed = DestinationDiff(database, bucket, where, is_folder=False).look([row(1, "same")])[1]
    assert [kind for kind, _ in changed.values()] == ["headers"]


def test_removed_are_the_held_paths_that_the_catalog_lacks(flow: InProcess) -> None:
    rows = [row(no, f"text {no}") for no in range(1, 6)]
    where = held(flow, list(map(file_of, rows)))
    names = FileNameRegistry()
    names.add([one.path for one in rows[1:4]], [1, 2, 3])
    assert list(DestinationDiff(flow.context.database, SPEC, where).removed(names)) == ["r1.mp3", "r5.mp3"]
    names.close()
