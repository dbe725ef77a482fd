"""What is said for a row: lexicon, numbers, sentences, SSML, voices; and what a change of them buys."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from speeko_jobs.core.job.plan_summary import Plan
from speeko_jobs.core.voices.cheapest_voice import RoutingRequest
from speeko_jobs.errors import CatalogError
from speeko_jobs.flow.planning import planner, submit
from speeko_jobs.flow.planning.voice_routing import RoutingOptions, routed
from tests.fixtures.inprocess import InProcess

PROFESSIONAL, FRIENDLY, FAST = "kokoro-professional", "kokoro-friendly", "kokoro-low-latency"
RUDE = {"match": "rude", "status": 400, "body": {"error": {"message": "We do not say that"}}, "times": -1}


def said(flow: InProcess) -> list[str]:
    """The texts of all calls, sorted."""
    return sorted(entry["text"] for entry in flow.provider.bill())


def lexicon(flow: InProcess, **words: str) -> tuple[str, ...]:
    path = flow.folder / "words.toml"
    path.write_text("".join(f'"{word}" = "{say}"\n' for word, say in words.items()))
    return (str(path),)


# words


def test_an_edit_of_the_lexicon_buys_exactly_the_rows_that_hold_the_word(flow: InProcess) -> None:
    rows = [(f"r{n}", f"{'The GIF of' if n % 7 == 0 else 'A view of'} item {n}.") for n in range(40)]
    source = flow.catalog([*rows, ("gifted", "Gifted and GIFs are other words.")])
    first = {"lexicon": lexicon(flow, SQL="sequel", GIF="jif")}
    assert flow.run(source, first)["calls"] == 41
    assert "The jif of item 7." in said(flow)
    edited = {"lexicon": lexicon(flow, SQL="S Q L", GIF="ghif")}
    told = flow.estimate(source, edited)
    summary = flow.run(source, edited)
    assert (told.to_buy, summary["calls"], summary["unchanged"]) == (6, 6, 35)
    assert [text for text in said(flow) if "ghif" in text] == [
        f"The ghif of item {n}." for n in (0, 14, 21, 28, 35, 7)
    ]
    before = {"lexicon": lexicon(flow, SQL="sequel", GIF="jif")}
    assert flow.run(source, before)["calls"] == 0  # what was said before is still there


def test_what_a_lexicon_has_no_use_for_is_told(flow: InProcess) -> None:
    path = flow.folder / "words.pls"
    path.write_text(
        '<lexicon version="1.0" xmlns="http://www.w3.org/2005/01/pronunciation-lexicon" alphabet="ipa"'
        ' xml:lang="en"><lexeme><grapheme>SQL</grapheme><alias>sequel</alias></lexeme>'
        "<lexeme><grapheme>tomato</grapheme><phoneme>t@meIt@U</phoneme></lexeme></lexicon>"
    )
    told = flow.estimate(flow.catalog([("a", "SQL")]), {"lexicon": (str(path),)})
    assert any("tomato" in note for note in told.notes), told.notes


def test_numbers_are_read_in_the_language_of_the_row(flow: InProcess) -> None:
    rows = [("a", "It weighs 5 kg.", "en"), ("b", "Es wiegt 5 kg.", "de"), ("c", "Pesa 5 kg.", "it")]
    source = flow.catalog(rows, ("id", "text", "language"))
    flow.run(source, {"read_numbers": True})
    assert said(flow) == sorted(["It weighs five kilograms.", "Es wiegt fünf Kilogramm.", "Pesa 5 kg."])


def test_numbers_without_a_language_are_told_of(flow: InProcess) -> None:
    source = flow.catalog([("a", "5 kg")])
    (note,) = [n for n in flow.estimate(source, {"read_numbers": True}).notes if "numbers" in n]
    assert "--language" in note
    assert not any(
        "numbers" in n for n in flow.estimate(source, {"read_numbers": True, "language": "en"}).notes
    )


def test_mojibake_is_mended_on_request_and_only_where_it_is(flow: InProcess) -> None:
    source = flow.catalog([("a", "FÃ¼r den CafÃ©"), ("b", "Für den Flur")])
    flow.run(source)
    assert flow.run(source, {"repair": True})["calls"] == 1
    assert "Für den Café" in said(flow)


# sentences

TWO = "Machine wash cold. Made in Portugal."


def test_each_sentence_is_bought_once_but_for_rows_that_opt_out(flow: InProcess) -> None:
    rows = [
        ("a", f"A shirt. {TWO}", ""),
        ("b", f"A coat. {TWO}", "sentence"),
        ("c", f"A hat. {TWO}", "whole"),
        ("d", TWO, "Off"),
        ("e", "A scarf.", "perhaps"),
    ]
    source = flow.catalog(rows, ("id", "text", "segments"))
    told = flow.estimate(source, {"segments": "sentence"})
    summary = flow.run(source, {"segments": "sentence"})
    assert said(flow) == sorted(
        ["A shirt.", "Machine wash cold.", "Made in Portugal.", "A coat.", f"A hat. {TWO}", TWO]
    )
    assert told.cost_micros == flow.provider.micros
    assert (summary["calls"], summary["delivered"], summary["refused"]) == (6, 4, 1)
    assert "takes sentence or whole" in flow.table("failed.csv")[0]["error"]
    flow.output = flow.folder / "whole"
    assert flow.run(source)["calls"] == 3  # without the option the column means nothing


# SSML

SSML = '<speak>Wait <break time="500ms"/>here &amp; there.</speak>'


def test_ssml_is_refused_where_it_is_not_taken_and_its_words_are_spoken_on_request(flow: InProcess) -> None:
    source = flow.catalog([("a", SSML), ("b", "Plain.")])
    summary = flow.run(source)
    assert (summary["delivered"], summary["refused"]) == (1, 1)
    (row,) = flow.table("failed.csv")
    assert row["text"] == SSML
    assert row["error"] == "the text is SSML, which speeko does not take: --ssml strip speaks its words"
    flow.run(source, {"ssml": "strip"})
    assert said(flow) == ["Plain.", "Wait. here & there."]


def test_ssml_is_spoken_where_it_is_taken(flow: InProcess) -> None:
    speaking = flow.again(provider="espeak", format="wav")
    try:
        long = "<speak>" + "Many words. " * 500 + "</speak>"
        rows = [("a", SSML), ("b", "Wait here & there."), ("c", "<speak>x<audio src='/etc/passwd'/></speak>")]
        summary = speaking.run(speaking.catalog([*rows, ("d", long), ("e", "<speak>open")]))
        lines = {line["id"]: line for line in speaking.manifest()}
        assert (summary["delivered"], summary["refused"]) == (2, 3)
        assert lines["a"]["audio_seconds"] > lines["b"]["audio_seconds"] + 0.3
        assert "<audio>" in lines["c"]["error"]
        assert lines["d"]["error"] == "the SSML has 6,014 characters, and 5,000 are the most"
        assert "is not well-formed XML" in lines["e"]["error"]
    finally:
        speaking.close()


# voices


@pytest.fixture
def choosing(flow: InProcess, monkeypatch: pytest.MonkeyPatch) -> InProcess:
    """In a folder of the test's own, where a voices.toml would be found."""
    monkeypatch.chdir(flow.folder)
    return flow


def told_with(flow: InProcess, source: str, **wishes: Any) -> Plan:
    wished = RoutingOptions(**{"voice": "auto", **wishes})
    spec = routed(flow.context.database, flow.spec(voice=wished.voice, any_voice=True), wished)
    return planner.estimate(flow.context, spec, flow.orders(source)).plan


def run_with(flow: InProcess, source: str, **wishes: Any) -> dict[str, Any]:
    wished = RoutingOptions(**{"voice": "auto", **wishes})
    spec = routed(flow.context.database, flow.spec(voice=wished.voice), wished)
    job, _ = submit.submit(flow.context, spec, flow.orders(source), tenant="shop")
    flow.drive(job)
    flow.check()
    return flow.summary()


def test_the_cheapest_voice_that_will_do_and_what_it_saves(choosing: InProcess) -> None:
    source = choosing.catalog([("a", "Say this."), ("b", "And that.")])
    told = told_with(choosing, source)
    assert told.routing_saved_micros == 2 * 9 * 3  # 12 in place of 15 dollars a million
    assert told_with(choosing, source, request=RoutingRequest(min_quality=0.9)).routing_saved_micros == 0
    summary = run_with(choosing, source)
    assert {entry["voice"] for entry in choosing.provider.bill()} == {FAST}
    assert summary["routing_saved_usd"] == "0.000054"
    assert told.cost_micros == choosing.provider.micros


def test_a_voice_that_is_added_buys_nothing_again(choosing: InProcess) -> None:
    source = choosing.catalog([(f"r{n}", f"Text {n}.") for n in range(20)])
    assert run_with(choosing, source)["calls"] == 20
    for cost in ("2", "0.1"):  # dearer, and cheaper than the one that speaks
        Path("voices.toml").write_text(
            f"[speeko.another]\ncost_multiplier = {cost}\nlatency_ms = 1\nquality = 0.99\n"
        )
        summary = run_with(choosing, source)
        assert (summary["calls"], summary["unchanged"]) == (0, 20)
    assert any("--reroute" in note for note in told_with(choosing, source).notes)
    assert told_with(choosing, source, reroute=True).to_buy == 20


def test_rules_give_each_row_its_voice(choosing: InProcess) -> None:
    Path("rules.toml").write_text(
        f'[[rule]]\nwhen = {{category = "toys"}}\nvoice = "{FRIENDLY}"\n'
        f'[[rule]]\nwhen = {{price = {{above = 100}}}}\nvoice = "auto"\n'
    )
    rows = [
        ("a", "One.", "toys", "5", ""),
        ("b", "Two.", "books", "120", ""),
        ("c", "Three.", "books", "5", ""),
        ("d", "Four.", "toys", "5", FAST),
    ]
    source = choosing.catalog(rows, ("id", "text", "category", "price", "voice"))
    wishes = {"voice": PROFESSIONAL, "rules_file": "rules.toml"}
    told, summary = told_with(choosing, source, **wishes), run_with(choosing, source, **wishes)
    voices = {line["id"]: line["voice"] for line in choosing.manifest()}
    assert voices == {"a": FRIENDLY, "b": FAST, "c": PROFESSIONAL, "d": FAST}
    assert (told.cost_micros, summary["calls"]) == (choosing.provider.micros, 4)


def test_a_cell_that_leaves_the_choice_takes_one(choosing: InProcess) -> None:
    source = choosing.catalog([("a", "One.", "auto"), ("b", "Two.", "")], ("id", "text", "voice"))
    assert run_with(choosing, source)["delivered"] == 2
    told = choosing.estimate(source)
    assert (told.refused, told.first_refusals[0].partition(": ")[2]) == (
        1,
        "the row leaves the voice to be chosen: give --voice auto",
    )


def test_rules_with_a_column_that_is_not_there_start_nothing(choosing: InProcess) -> None:
    Path("rules.toml").write_text(f'[[rule]]\nwhen = {{kategory = "toys"}}\nvoice = "{FRIENDLY}"\n')
    source = choosing.catalog([("a", "One.", "toys")], ("id", "text", "category"), name="shop.csv")
    with pytest.raises(
        CatalogError,
        match=r'^shop.csv: rule 1: there is no column "kategory" .did you mean category',
    ):
        run_with(choosing, source, voice="", rules_file="rules.toml")
    assert choosing.books.one("SELECT count(*) FROM speeko.job") == 0


# what failed is a catalog again


@pytest.mark.parametrize(
    "spec",
    [{}, {"segments": "sentence"}, {"read_numbers": True, "language": "en"}],
    ids=["plain", "sentences", "numbers"],
)
def test_failed_rows_run_again_under_the_same_keys(flow: InProcess, spec: dict[str, Any]) -> None:
    rows = [("a", f"A rude text of 5 kg. {TWO}"), ("b", "<b>Fine</b>."), ("c", "!")]
    spec = spec | {"lexicon": lexicon(flow, wash="launder")}
    flow.provider.script([RUDE])
    assert flow.run(flow.catalog(rows), spec)["failed"] == 1
    wanted = {line["id"]: line["key"] for line in flow.manifest() if line["id"] == "a"}
    flow.provider.script([])
    failed = flow.folder / "again.csv"
    failed.write_bytes((flow.output / "failed.csv").read_bytes())
    calls = flow.provider.calls
    summary = flow.run(str(failed), spec)
    assert (summary["delivered"], summary["refused"]) == (1, 1)
    assert {line["id"]: line["key"] for line in flow.manifest() if line["id"] == "a"} == wanted
    assert flow.provider.calls == calls + 1  # the sentences that did not fail are there


def test_another_provider_that_takes_no_language_still_reads_in_it(flow: InProcess) -> None:
    spec = dataclasses.replace(
        flow.spec(language="de", read_numbers=True), provider="openai", voice="alloy", model="tts-1"
    )
    source = flow.catalog([("a", "Es wiegt 5 kg.")])
    found = planner.estimate(flow.context, spec, flow.orders(source)).plan
    assert found.billed_chars == len("Es wiegt fünf Kilogramm.")


def test_failed_rows_that_opted_out_or_were_said_otherwise_are_what_they_were(flow: InProcess) -> None:
    spec = {"segments": "sentence", "lexicon": lexicon(flow, cat="big cat")}
    rows = [("a", f"A rude cat. {TWO}", "whole"), ("b", f"A rude cat. {TWO}", ""), ("c", "!", "whole")]
    flow.provider.script([RUDE])
    flow.run(flow.catalog(rows, ("id", "text", "segments")), spec)
    wanted = {line["id"]: line["key"] for line in flow.manifest() if line["id"] != "c"}
    flow.provider.script([])
    failed = flow.folder / "again.csv"
    failed.write_bytes((flow.output / "failed.csv").read_bytes().replace(b"c,,", b"c,A cat."))
    flow.run(str(failed), spec)
    found = {line["id"]: line["key"] for line in flow.manifest()}
    assert {name: found[name] for name in wanted} == wanted
    assert f"A rude big cat. {TWO}" in said(flow)
