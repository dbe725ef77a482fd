"""Ranks of keys against a real database: bought, being bought, to be bought, and what serves instead."""

from __future__ import annotations

from dataclasses import replace

import pytest

from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.model.cache_key import KeyMaker, SpeechEngine
from speeko_jobs.core.text.pipeline import Wording
from speeko_jobs.core.voices.availability import VoiceOffer
from speeko_jobs.flow.planning import key_lookup
from speeko_jobs.flow.planning.catalog_reader import CatalogReader
from speeko_jobs.flow.planning.key_lookup import KeyLookup, KeyRank, WantedKeys
from tests.fixtures.inprocess import InProcess

BOUGHT, NEW = ("a", "A text that was bought."), ("b", "A text that is new.")


def wanted(flow: InProcess, spec: JobSpec, *rows: tuple[str, str]) -> WantedKeys:
    offer = VoiceOffer(spec.profile, any_voice=False)
    reader = CatalogReader(spec, flow.orders(flow.catalog(rows)), Wording(), offer)
    return {
        key: (text, row)
        for batch in reader.batches()
        for row in batch.rows
        for key, text in zip(row.keys, row.texts, strict=True)
    }


def test_what_was_bought_is_left_out_and_the_rest_is_to_buy(flow: InProcess) -> None:
    flow.run(flow.catalog([BOUGHT]))
    keys = wanted(flow, flow.spec(), BOUGHT, NEW)
    _, new = keys
    assert KeyLookup(flow.context, flow.spec()).ranks(keys) == {new: KeyRank.TO_BUY}


def test_what_a_running_job_waits_for_is_in_flight(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog([NEW]))
    keys = wanted(flow, flow.spec(), NEW)
    assert set(KeyLookup(flow.context, flow.spec()).ranks(keys).values()) == {KeyRank.TO_BUY}
    flow.books.start(job, 1, flow.books.engine())
    assert set(KeyLookup(flow.context, flow.spec()).ranks(keys).values()) == {KeyRank.IN_FLIGHT}


def test_ranks_are_remembered_within_bounds(flow: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    lookup, keys = KeyLookup(flow.context, flow.spec()), wanted(flow, flow.spec(), NEW)
    assert set(lookup.ranks(keys).values()) == {KeyRank.TO_BUY}
    flow.run(flow.catalog([NEW]))
    assert set(lookup.ranks(keys).values()) == {KeyRank.TO_BUY}  # remembered: no look-up
    monkeypatch.setattr(key_lookup, "REMEMBERED_KEYS", 0)
    assert lookup.ranks(keys) == {}


def test_audio_in_another_format_stands_in(flow: InProcess) -> None:
    flow.run(flow.catalog([BOUGHT]), {"format": "wav"})
    spec = flow.spec(reuse="lossless")
    keys = wanted(flow, spec, BOUGHT, NEW)
    bought, new = keys
    lookup = KeyLookup(flow.context, spec)
    assert lookup.ranks(keys) == {bought: KeyRank.REUSED, new: KeyRank.TO_BUY}
    engine = SpeechEngine(spec.profile.family, spec.model, "wav", str(spec.speed))
    assert lookup.stand_ins == {bought: KeyMaker(engine).key(BOUGHT[1], spec.voice, "")}
    assert lookup.ranks(keys) == {bought: KeyRank.REUSED, new: KeyRank.TO_BUY}  # from memory, too


def test_without_reuse_nothing_stands_in(flow: InProcess) -> None:
    flow.run(flow.catalog([BOUGHT]), {"format": "wav"})
    spec = flow.spec(reuse="none")
    lookup = KeyLookup(flow.context, spec)
    assert set(lookup.ranks(wanted(flow, spec, BOUGHT)).values()) == {KeyRank.TO_BUY}
    assert lookup.stand_ins == {}


def test_known_audio_that_the_store_lacks_is_found(flow: InProcess) -> None:
    flow.run(flow.catalog([BOUGHT]))
    spec = replace(flow.spec(), output=str(flow.folder / "other"))
    keys = wanted(flow, spec, BOUGHT)
    cached = [[(key[:16], (5, 76)) for key in keys]]
    lookup = KeyLookup(flow.context, spec)
    assert lookup.ranks(keys) == {}
    assert lookup.find_missing(cached) is None
    store = flow.context.store_of(spec.store)
    store.delete(list(store.list("audio")))
    found = lookup.find_missing(cached)
    assert found is not None
    assert (found.texts, found.chars, found.micros) == (1, 5, 76)
    found.close()
