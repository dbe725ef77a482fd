"""Audio in one format serves others: what is lossless serves all, what is lossy on request."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile

from speeko_jobs.core.audio.transcode import Delivered, render
from speeko_jobs.core.catalog.file_names import audio_path
from speeko_jobs.core.model.cache_key import KeyMaker, SpeechEngine
from speeko_jobs.core.model.states import JobState
from speeko_jobs.core.reporting.explained_row import AudioOrigin
from speeko_jobs.errors import ConfigError
from speeko_jobs.flow.cache.eviction import EvictionOptions, Tier, evict
from speeko_jobs.flow.lifecycle import control
from speeko_jobs.flow.planning import planner
from speeko_jobs.flow.reporting import row_explanation
from speeko_jobs.flow.reporting.row_audio import find_audio
from tests.fixtures.inprocess import InProcess

ROWS = [("a", "The first text."), ("b", "The second text."), ("c", "The first text.")]
CODECS = {"mp3": "MPEG_LAYER_III", "wav": "PCM_16", "flac": "PCM_16", "ogg": "VORBIS", "opus": "OPUS"}
VOICE = "kokoro-professional"


def key(text: str, format: str) -> bytes:
    return KeyMaker(SpeechEngine("speeko", "kokoro", format)).key(text, VOICE, "")


def stored(flow: InProcess, text: str, format: str) -> bytes:
    return flow.context.store_of(flow.settings.store_url).get(audio_path(key(text, format), format))


def remember_nothing(flow: InProcess) -> None:
    flow.context.cache.forget_all()


@pytest.mark.parametrize("forget", [lambda _: None, remember_nothing], ids=["in Redis", "in Postgres"])
def test_what_was_bought_as_wav_serves_every_format(
    flow: InProcess, forget: Callable[[InProcess], None]
) -> None:
    source = flow.catalog(ROWS)
    assert flow.run(source, {"format": "wav"})["calls"] == 2
    for format in ("mp3", "opus", "flac", "ogg"):
        forget(flow)
        told = flow.estimate(source, {"format": format})
        assert (told.cached, told.reused, told.to_buy, told.cost_micros) == (2, 2, 0, 0)
        assert told.unique_texts == 2
        summary = flow.run(source, {"format": format})
        assert (summary["delivered"], summary["calls"], summary["reused"]) == (3, 0, 3)
        assert summary["sources"]["cache"] == 3
        made = flow.output / f"a.{format}"
        assert soundfile.info(str(made)).subtype == CODECS[format]
        assert made.read_bytes() == render([stored(flow, ROWS[0][1], "wav")], "wav", Delivered(format)).audio
        line = flow.manifest()[0]
        assert (line["bytes"], line["key"]) == (made.stat().st_size, key(ROWS[0][1], "wav").hex())
    assert flow.provider.calls == 2


def test_a_run_with_the_same_options_finds_its_files_unchanged(flow: InProcess) -> None:
    source = flow.catalog(ROWS)
    flow.run(source, {"format": "flac"})
    flow.run(source, {"format": "mp3"})
    before = {path.name: path.stat().st_ino for path in flow.output.glob("*.mp3")}
    again = flow.run(source, {"format": "mp3"})
    assert (again["unchanged"], again["delivered"], again["changes"]) == (3, 0, {"unchanged": 3})
    # also when the audio that they were made from is gone: nothing is bought for files that are there
    evict(flow.context, EvictionOptions(Tier.STORE, fraction=1.0))
    assert flow.run(source, {"format": "mp3"})["unchanged"] == 3
    assert flow.run(source, {"format": "mp3", "reuse": "none"})["unchanged"] == 3
    assert {path.name: path.stat().st_ino for path in flow.output.glob("*.mp3")} == before
    assert flow.provider.calls == 2


def test_its_own_format_comes_first(flow: InProcess) -> None:
    source = flow.catalog(ROWS)
    for format in ("wav", "mp3"):
        flow.run(source, {"format": format, "reuse": "none"})
    told = flow.estimate(source, {"format": "mp3", "output": str(flow.folder / "new")})
    assert (told.cached, told.reused) == (2, 0)
    flow.run(source, {"format": "mp3"})
    assert (flow.output / "a.mp3").read_bytes() == stored(flow, ROWS[0][1], "mp3")


@pytest.mark.parametrize(
    ("bought", "wanted", "reuse", "calls"),
    [
        ("mp3", "opus", "lossless", 2),
        ("mp3", "opus", "lossy", 0),
        ("mp3", "wav", "lossy", 2),  # a lossless file of lossy sound would tell a lie
        ("opus", "flac", "lossy", 2),
        ("flac", "wav", "lossless", 0),
        ("wav", "flac", "lossy", 0),
        ("wav", "mp3", "none", 2),
        ("opus", "mp3", "none", 2),
    ],
)
def test_what_may_serve_what(flow: InProcess, bought: str, wanted: str, reuse: str, calls: int) -> None:
    source = flow.catalog(ROWS)
    flow.run(source, {"format": bought})
    spec = {"format": wanted, "reuse": reuse}
    told = flow.estimate(source, spec)
    billed = flow.provider.micros
    assert (told.calls, flow.run(source, spec)["calls"]) == (calls, calls)
    assert flow.provider.micros - billed == told.cost_micros
    assert soundfile.info(str(flow.output / f"a.{wanted}")).subtype == CODECS[wanted]


def test_the_bill_is_the_estimate_where_only_some_texts_are_there(flow: InProcess) -> None:
    flow.run(flow.catalog(ROWS[:1]), {"format": "flac"})
    flow.run(flow.catalog([("d", "In both formats.")]), {"format": "mp3"})
    source = flow.catalog([*ROWS, ("d", "In both formats."), ("e", "A new one.")])
    spec = {"format": "mp3"}
    told, billed = flow.estimate(source, spec), flow.provider.micros
    assert (told.unique_texts, told.cached, told.reused, told.to_buy) == (4, 2, 1, 2)
    summary = flow.run(source, spec)
    assert (summary["calls"], summary["reused"]) == (2, 2)
    assert flow.provider.micros - billed == told.cost_micros


def test_sentences_of_one_row_may_come_from_both_formats(flow: InProcess) -> None:
    """The parts are decoded anyway: each comes from where it is."""
    spec: dict[str, Any] = {"segments": "sentence"}
    flow.run(flow.catalog([("a", "First sentence. Second one.")]), spec | {"format": "flac"})
    flow.run(flow.catalog([("b", "Third sentence.")]), spec | {"format": "mp3"})
    source = flow.catalog([("all", "Third sentence. First sentence. Second one. A fourth one.")])
    told = flow.estimate(source, spec | {"format": "mp3"})
    assert (told.cached, told.reused, told.to_buy) == (3, 2, 1)
    summary = flow.run(source, spec | {"format": "mp3"})
    assert (summary["calls"], summary["reused"]) == (1, 1)
    parts = [
        (stored(flow, text, format), format)
        for text, format in (
            ("Third sentence.", "mp3"),
            ("First sentence.", "flac"),
            ("Second one.", "flac"),
            ("A fourth one.", "mp3"),
        )
    ]
    made = soundfile.info(str(flow.output / "all.mp3"))
    expected = render([audio for audio, _ in parts], "mp3", Delivered("mp3")).audio
    assert (flow.output / "all.mp3").read_bytes() == expected
    assert made.subtype == "MPEG_LAYER_III"
    assert flow.run(source, spec | {"format": "mp3"})["unchanged"] == 1


def test_a_levelled_file_and_one_in_a_format_that_is_always_made(flow: InProcess) -> None:
    source = flow.catalog(ROWS)
    flow.run(source, {"format": "wav"})
    summary = flow.run(source, {"format": "mp3", "loudness": -20.0})
    assert (summary["calls"], summary["reused"]) == (0, 3)
    expected = render([stored(flow, ROWS[0][1], "wav")], "wav", Delivered("mp3", -20.0)).audio
    assert (flow.output / "a.mp3").read_bytes() == expected
    assert flow.run(source, {"format": "mp3", "loudness": -20.0})["unchanged"] == 3


def test_audio_that_an_open_job_is_served_from_is_not_evicted(flow: InProcess) -> None:
    source = flow.catalog(ROWS)
    flow.run(source, {"format": "wav"})
    job, _ = flow.submit(source, {"format": "mp3"})
    assert evict(flow.context, EvictionOptions(Tier.STORE, fraction=1.0)).entries == 0
    flow.drive(job)
    assert flow.summary()["calls"] == 0
    assert evict(flow.context, EvictionOptions(Tier.STORE, fraction=1.0)).entries == 2


def test_damaged_audio_in_another_format_never_leaves(flow: InProcess) -> None:
    """It is bought again under its own key, in its own format, and converted."""
    source = flow.catalog(ROWS[:1])
    flow.run(source, {"format": "flac"})
    good = stored(flow, ROWS[0][1], "flac")
    store = flow.context.store_of(flow.settings.store_url)
    store.put(audio_path(key(ROWS[0][1], "flac"), "flac"), good[:-40] + bytes(40))
    job, _ = flow.submit(source, {"format": "mp3"})
    assert flow.drive(job).state is JobState.PAUSED  # past its plan nothing is bought unasked
    control.resume(flow.context, job, buy_again=True)
    flow.drive(job)
    summary = flow.summary()
    assert (summary["calls"], summary["reused"]) == (1, 1)
    assert flow.provider.bill()[-1]["format"] == "flac"
    assert (flow.output / "a.mp3").read_bytes() == render([good], "flac", Delivered("mp3")).audio


def test_nobody_waits_for_a_sibling_that_is_being_bought(flow: InProcess) -> None:
    flow.run(flow.catalog([("x", "Some other text.")]), {"format": "wav"})
    source = flow.catalog(ROWS)
    flow.submit(source, {"format": "wav"})  # nothing of it is bought yet
    told = flow.estimate(source, {"format": "mp3"})
    assert (told.to_buy, told.in_flight, told.reused) == (2, 0, 0)


def test_two_speeds_and_two_voices_do_not_serve_each_other(flow: InProcess) -> None:
    source = flow.catalog(ROWS)
    flow.run(source, {"format": "wav"})
    for other in ({"speed": 1.25}, {"voice": "kokoro-friendly"}):
        told = flow.estimate(source, {"format": "mp3", **other})
        assert (told.to_buy, told.reused) == (2, 0)


def test_explain_tells_the_format_that_it_is_converted_from(flow: InProcess) -> None:
    source = flow.catalog(ROWS)
    flow.run(source, {"format": "wav"})
    orders = planner.CatalogOptions((source,))
    found = row_explanation.explain(flow.context, flow.spec(format="opus"), orders, row=2)
    assert [(part.origin, part.detail) for part in found.parts] == [(AudioOrigin.REUSED, "wav")]
    assert found.cost_micros == 0
    found = row_explanation.explain(flow.context, flow.spec(format="opus", reuse="none"), orders, row=2)
    assert [part.origin for part in found.parts] == [AudioOrigin.TO_BUY]


def test_a_word_that_says_nothing_is_refused(flow: InProcess) -> None:
    with pytest.raises(ConfigError, match="--reuse takes lossless, lossy, none, not 'all'"):
        flow.spec(reuse="all")


def test_keys_of_a_job_do_not_depend_on_reuse(flow: InProcess, tmp_path: Path) -> None:
    source = flow.catalog(ROWS)
    flow.run(source, {"format": "mp3", "reuse": "lossy"})
    told = flow.estimate(source, {"format": "mp3", "reuse": "none", "output": str(tmp_path / "new")})
    assert (told.cached, told.to_buy) == (2, 0)


def test_a_row_that_was_converted_is_heard_as_it_was_delivered_or_as_it_was_bought(flow: InProcess) -> None:
    source = flow.catalog(ROWS)
    flow.run(source, {"format": "wav"})
    job, _ = flow.submit(source, {"format": "mp3"})
    flow.drive(job)

    def heard() -> tuple[str, bytes]:
        found = find_audio(flow.context, job, 1)
        assert found is not None
        return found.type, b"".join(found.read(0, found.size_bytes))

    assert heard() == ("audio/mpeg", (flow.output / "a.mp3").read_bytes())
    (flow.output / "a.mp3").unlink()
    assert heard() == ("audio/wav", stored(flow, ROWS[0][1], "wav"))
