"""Say one text now: its audio from the cache, from whoever buys it at this moment, or bought and passed on
while it arrives.

Two commands that say one text make one call: the second waits for the first, and takes over where that
dies. Long text is cut as in a catalog, each piece under its own key. Where the audio goes is for others.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from speeko_jobs.adapters.audio_store import MissingObject
from speeko_jobs.adapters.postgres import adhoc_jobs, deliveries, leases
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.adapters.postgres.deliveries import SavedCosts, Settlement
from speeko_jobs.adapters.postgres.plan_loading import Text
from speeko_jobs.adapters.providers.provider import OnAudio
from speeko_jobs.core.audio import probe
from speeko_jobs.core.audio.codec import FORMATS
from speeko_jobs.core.audio.stream_buffer import CHAINABLE, Pieces, piece_bytes
from speeko_jobs.core.audio.transcode import Delivered, render
from speeko_jobs.core.catalog.column_mapping import Columns
from speeko_jobs.core.catalog.file_names import audio_path
from speeko_jobs.core.job.format_reuse import NONE, Spoken
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.job.row_reader import Refusal, RowReader
from speeko_jobs.core.model.speech import BadAudio, Record
from speeko_jobs.core.model.states import AudioSource, UtteranceState
from speeko_jobs.errors import ServerError, SpeekoError, UsageError
from speeko_jobs.flow.cache.damaged_files import outdate_copies
from speeko_jobs.flow.cache.format_reuse import Reuse
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.planning.lexicon_loading import wording_of
from speeko_jobs.flow.planning.voice_availability import offer_of, require_offered
from speeko_jobs.flow.synthesis.engine import OpenProvider
from speeko_jobs.flow.synthesis.single_purchase import SinglePurchase, SpeechError

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
) -> SpokenAudio:
    """Speak `text` as `spec` says. `on_audio` gets the audio as it arrives, before it is validated, from the
    event loop, which it must not hold up. It gets a prefix of what it should where an error is raised.

    Raises SpeechError, BudgetError or another SpeekoError with one line; Stopped once `is_stopping` says so
    and the call in flight, if there is one, is kept and booked.
    """
    await asyncio.to_thread(lambda: require_offered(offer_of(context, spec), spec))
    buyer = SinglePurchase(context, open_provider, spec, tenant=tenant, budget_micros=budget_micros)
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


@dataclass(frozen=True, slots=True)
class StandIn:
    """Audio of a text in another format."""

    key: bytes
    format: str
    record: Record


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
        self.context, self.buyer, self.spec = context, buyer, spec
        self.on_audio, self.is_stopping = on_audio, is_stopping
        self.started = time.monotonic()
        self.first_byte_seconds = -1.0
        self.texts = texts_of(spec, text)
        self.chains = not spec.rendering and (len(self.texts) == 1 or spec.format in CHAINABLE)
        self.known: dict[bytes, Record] = {}
        self.got: dict[bytes, bytes] = {}
        self.stand_ins: dict[bytes, StandIn] = {}
        self.not_in_redis: list[bytes] = []
        self.sources: list[AudioSource] = []
        self.piece_bytes = 0
        self.look_at = 0.0

    async def run(self) -> SpokenAudio:
        keys = list(dict.fromkeys(text.key for text in self.texts))
        self.known = await asyncio.to_thread(self.context.cache.get_many, keys)
        self.stand_ins = await asyncio.to_thread(self._reused)
        audios = [await self._part(no, text) for no, text in enumerate(self.texts, 1)]
        self._handle_stop()
        audio = await asyncio.to_thread(self._rendered, audios)
        if not self.chains:
            self._out(audio)
        return SpokenAudio(
            audio,
            sum(self.known[text.key].millis for text in self.texts) / 1000,
            len(audios),
            self.chains and len(audios) > 1,
            min(self.sources, key=_SOURCES.index),
            self.buyer.calls,
            self.buyer.spent_micros,
            sum(text.cost_micros for text in self._not_bought()),
            self.first_byte_seconds,
            self.piece_bytes,
            self.buyer.job,
        )

    def remember(self, tenant: str) -> None:
        """Have the audio at hand for the next time; add what was there already to the day's figures and to
        the texts' hits."""
        for key in self.not_in_redis:
            self.context.cache.put_audio(key, self.got[key])
        saved = []
        for source in sorted({*self.sources} - {AudioSource.SYNTHESIZED}):
            texts = [text for text, one in zip(self.texts, self.sources, strict=True) if one is source]
            chars, micros = sum(text.chars for text in texts), sum(text.cost_micros for text in texts)
            saved.append(SavedCosts(texts[0].voice, source.value, len(texts), chars, micros))
        keys = [self._source_key(text.key) for text in self._not_bought()]

        def book(t: Transaction) -> None:
            adhoc_jobs.count_hits(t, keys)
            deliveries.book_saved(t, tenant, self.spec.provider, saved)

        if saved:
            self.context.database.run(book)

    def _not_bought(self) -> list[Text]:
        pairs = zip(self.texts, self.sources, strict=True)
        return [text for text, source in pairs if source is not AudioSource.SYNTHESIZED]

    # one part

    async def _part(self, no: int, text: Text) -> bytes:
        """The audio of one key, however it comes."""
        key = text.key
        if key in self.got:
            self._pass_on(self.got[key], self._format(key))
            self.sources.append(AudioSource.DUPLICATE)
            return self.got[key]
        if key in self.stand_ins and (reused := await self._converted(key)) is not None:
            return reused
        record, waited, revived = self.known.get(key), False, False
        while True:
            self._handle_stop()
            end = None if record else await self._look(key)
            record = record or (end.record if end else None)
            if record is not None:
                audio = await asyncio.to_thread(self._kept, key, record, self.spec.format)
                if audio is not None:
                    self._pass_on(audio, self.spec.format)
                    return self._done(
                        key, audio, record, AudioSource.COALESCED if waited else AudioSource.CACHE
                    )
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

    def _reused(self) -> dict[bytes, StandIn]:
        """Audio in other formats that serves texts which would be bought."""
        wanted = {t.key: Spoken(t.text, t.voice, t.language) for t in self.texts if t.key not in self.known}
        if not wanted or self.spec.reuse == NONE:
            return {}
        database = self.context.database
        ends = deliveries.settled(database, list(wanted))
        held = (UtteranceState.DONE, UtteranceState.CLAIMED)
        for key in [key for key, end in ends.items() if end.state in held]:
            del wanted[key]
        found = Reuse(self.context, self.spec).find(wanted) if wanted else {}
        records = deliveries.settled(database, list(found.values()))
        sums = deliveries.sums(database, list(found.values()))
        return {
            key: StandIn(other, sums[other].format, record)
            for key, other in found.items()
            if other in sums and other in records and (record := records[other].record) is not None
        }

    async def _converted(self, key: bytes) -> bytes | None:
        """The stand-in's audio; None where it is gone: the text is bought then."""
        other = self.stand_ins[key]
        audio = await asyncio.to_thread(self._kept, other.key, other.record, other.format)
        if audio is None:
            del self.stand_ins[key]
            return None
        self.got[other.key] = audio
        self._pass_on(audio, other.format)
        return self._done(key, audio, other.record, AudioSource.CACHE)

    def _source_key(self, key: bytes) -> bytes:
        return self.stand_ins[key].key if key in self.stand_ins else key

    def _format(self, key: bytes) -> str:
        return self.stand_ins[key].format if key in self.stand_ins else self.spec.format

    async def _look(self, key: bytes) -> Settlement | None:
        return (await asyncio.to_thread(deliveries.settled, self.context.database, [key])).get(key)

    async def _wait(self, waited: bool) -> bool:
        """Somebody else buys it; where that one has died, its claim is freed."""
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
            await self.buyer.open(await asyncio.to_thread(self._to_buy))
        elif is_new:
            await asyncio.to_thread(self.buyer.add, [text])
        pieces: Pieces | None = None
        is_other = False

        def heard(part: bytes) -> None:
            nonlocal pieces, is_other
            is_other = is_other or (pieces is None and self._is_other(part))
            if is_other:  # it is converted first
                return
            if pieces is None:  # only now, so that nobody waits for the round trip
                self.piece_bytes = piece_bytes(self.buyer.round_trip_seconds())
                pieces = Pieces(self.spec.format, self.piece_bytes)
            for piece in pieces.add(part, time.monotonic()):
                self._pass_on(piece, self.spec.format)

        bought = await self.buyer.buy(no, text.key, heard)
        if bought is None:
            return None
        for piece in pieces.rest() if pieces else ():
            self._pass_on(piece, self.spec.format)
        if is_other:
            self._pass_on(bought.audio, self.spec.format)
        self.not_in_redis.append(text.key)
        return bought.audio, bought.record

    def _is_other(self, start: bytes) -> bool:
        """Return whether these first bytes show another audio format than was asked for."""
        seen = probe.looks_like(start)
        return seen in FORMATS and seen != self.spec.format and (self.spec.format, seen) != ("ogg", "opus")

    def _to_buy(self) -> list[Text]:
        """Those of the texts that nobody has and nobody buys now."""
        texts = {text.key: text for text in self.texts if text.key not in self.known}
        ends = deliveries.settled(self.context.database, list(texts))
        free = (UtteranceState.MISSING, UtteranceState.FAILED)
        return [text for key, text in texts.items() if key not in ends or ends[key].state in free]

    def _kept(self, key: bytes, record: Record, format: str) -> bytes | None:
        """The audio that the record tells of; None where it is gone or not whole: then it is missing from
        now on."""
        cached = self.context.cache.audio(key)
        if cached is not None and len(cached) == record.bytes:
            return cached
        self.not_in_redis.append(key)
        path = audio_path(key, format)
        try:
            audio = self.context.store_of(self.spec.store).get(path)
        except MissingObject:
            audio = b""
        if len(audio) == record.bytes:
            return audio
        ends = deliveries.settled(self.context.database, [key])  # Redis may be behind
        real = ends[key].record if key in ends else None
        if audio and real is not None and real.bytes == len(audio):
            return audio
        log.warning("the audio of a text is gone from %s or damaged: it is bought again", self.spec.store)
        outdate_copies(self.context, {key: hashlib.sha256(audio).digest()} if audio else {})
        self.not_in_redis.remove(key)
        self.known.pop(key, None)
        self.context.database.run(lambda t: adhoc_jobs.mark_lost(t, [key]))
        with contextlib.suppress(ServerError):
            self.context.cache.drop([key])
        return None

    def _done(self, key: bytes, audio: bytes, record: Record, source: AudioSource) -> bytes:
        self.known[key], self.got[key] = record, audio
        self.sources.append(source)
        return audio

    # what goes out

    def _pass_on(self, audio: bytes, format: str) -> None:
        if self.chains:
            self._out(
                audio
                if format == self.spec.format
                else self._render([audio], format, Delivered(self.spec.format))
            )

    def _out(self, piece: bytes) -> None:
        if self.first_byte_seconds < 0:
            self.first_byte_seconds = time.monotonic() - self.started
        if self.on_audio is not None and not self.is_stopping():
            self.on_audio(piece)

    def _handle_stop(self) -> None:
        if self.is_stopping():
            kept = "what was paid is kept, the same command goes on from there"
            raise Stopped(f"interrupted: {kept if self.buyer.calls else 'nothing was bought'}")

    def _rendered(self, audios: list[bytes]) -> bytes:
        return self._render(audios, self._format(self.texts[0].key), self.spec.delivered)

    def _render(self, audios: list[bytes], format: str, want: Delivered) -> bytes:
        try:
            return render(audios, format, want).audio
        except BadAudio as error:
            raise SpeechError(f"the file cannot be made: {error}") from None


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
