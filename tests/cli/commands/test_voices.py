"""`speeko voices`: the figures that are chosen by, what the provider offers, what calls have taught."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from speeko_cli.options.voice_routing import routing, routing_options_of
from speeko_jobs.adapters.postgres import voice_rates
from speeko_jobs.adapters.postgres.database import Database
from speeko_jobs.adapters.postgres.voice_rates import SpeechRate
from speeko_jobs.core.voices.cheapest_voice import RoutingRequest
from speeko_jobs.flow.planning.voice_routing import RoutingOptions
from speeko_jobs.settings import Settings
from tests.fixtures.database import migrated_template, migrated_url  # noqa: F401

MINE = '[speeko.mine]\nlatency_ms = 10\nquality = 0.5\ncost_multiplier = 0.1\nlanguages = ["de"]\n'


def by_name(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {voice["name"]: voice for voice in document["voices"]}


def test_figures_and_prices_without_a_server(here: Any) -> None:
    code, out, err = here("voices", "--provider", "speeko")
    assert code == 0
    assert err == "the voices that speeko offers are unknown: set SPEEKO_API_URL\n"
    first, *lines = (" ".join(line.split()) for line in out.splitlines())
    assert first == "voice USD a million quality latency use cases"
    assert lines == [
        "kokoro-professional (default) $15.00 0.95 150 ms business, professional, narration",
        "kokoro-friendly $15.00 0.92 150 ms customer-service, casual, support",
        "kokoro-low-latency $12.00 0.88 80 ms real-time, interactive, voice-chat",
    ]


def test_what_the_server_offers_and_what_it_does_not(
    here: Any, metered: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SPEEKO_API_URL", metered.url)
    monkeypatch.setenv("SPEEKO_API_KEY", metered.api_key)
    (tmp_path / "voices.toml").write_text(MINE)
    found = here.json("voices", "--provider", "speeko")
    assert (found["provider"], found["model"], found["default"]) == (
        "speeko",
        "kokoro",
        "kokoro-professional",
    )
    voices = by_name(found)
    assert [name for name, voice in voices.items() if voice["offered"]] == list(voices)[:3]
    assert voices["mine"] == {
        "name": "mine",
        "usd_per_million_chars": "1.5",
        "quality": 0.5,
        "latency_ms": 10,
        "declared_latency_ms": 10,
        "learned_latency_ms": None,
        "calls": 0,
        "use_cases": [],
        "languages": ["de"],
        "offered": False,
    }
    code, out, _ = here("voices", "--provider", "speeko")
    assert code == 0
    assert "(de) not offered" in out
    monkeypatch.setenv("SPEEKO_API_KEY", "wrong")
    code, out, err = here("voices", "--provider", "speeko")
    assert (code, out) == (1, "")
    assert "does not accept the key" in err


@pytest.mark.parametrize(
    ("provider", "model", "voice", "price"),
    [
        ("openai", "tts-1", "alloy", "15"),
        ("openai", "tts-1-hd", "alloy", "30"),
        ("espeak", "", "+f3", "0"),
        ("espeak", "", "de", "0"),
    ],
)
def test_prices_are_of_the_model(
    here: Any, monkeypatch: pytest.MonkeyPatch, provider: str, model: str, voice: str, price: str
) -> None:
    monkeypatch.setenv("SPEEKO_MODEL", model)
    found = by_name(here.json("voices", "--provider", provider))[voice]
    assert (found["usd_per_million_chars"], found["offered"]) == (price, True)


def test_a_contracts_price_is_multiplied(here: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEEKO_PRICE_PER_MILLION", "10.50")
    found = by_name(here.json("voices", "--provider", "speeko"))
    assert found["kokoro-low-latency"]["usd_per_million_chars"] == "8.4"


def test_what_calls_have_taught(here: Any, migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    database = Database(migrated_url)
    speech_rates = [
        SpeechRate("kokoro", "kokoro-friendly", tag, 60, 6_000, 100, 60 * 301) for tag in ("de", "en")
    ]
    database.run(lambda t: voice_rates.add_speech_rates(t, "speeko", speech_rates))
    database.close()
    monkeypatch.setenv("SPEEKO_DATABASE_URL", migrated_url)
    found = by_name(here.json("voices", "--provider", "speeko"))["kokoro-friendly"]
    assert (found["latency_ms"], found["declared_latency_ms"], found["calls"]) == (301, 150, 120)
    assert "301 ms, learned (said 150)" in here("voices", "--provider", "speeko")[1]


def test_a_file_that_is_no_good_is_told_with_its_line(here: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[speeko.x]\nquality = = 1\n")
    code, out, err = here("voices", "--voices-file", "mine.toml")
    assert (code, out) == (1, "")
    assert err.startswith("speeko: mine.toml: not valid TOML")
    assert "line 2" in err
    assert len(err.splitlines()) == 1


# the options that submit, run and estimate take


def said(*words: str) -> RoutingOptions:
    heard: list[RoutingOptions] = []

    @click.command()
    @routing
    def verb(**options: Any) -> None:
        heard.append(routing_options_of(Settings(voice="auto"), options))

    done = CliRunner().invoke(verb, words, standalone_mode=False, catch_exceptions=True)
    if done.exception is not None:
        raise done.exception
    return heard[0]


def test_the_options_are_a_request() -> None:
    assert said() == RoutingOptions(voice="auto")
    words = "--min-quality 0.9 --max-latency-ms 500 --use-case narration --prefer a --prefer b --reroute"
    assert said(*words.split(), "--rules", "r.toml", "--voices-file", "v.toml") == RoutingOptions(
        "auto", RoutingRequest(0.9, 500, "narration", ("a", "b")), "r.toml", "v.toml", True
    )


@pytest.mark.parametrize(
    "words", ["--min-quality 1.1", "--min-quality nan", "--min-quality high", "--max-latency-ms 0"]
)
def test_options_out_of_range(words: str) -> None:
    with pytest.raises(click.UsageError):
        said(*words.split())
