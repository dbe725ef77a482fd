"""How a job's voices are settled: files, what calls have taught, and the voice that a destination has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from speeko_jobs.adapters.postgres import routings, voice_rates
from speeko_jobs.adapters.postgres.database import Database
from speeko_jobs.adapters.postgres.voice_rates import SpeechRate
from speeko_jobs.core.voices.cheapest_voice import RoutingRequest
from speeko_jobs.core.voices.routing import Routing
from speeko_jobs.errors import ConfigError, UsageError
from speeko_jobs.flow.planning.voice_routing import RoutingOptions, learned, route
from tests.fixtures.books import Books
from tests.fixtures.database import database, migrated_template, migrated_url  # noqa: F401

PROFESSIONAL, FRIENDLY, FAST = "kokoro-professional", "kokoro-friendly", "kokoro-low-latency"
QUICK = RoutingRequest(min_quality=0.9, max_latency_millis=500)
CHEAP = "[speeko.cheap]\nlatency_ms = 50\nquality = 0.99\ncost_multiplier = 0.2\n"
DEAR = "[speeko.dear]\nlatency_ms = 50\nquality = 0.99\ncost_multiplier = 2\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def routed(database: Database, language: str = "", **wishes: Any) -> Routing | None:  # noqa: F811
    said = RoutingOptions(**{"voice": "auto", "request": QUICK, **wishes})
    return route(database, said, provider="speeko", model="", output="/out", language=language)


def voice_of(database: Database, **wishes: Any) -> str:  # noqa: F811
    found = routed(database, **wishes)
    assert found is not None
    return found.choose().name


def remember(database: Database, found: Routing | None, output: str = "/out", **changes: Any) -> None:  # noqa: F811
    """A released job whose spec holds that routing."""
    assert found is not None
    spec = {
        "provider": "speeko",
        "model": "kokoro",
        "output": output,
        "routing": found.to_json(),
        **changes,
    }
    Books(database).execute(
        "WITH d AS (INSERT INTO speeko.destination (url, mark) "
        "VALUES (%s, gen_random_uuid()::text) RETURNING id) "
        "INSERT INTO speeko.job (tenant, state, spec, destination_id, submitter_until, released_at) "
        "SELECT 'shop', 'done', %s, d.id, now(), now() FROM d RETURNING id",
        [output, json.dumps(spec)],
    )


def teach(database: Database, calls: int, mean_millis: int, voice: str = PROFESSIONAL, **pace: Any) -> None:  # noqa: F811
    fields = {"model": "kokoro", "language": "en", **pace}
    one = SpeechRate(fields["model"], voice, fields["language"], calls, 100, 100, calls * mean_millis)
    database.run(lambda t: voice_rates.add_speech_rates(t, "speeko", [one]))


def test_a_job_that_chooses_nothing_keeps_nothing(database: Database) -> None:  # noqa: F811
    assert routed(database, voice="", request=RoutingRequest()) is None
    assert routed(database, voice=FRIENDLY, request=RoutingRequest()) is None


def test_a_choice_that_chooses_nothing_is_an_error(database: Database) -> None:  # noqa: F811
    for request, option in (
        (QUICK, "--min-quality and --max-latency-ms choose"),
        (RoutingRequest(prefer=(FRIENDLY,)), "--prefer choose"),
    ):
        with pytest.raises(UsageError, match=option):
            routed(database, voice=FRIENDLY, request=request)


def test_own_prices_are_kept_also_where_nothing_is_chosen(database: Database, folder: Path) -> None:  # noqa: F811
    (folder / "voices.toml").write_text(DEAR)
    found = routed(database, voice="dear", request=RoutingRequest())
    assert found is not None
    assert found.request is None
    (folder / "voices.toml").write_text("[speeko.kokoro-friendly]\nquality = 0.1")
    assert routed(database, voice="dear", request=RoutingRequest()) is None


def test_the_latency_that_calls_had_counts_once_there_are_enough(database: Database) -> None:  # noqa: F811
    assert voice_of(database) == PROFESSIONAL
    teach(database, 60, 900)
    teach(database, 39, 900, language="fr")
    teach(database, 500, 900, model="other")
    assert voice_of(database) == PROFESSIONAL
    teach(database, 1, 900, language="de")
    assert voice_of(database) == FRIENDLY
    found = routed(database)
    assert found is not None
    (voice,) = [v for v in found.voices if v.name == PROFESSIONAL]
    assert (voice.calls, voice.learned_millis, voice.latency_millis) == (100, 900, 150)
    assert learned(database, found.voices, "openai", "tts-1") == found.voices
    with pytest.raises(ConfigError, match=r"speeko: no voice will do: .*kokoro-professional \(900 ms\)"):
        routed(database, request=RoutingRequest(0.95, 500))


def test_a_destination_keeps_its_voice(database: Database, folder: Path) -> None:  # noqa: F811
    remember(database, routed(database))
    teach(database, 100, 900)  # slower than asked for now
    (folder / "voices.toml").write_text(CHEAP)
    found = routed(database)
    assert found is not None
    assert found.choose().name == PROFESSIONAL
    assert "chosen anew it would be cheap (--reroute)" in found.notes()[0]
    remember(database, found)
    assert voice_of(database) == PROFESSIONAL  # the third night, too


@pytest.mark.parametrize(
    ("wishes", "changes"),
    [
        ({"reroute": True}, {}),
        ({"request": RoutingRequest(min_quality=0.91)}, {}),
        ({}, {"output": "/elsewhere"}),
        ({}, {"model": "other"}),
        ({}, {"provider": "openai"}),
        ({}, {"routing": None}),
    ],
    ids=["told to", "another request", "another output", "another model", "another API", "never chosen"],
)
def test_a_voice_is_chosen_anew(
    database: Database,  # noqa: F811
    folder: Path,
    wishes: dict[str, Any],
    changes: dict[str, Any],
) -> None:
    remember(database, routed(database), **changes)
    (folder / "voices.toml").write_text(CHEAP)
    assert voice_of(database, **wishes) == "cheap"


def test_the_newest_job_counts_and_one_that_never_ran_does_not(database: Database) -> None:  # noqa: F811
    assert routings.last(database, "/out", "speeko", "kokoro") is None
    remember(database, Routing((), None, (), (("", "old"),)))
    remember(database, Routing((), None, (), (("", "new"),)))
    Books(database).execute(
        "INSERT INTO speeko.job (tenant, state, spec, destination_id, submitter_until) "
        "SELECT 'shop', 'planning', spec || '{\"routing\": {}}', destination_id, now() "
        "FROM speeko.job RETURNING id",
        [],
    )
    found = routings.last(database, "/out", "speeko", "kokoro")
    assert found is not None
    assert found["kept"] == [["", "new"]]


def test_adding_a_dearer_or_unfit_voice_changes_no_choice(database: Database, folder: Path) -> None:  # noqa: F811
    before = voice_of(database)
    (folder / "voices.toml").write_text(DEAR + CHEAP.replace("0.99", "0.1"))
    assert voice_of(database) == before


def test_rules_and_what_they_name(database: Database, folder: Path) -> None:  # noqa: F811
    (folder / "rules.toml").write_text(
        f'[[rule]]\nwhen = {{category = "toys"}}\nvoice = "{FRIENDLY}"\n[[rule]]\nvoice = "auto"\n'
    )
    found = routed(database, voice=FAST, rules_file="rules.toml")
    assert found is not None
    of_row = found.by_rules(["id", "category"])
    assert [of_row(["1", "toys"]), of_row(["2", "books"])] == [FRIENDLY, "auto"]
    assert found.choose().name == PROFESSIONAL
    assert (found.auto, found.voice_of("", FAST, "")) == (False, FAST)
    with pytest.raises(ConfigError, match=r"rules.toml, rule 1: espeak has no voice 'kokoro-friendly'"):
        route(
            database,
            RoutingOptions("auto", rules_file="rules.toml"),
            provider="espeak", model="", output="/out", language="",
        )  # fmt: skip


def test_where_no_voice_will_do_the_job_does_not_begin(database: Database) -> None:  # noqa: F811
    with pytest.raises(ConfigError, match=r"provider speeko: no voice will do: --min-quality 0\.99 excludes"):
        routed(database, request=RoutingRequest(min_quality=0.99))
    with pytest.raises(ConfigError, match=r"provider kokoro-fastapi: no voice in voices\.toml speaks 'de'"):
        route(database, RoutingOptions("auto"), provider="kokoro-fastapi", model="", output="", language="de")
