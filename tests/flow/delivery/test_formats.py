"""Formats and loudness: bought once, converted on delivery, and delivered again when only that changes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile

from speeko_jobs.core.audio import codec as sound
from speeko_jobs.core.audio import loudness
from speeko_jobs.core.audio.transcode import render
from speeko_jobs.core.model.cache_key import KeyMaker, SpeechEngine
from speeko_jobs.errors import ConfigError
from speeko_jobs.flow.delivery import placement
from tests.fixtures.inprocess import InProcess
from tests.fixtures.metered import MeteredProvider

CODECS = {"mp3": "MPEG_LAYER_III", "wav": "PCM_16", "flac": "PCM_16", "ogg": "VORBIS", "opus": "OPUS"}
LONG = "A text of some length, so that its loudness can be told. " * 2


def codec(path: Path) -> str:
    return str(soundfile.info(str(path)).subtype)


def level(path: Path) -> float:
    return level_of(path.read_bytes())


def level_of(audio: bytes) -> float:
    """The loudness of a file's bytes in LUFS."""
    samples, rate = soundfile.read(io.BytesIO(audio), dtype="float32", always_2d=True)
    return float(loudness.measure([samples], rate).lufs)


@pytest.fixture
def openai(flow: InProcess, tmp_path: Path) -> Iterator[InProcess]:
    """With a provider that has no ogg."""
    folder = tmp_path / "openai"
    folder.mkdir()
    provider = MeteredProvider(folder, profile="openai", fsync=False, ignore_idempotency=True)
    opened = InProcess(
        flow.again(provider="openai", api_url=provider.url, api_key=provider.api_key).settings,
        tmp_path,
        provider,
    )
    yield opened
    opened.close()
    provider.stop()


def test_a_format_that_the_provider_lacks_is_bought_once_in_its_best(openai: InProcess) -> None:
    source = openai.catalog([("a", "One."), ("b", "Two."), ("c", "One.")])
    told = openai.estimate(source, {"format": "ogg"})
    summary = openai.run(source, {"format": "ogg"})
    assert openai.audio_files() == ["a.ogg", "b.ogg", "c.ogg"]
    assert {entry["format"] for entry in openai.provider.bill()} == {"flac"}
    assert {codec(openai.output / name) for name in openai.audio_files()} == {"VORBIS"}
    assert told.cost_micros == openai.provider.micros
    assert summary["calls"] == 2
    for line in openai.manifest():
        info = soundfile.info(str(openai.output / line["path"]))
        assert abs(info.frames / info.samplerate - line["audio_seconds"]) < 0.01
        assert line["bytes"] == (openai.output / line["path"]).stat().st_size
    assert openai.run(source, {"format": "ogg"})["unchanged"] == 3
    assert openai.run(source, {"format": "flac"})["calls"] == 0  # what it was bought in is there, too
    assert openai.provider.calls == 2


def test_without_reuse_a_format_that_the_provider_makes_is_its_own(flow: InProcess) -> None:
    source = flow.catalog([("a", "One."), ("b", "Two.")])
    for bought, format in enumerate(CODECS, 1):
        summary = flow.run(source, {"format": format, "reuse": "none"})
        assert (summary["delivered"], flow.provider.calls) == (2, 2 * bought)
        assert codec(flow.output / f"a.{format}") == CODECS[format]
        assert flow.provider.bill()[-1]["format"] == format
    assert flow.run(source, {"format": "mp3"})["calls"] == 0


@pytest.mark.parametrize("format", ["mp3", "wav"])
def test_another_loudness_delivers_again_and_buys_nothing(flow: InProcess, format: str) -> None:
    source = flow.catalog([("a", LONG), ("b", LONG)])
    flow.run(source, {"format": format})

    def files() -> dict[str, bytes]:
        return {name: (flow.output / name).read_bytes() for name in flow.audio_files()}

    bought = files()
    summary = flow.run(source, {"format": format, "loudness": -16.0})
    levelled = files()
    assert (summary["delivered"], summary["unchanged"], summary["sources"]["cache"]) == (2, 0, 2)
    assert abs(level(flow.output / f"a.{format}") + 16) < 1 < abs(-16 - level_of(bought[f"a.{format}"]))
    summary = flow.run(source, {"format": format, "loudness": -16.04})  # is the same
    assert (summary["delivered"], summary["unchanged"]) == (0, 2)
    flow.run(source, {"format": format})
    assert files() == bought
    flow.run(source, {"format": format, "loudness": -16.0})
    assert files() == levelled
    assert flow.provider.calls == 1


def test_sentences_are_joined_converted_and_levelled_in_one(openai: InProcess) -> None:
    spec: dict[str, Any] = {"format": "ogg", "segments": "sentence", "loudness": -16.0}
    source = openai.catalog([("a", LONG + "One."), ("b", LONG + "Two.")])
    summary = openai.run(source, spec)
    assert summary["calls"] == 3
    store = Path(openai.settings.store_url)
    seconds = {p.stem: sound.seconds_of(p.read_bytes()) for p in store.rglob("*.flac")}
    keys = KeyMaker(SpeechEngine("openai", "tts-1", "flac"))
    for line in openai.manifest():
        parts = [LONG.split(". ")[0] + "."] * 2 + ["One." if line["id"] == "a" else "Two."]
        assert (
            abs(line["audio_seconds"] - sum(seconds[keys.key(part, "alloy", "").hex()] for part in parts))
            < 0.05
        )
        assert abs(level(openai.output / line["path"]) + 16) < 1
    assert openai.run(source, spec)["unchanged"] == 2
    assert openai.run(source, {**spec, "loudness": None})["calls"] == 0


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"loudness": 5.0}, "--loudness takes -50 to -5"),
        ({"loudness": float("nan")}, "--loudness takes"),
        ({"loudness": float("-inf")}, "--loudness takes"),
        ({"format": "aac"}, "--format takes .* not 'aac'"),
    ],
)
def test_what_nobody_can_deliver_is_refused_at_once(
    flow: InProcess, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        flow.spec(**changes)


def test_a_batch_row_may_ask_for_the_format_that_is_delivered(openai: InProcess) -> None:
    path = openai.folder / "batch.jsonl"
    body = '{{"model": "tts-1", "input": "Text {0}.", "voice": "alloy", "response_format": "{1}"}}'
    line = '{{"custom_id": "{1}", "method": "POST", "url": "/v1/audio/speech", "body": {0}}}\n'
    path.write_text("".join(line.format(body.format(format, format), format) for format in ("ogg", "flac")))
    summary = openai.run(str(path), {"format": "ogg"})
    assert (summary["delivered"], summary["refused"]) == (1, 1)
    assert openai.audio_files() == ["ogg.ogg"]


def test_files_are_made_a_turn_at_a_time_and_each_sound_once(
    flow: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes longer than a task may is done in several; no file is made twice."""
    monkeypatch.setattr(placement, "TURN_SECONDS", 0.0)
    made: list[int] = []

    def counted(parts: Any, bought: str, want: Any) -> Any:
        made.append(len(parts))
        return render(parts, bought, want)

    monkeypatch.setattr(placement, "render", counted)
    rows = [(f"r{n}", f"Sentence {n % 2}. And one more.") for n in range(12)]
    source = flow.catalog([*rows, ("s", "One sentence.")])
    job, _ = flow.submit(source, {"segments": "sentence"})
    ended = flow.drive(job)
    assert ended.state == "done"
    flow.check()
    assert made == [2] * 6  # two sounds in each of three chunks
    assert flow.summary()["delivered"] == 13
    assert len(flow.audio_files()) == 13
    lines = {line["id"]: line for line in flow.manifest()}
    assert lines["r0"]["audio_seconds"] == lines["r8"]["audio_seconds"] > 0
    assert (flow.output / "r0.mp3").read_bytes() == (flow.output / "r8.mp3").read_bytes()
    again = flow.run(source, {"segments": "sentence"})
    assert (again["unchanged"], len(made)) == (13, 6)


def test_files_that_peaks_keep_below_the_loudness_are_counted(
    flow: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """-6 LUFS would clip speech; a turn that ends after each file, and a retry, count each file once."""
    monkeypatch.setattr(placement, "TURN_SECONDS", 0.0)
    rows = [(f"r{n}", f"{LONG} Number {n}.") for n in range(4)]
    source = flow.catalog(rows)
    assert flow.run(source, {"loudness": -30.0})["notes"] == []
    summary = flow.run(source, {"loudness": -6.0})
    assert summary["delivered"] == 4
    assert summary["notes"] == [
        "4 files stay below -6 LUFS: more gain would clip the peaks; a lower --loudness makes all files alike"
    ]
    assert all(level(flow.output / name) < -6.5 for name in flow.audio_files())
    assert flow.run(source, {"loudness": -6.0})["notes"] == []  # nothing was made
