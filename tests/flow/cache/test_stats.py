"""What the cache tells of itself is what was delivered and what is stored."""

from __future__ import annotations

import socket

from speeko_jobs.core.model.states import AudioSource
from speeko_jobs.flow.cache.stats import stats
from tests.fixtures.inprocess import InProcess

TEXTS = [(f"r{n}", f"This is text number {n}, of some length.") for n in range(10)]


def test_entries_bytes_hits_and_savings_by_voice(flow: InProcess) -> None:
    rows = [(id, text, "kokoro-friendly" if id in ("r1", "r2") else "") for id, text in TEXTS]
    source = flow.catalog([*rows, ("twin", rows[0][1], "")], ("id", "text", "voice"))
    for output in ("one", "two"):
        job, _ = flow.submit(source, {"output": str(flow.folder / output)}, voice_column="voice")
        flow.drive(job)
    found = stats(flow.context)
    first, second = found.voices
    assert (first.voice, second.voice) == ("kokoro-professional", "kokoro-friendly")
    assert (first.entries, second.entries, found.total.entries) == (8, 2, 10)
    assert first.rows == {AudioSource.SYNTHESIZED: 8, AudioSource.DUPLICATE: 1, AudioSource.CACHE: 9}
    assert (second.hits, second.served) == (2, 4)
    assert found.total.cost_micros == flow.provider.micros
    assert second.saved_micros == second.cost_micros
    assert found.total.bytes == flow.books.one("SELECT sum(bytes) FROM speeko.utterance")
    assert found.redis is not None
    assert (found.redis.records, found.redis.audios) == (10, 0)  # the store is a folder: as quick
    assert found.redis.asked >= found.redis.found > 0


def test_redis_has_a_copy_of_what_goes_to_a_bucket(flow: InProcess) -> None:
    far = flow.again(store="memory://audio")
    job, _ = far.submit(far.catalog([(id, text, "") for id, text in TEXTS], ("id", "text", "voice")))
    far.drive(job)
    found = stats(far.context)
    assert found.redis is not None
    assert found.redis.audios == found.redis.records == 10
    assert found.redis.audio_bytes == found.total.bytes
    far.close()


def test_it_does_without_redis(flow: InProcess) -> None:
    assert stats(flow.context).voices == []
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        away = flow.again(redis_url=f"redis://127.0.0.1:{held.getsockname()[1]}/0")
        assert stats(away.context).redis is None
        away.close()
