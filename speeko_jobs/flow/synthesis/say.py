"""Say one text now: its audio from the cache, from whoever buys it at this moment, or bought and passed on
while it arrives.

Two commands that say one text make one call: the second waits for the first, and takes over where that
dies. Long text is cut as in a catalog, each piece under its own key. Where the audio goes is for others.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from speeko_jobs.adapters.postgres import adhoc_jobs, deliveries, leases
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.adapters.postgres.deliveries import SavedCosts
from speeko_jobs.adapters.postgres.plan_loading import Text
from speeko_jobs.adapters.providers.provider import OnAudio
from speeko_jobs.core.catalog.column_mapping import Columns
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.job.row_reader import Refusal, RowReader
from speeko_jobs.core.model.speech import Record
from speeko_jobs.core.model.states import AudioSource, UtteranceState
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.errors import ServerError, SpeekoError, UsageError
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.planning.lexicon_loading import wording_of
from speeko_jobs.flow.planning.voice_availability import offer_of, require_offered
from speeko_jobs.flow.synthesis.audio_stream import AudioStream
from speeko_jobs.flow.synthesis.engine_start import OpenProvider
from speeko_jobs.flow.synthesis.single_purchase import SinglePurchase, SpeechError
from speeko_jobs.flow.synthesis.stored_audio import StoredAudio

NAME_CHARS = 60
POLL_SECONDS = 0.05
REAP_SECONDS = 1.0  # between two looks whether who buys our text has died
_SOURCES = (AudioSource.SYNTHESIZED, AudioSource.COALESCED, AudioSource.DUPLICATE, AudioSource.CACHE)
log = logging.getLogger(__name__)


class Stopped(SpeekoError):
    """Whoever asked does not want it any more; what was paid is kept."""


@dataclass(frozen=True, slots=True)
class SpokenAudio:
    """One text spoken. Money in micro-dollars, times in seconds since `say` was called.

    `audio` is the whole; `chained` says that what was heard is several files one after another instead.
    `calls` and `cost_micros` are this command's own; `piece_bytes` is 0 where nothing was bought.
    """

    audio: bytes
    audio_seconds: float
    parts: int
    chained: bool
    source: AudioSource
    calls: int
    cost_micros: int
    saved_micros: int
    first_byte_seconds: float
    piece_bytes: int
    job: int


async def say(
    context: Context,
    open_provider: OpenProvider,
    spec: JobSpec,
    text: str,
    *,
    tenant: str,
    budget_micros: int | None = None,
    on_audio: OnAudio | None = None,
    is_stopping: Callable[[], bool] = lambda: False,
    name: str = "",
) -> SpokenAudio:
    """Speak `text` as `spec` says. Lists show its job as `name`, or as the text's beginning.

    `on_audio` gets the audio as it arrives, before it is validated, from the event loop, which it must not
    hold up. It gets a prefix of what it should where an error is raised.

    Raises SpeechError, BudgetError or another SpeekoError with one line; Stopped once `is_stopping` says so
    and the call in flight, if there is one, is kept and booked.
    """
    await asyncio.to_thread(lambda: require_offered(offer_of(context, spec), spec))
    buyer = SinglePurchase(
        context,
        open_provider,
        spec,
        tenant=tenant,
        budget_micros=budget_micros,
        name=job_name(name or text),
    )
    saying = _Saying(context, buyer, spec, text, on_audio, is_stopping)
    reason = "the command was ended"
    try:
        said = await saying.run()
        reason = ""
    except SpeekoError as error:
        reason = str(error)
        raise
    finally:
        await buyer.close(reason)
    with contextlib.suppress(ServerError):  # figures only; the audio is there
        await asyncio.to_thread(saying.remember, tenant)
    return said


class _Saying:
    def __init__(
        self,
        context: Context,
        buyer: SinglePurchase,
        spec: JobSpec,
        text: str,
        on_audio: OnAudio | None,
        is_stopping: Callable[[], bool],
    ) -> None:
        started = time.monotonic()
        self.context, self.buyer, self.spec = context, buyer, spec
        self.is_stopping = is_stopping
        self.texts = texts_of(spec, text)
        self.stream = AudioStream(spec, len(self.texts), on_audio, is_stopping, started=started)
        self.stored = StoredAudio(context, spec)
        self.got: dict[bytes, bytes] = {}
        self.sources: list[AudioSource] = []
        self.look_at = 0.0

    async def run(self) -> SpokenAudio:
        await asyncio.to_thread(self.stored.look_up, self.texts)
        audios = [await self._part(no, text) for no, text in enumerate(self.texts, 1)]
        self._handle_stop()
        format = self.stored.format_of(self.texts[0].key)
        audio = await asyncio.to_thread(self.stream.joined, audios, format)
        self.stream.finish(audio)
        return SpokenAudio(
            audio,
            sum(self.stored.records[text.key].millis for text in self.texts) / 1000,
            len(audios),
            self.stream.chains and len(audios) > 1,
            min(self.sources, key=_SOURCES.index),
            self.buyer.calls,
            self.buyer.spent_micros,
            sum(text.cost_micros for text in self._not_bought()),
            self.stream.first_byte_seconds,
            self.stream.piece_bytes,
            self.buyer.job,
        )

    def remember(self, tenant: str) -> None:
        """Have the audio at hand for the next time; add what was there already to the day's figures and to
        the texts' hits."""
        for key in self.stored.not_in_redis:
            self.context.cache.put_audio(key, self.got[key])
        saved = []
        for source in sorted({*self.sources} - {AudioSource.SYNTHESIZED}):
            texts = [text for text, one in zip(self.texts, self.sources, strict=True) if one is source]
            chars, micros = sum(text.chars for text in texts), sum(text.cost_micros for text in texts)
            saved.append(SavedCosts(texts[0].voice, source.value, len(texts), chars, micros))
        keys = [self.stored.source_key(text.key) for text in self._not_bought()]

        def book(t: Transaction) -> None:
            adhoc_jobs.count_hits(t, keys)
            deliveries.book_saved(t, tenant, self.spec.provider, saved)

        if saved:
            self.context.database.run(book)

    def _not_bought(self) -> list[Text]:
        pairs = zip(self.texts, self.sources, strict=True)
        return [text for text, source in pairs if source is not AudioSource.SYNTHESIZED]

    async def _part(self, no: int, text: Text) -> bytes:
        """Return the audio of one key, however it comes."""
        key = text.key
        if key in self.got:
            self.stream.pass_on(self.got[key], self.stored.format_of(key))
            self.sources.append(AudioSource.DUPLICATE)
            return self.got[key]
        if key in self.stored.stand_ins and (reused := await self._converted(key)) is not None:
            return reused
        record, waited, revived = self.stored.records.get(key), False, False
        while True:
            self._handle_stop()
            end = None if record else await asyncio.to_thread(self.stored.settlement, key)
            record = record or (end.record if end else None)
            if record is not None:
                audio = await asyncio.to_thread(self.stored.read, key, record, self.spec.format)
                if audio is not None:
                    self.stream.pass_on(audio, self.spec.format)
                    source = AudioSource.COALESCED if waited else AudioSource.CACHE
                    return self._done(key, audio, record, source)
                record = None
            elif end is not None and end.state is UtteranceState.FAILED:
                if waited or revived:
                    raise SpeechError(end.reason)
                revived = True
                await asyncio.to_thread(self.context.database.run, lambda t: adhoc_jobs.revive(t, [key]))
            elif end is not None and end.state is UtteranceState.CLAIMED:
                waited = await self._wait(waited)
            elif (bought := await self._buy(no, text, is_new=end is None)) is not None:
                return self._done(key, *bought, AudioSource.SYNTHESIZED)
            else:
                await asyncio.sleep(POLL_SECONDS)

    async def _converted(self, key: bytes) -> bytes | None:
        """Return the stand-in's audio; None where it is gone: the text is bought then."""
        other = self.stored.stand_ins[key]
        audio = await asyncio.to_thread(self.stored.read, other.key, other.record, other.format)
        if audio is None:
            del self.stored.stand_ins[key]
            return None
        self.got[other.key] = audio
        self.stream.pass_on(audio, other.format)
        return self._done(key, audio, other.record, AudioSource.CACHE)

    async def _wait(self, waited: bool) -> bool:
        """Wait a moment for the engine that buys it; where that one has died, free its claim."""
        if not waited:
            log.info("this text is being bought already: waiting for it")
        if time.monotonic() > self.look_at:
            self.look_at = time.monotonic() + REAP_SECONDS
            grace = self.context.settings.lease_seconds
            ready = await asyncio.to_thread(leases.reap_expired, self.context.database, grace)
            await asyncio.to_thread(self.context.queue.deliver, ready)
        await asyncio.sleep(POLL_SECONDS)
        return True

    async def _buy(self, no: int, text: Text, *, is_new: bool) -> tuple[bytes, Record] | None:
        if not self.buyer.job:
            await self.buyer.open(await asyncio.to_thread(self.stored.to_buy, self.texts))
        elif is_new:
            await asyncio.to_thread(self.buyer.add, [text])
        call = self.stream.call(self.buyer.round_trip_seconds)
        bought = await self.buyer.buy(no, text.key, call.take)
        if bought is None:
            return None
        call.finish(bought.audio)
        self.stored.not_in_redis.append(text.key)
        return bought.audio, bought.record

    def _done(self, key: bytes, audio: bytes, record: Record, source: AudioSource) -> bytes:
        self.stored.records[key], self.got[key] = record, audio
        self.sources.append(source)
        return audio

    def _handle_stop(self) -> None:
        if self.is_stopping():
            kept = "what was paid is kept, the same command goes on from there"
            raise Stopped(f"interrupted: {kept if self.buyer.calls else 'nothing was bought'}")


def job_name(text: str) -> str:
    """Return what lists show for a job of one text: "say: Good morning, every…"."""
    words = printable(" ".join(text.split()))
    return "say: " + (words if len(words) <= NAME_CHARS else f"{words[: NAME_CHARS - 1].rstrip()}…")


def texts_of(spec: JobSpec, text: str) -> list[Text]:
    """The text as a catalog of one row would have it, so that the same words have the same keys; one for
    each call that it takes."""
    reader = RowReader(spec, ("text",), Columns((), (0,), None, None, ""), wording_of(spec)[0])
    try:
        row = reader.read(1, [text])
    except Refusal as refusal:
        raise UsageError(refusal.reason) from None
    profile = spec.profile
    return [
        Text(
            key,
            part,
            row.voice,
            row.language,
            (chars := profile.billable_chars(part)),
            profile.price(chars, spec.model, row.voice),
        )
        for key, part in zip(row.keys, row.texts, strict=True)
    ]
