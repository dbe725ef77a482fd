"""What a job keeps of its choice: the same for ever, and the next job's as long as it will do."""

from __future__ import annotations

import dataclasses
import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speeko_jobs.adapters.voice_files import read_voices
from speeko_jobs.core.model import cache_key
from speeko_jobs.core.providers.profiles import PROFILES
from speeko_jobs.core.voices import rules as routing_rules
from speeko_jobs.core.voices.cheapest_voice import RoutingRequest
from speeko_jobs.core.voices.routing import Routing, from_json, saved_micros
from speeko_jobs.core.voices.voice_catalog import Voice
from speeko_jobs.errors import ConfigError
from tests.fixtures.voices import LANGUAGES, MILLIS, REQUESTS, a_voice, asked, possible, some_voices

SEED = read_voices()["speeko"]
PROFESSIONAL, FRIENDLY, FAST = "kokoro-professional", "kokoro-friendly", "kokoro-low-latency"


def test_rows_of_other_languages_have_other_voices() -> None:
    routing = Routing(read_voices()["kokoro-fastapi"], asked())
    assert [routing.choose(tag).name for tag in ("", "en", "en-GB", "fr-CA")] == [
        "af_heart", "af_heart", "bf_emma", "ff_siwis",
    ]  # fmt: skip
    assert dict(routing.choices()) == {
        "": "af_heart", "en": "af_heart", "fr": "ff_siwis", "fr-*": "ff_siwis",
        **{f"en-{region}{more}": "af_heart" for region in ("us", "ca", "ph") for more in ("", "-*")},
        **{f"en-{r}{more}": "bf_emma" for r in ("gb", "au", "ie", "in", "nz", "za") for more in ("", "-*")},
    }  # fmt: skip


@settings(deadline=None)
@given(some_voices(1), REQUESTS, LANGUAGES, st.data())
def test_a_destination_keeps_its_voice_whatever_is_added_or_learned(
    voices: list[Voice], request: RoutingRequest, language: str, data: st.DataObject
) -> None:
    """The next job: new voices, prices and latencies; the voice stays as long as it is what it said."""
    voices = [dataclasses.replace(v, learned_millis=None) for v in voices]
    request, language = possible(voices, request, language)
    before = Routing(tuple(voices), request)
    chosen = before.choose(language).name
    new = [data.draw(a_voice("w0")), data.draw(a_voice("w1"))]
    seen = [dataclasses.replace(v, learned_millis=data.draw(st.none() | MILLIS)) for v in voices]
    after = Routing((*new, *seen), request, (), before.choices())
    assert after.choose(language).name == chosen
    more = (data.draw(a_voice("w2")), *new, *seen)
    again = Routing(more, request, (), after.choices())
    assert again.choose(language).name == chosen


@settings(deadline=None)
@given(some_voices(1), REQUESTS, st.booleans())
def test_a_routing_survives_json(voices: list[Voice], request: RoutingRequest, given: bool) -> None:
    rules = routing_rules.read("r", '[[rule]]\nwhen = {price = {below = 5}, sku = ["a", 1]}\nvoice = "auto"')
    routing = Routing(tuple(voices), request if given else None, rules, (("", "v0"),), given)
    assert from_json(json.loads(json.dumps(routing.to_json()))) == routing


@pytest.mark.parametrize(
    ("auto", "named", "language", "voice"),
    [
        (True, "", "", "af_heart"),
        (True, "", "fr", "ff_siwis"),
        (True, "am_michael", "fr", "am_michael"),
        (False, "", "fr", "own"),
        (False, "auto", "fr", "ff_siwis"),
        (False, "am_michael", "", "am_michael"),
    ],
)
def test_a_cell_or_a_rule_goes_before_the_jobs_own_voice(
    auto: bool, named: str, language: str, voice: str
) -> None:
    routing = Routing(read_voices()["kokoro-fastapi"], asked(), auto=auto)
    assert routing.voice_of(named, "own", language) == voice


def test_a_voice_that_no_longer_is_what_it_said_is_not_kept() -> None:
    request = asked(0.9, 500)
    worse = [dataclasses.replace(v, quality=0.5) if v.name == PROFESSIONAL else v for v in SEED]
    assert Routing(tuple(worse), request, (), (("", PROFESSIONAL),)).choose().name == FRIENDLY
    gone = tuple(v for v in SEED if v.name != PROFESSIONAL)
    assert Routing(gone, request, (), (("", PROFESSIONAL),)).choose().name == FRIENDLY


def test_notes_tell_what_a_user_would_wonder_about() -> None:
    cheap = Voice("cheap", Decimal("0.1"), 10, 0.99)
    kept = Routing((*SEED, cheap), asked(0.9), (), (("", PROFESSIONAL),))
    assert kept.choose().name == PROFESSIONAL
    assert kept.notes() == [
        "kokoro-professional speaks there already and is kept; chosen anew it would be cheap (--reroute)"
    ]
    (note,) = Routing(SEED, asked(0.9, None, "", FRIENDLY)).notes()
    assert note == ("kokoro-friendly is preferred, but kokoro-professional speaks: it is as cheap and better")
    (note,) = Routing(SEED, asked(0.9, None, "narration", FRIENDLY)).notes()
    assert note.endswith("kokoro-friendly does not meet --use-case")
    assert Routing(SEED, asked(0.9, None, "support", FRIENDLY)).notes() == []
    assert Routing(SEED).notes() == []


def test_auto_where_nothing_was_asked_is_an_error_and_not_a_voice() -> None:
    with pytest.raises(ConfigError, match="--voice auto"):
        Routing(SEED).choose()


@pytest.mark.parametrize(
    ("voice", "micros"), [(PROFESSIONAL, 0), (FRIENDLY, 0), (FAST, 3_000), ("premium", -15_000)]
)
def test_the_saving_is_list_price_against_list_price(voice: str, micros: int) -> None:
    premium = Voice("premium", Decimal(2), 1, 1.0)
    profile = Routing((*SEED, premium)).priced(PROFILES["speeko"])
    assert saved_micros(profile, "kokoro", voice, 1_000) == micros


def test_a_key_holds_the_name_of_the_voice_and_none_of_its_figures() -> None:
    """So a voice that is added, or whose figures change, buys nothing again."""
    keys: list[bytes] = []
    for voices in (SEED, (*SEED, Voice("new", Decimal(3), 1, 1.0)), tuple(v.learned(500, 1) for v in SEED)):
        profile = Routing(voices, asked(0.9)).priced(PROFILES["speeko"])
        name = Routing(voices, asked(0.9)).choose().name
        maker = cache_key.KeyMaker(cache_key.SpeechEngine(profile.family, "kokoro", "mp3", "1.0"))
        keys.append(maker.key("Hello", name, "en"))
    assert len(set(keys)) == 1
