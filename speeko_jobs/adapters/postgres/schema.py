"""Describe the tables for Alembic, which compares them with the database; no query is built from them.

The migrations make the tables, and a test compares both. ARCHITECTURE.md says what each row means.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from speeko_jobs.adapters.postgres.database import SCHEMA
from speeko_jobs.core.model.states import AttemptState, ChunkState, JobState, UtteranceState
from speeko_jobs.core.policies.cron_schedule import CatchUp, RunState

metadata = MetaData(schema=SCHEMA)


def _id() -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def _number(name: str, kind: Any = BigInteger) -> Column[int]:
    return Column(name, kind, nullable=False, server_default="0")


def _words(name: str, **more: Any) -> Column[str]:
    return Column(name, Text, nullable=False, **more)


def _time(name: str, *, now: bool = False, nullable: bool = True) -> Column[Any]:
    default = text("clock_timestamp()") if now else None
    return Column(name, DateTime(timezone=True), nullable=nullable and not now, server_default=default)


def _json(name: str, default: str | None) -> Column[Any]:
    return Column(name, JSONB, nullable=False, server_default=default)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=text("false"))


def _state(states: type[StrEnum]) -> tuple[Column[str], CheckConstraint]:
    listed = ", ".join(f"'{s.value}'" for s in states)
    return Column("state", Text, nullable=False), CheckConstraint(f"state IN ({listed})")


identity = Table(
    "identity",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=text("gen_random_uuid()")),
)
destination = Table(
    "destination",
    metadata,
    _id(),
    _words("url"),
    _words("mark"),
    _time("created_at", now=True),
    UniqueConstraint("url", "mark"),
)
job = Table(
    "job",
    metadata,
    _id(),
    _words("tenant"),
    *_state(JobState),
    _words("reason", server_default=""),
    _number("priority", Integer),
    _json("spec", None),
    _json("files", "[]"),
    _json("plan", "{}"),
    Column("destination_id", BigInteger, ForeignKey(destination.c.id), nullable=False),
    Column("budget_micros", BigInteger),
    _number("reserved_micros"),
    _number("spent_micros"),
    _number("possible_micros"),
    _number("calls"),
    _number("possible_calls"),
    _number("billed_chars"),
    _number("rows"),
    _number("skipped"),
    _number("chunks", Integer),
    _number("chunks_open", Integer),
    _number("delivered"),
    _number("unchanged"),
    _number("failed"),
    _number("refused"),
    _time("submitter_until", nullable=False),
    _time("created_at", now=True),
    _time("released_at"),
    _time("finished_at"),
    _flag("finalized"),
    Column("uncounted_row", BigInteger, server_default="1"),
    _time("pruned_at"),
    _flag("emptied"),
    _json("sums", "{}"),
    _json("reasons", "{}"),
    _words("place", server_default=""),
    Column("waits_for", BigInteger),
    _time("state_since"),
    _number("wasted_micros"),
    Column("waste_cap_micros", BigInteger),
    _number("converted_calls"),
)
Index(
    "job_open",
    job.c.priority.desc(),
    job.c.id,
    postgresql_where=text("state NOT IN ('done', 'done_with_errors', 'cancelled')"),
)
Index("job_cancelled", job.c.id, postgresql_where=text("state = 'cancelled' AND NOT finalized"))
Index("job_destination", job.c.destination_id, job.c.id)
Index(
    "job_ended",
    job.c.state,
    job.c.id,
    job.c.tenant,
    postgresql_where=text("state IN ('done', 'done_with_errors', 'cancelled')"),
)
Index("job_reserved", job.c.tenant, postgresql_where=text("reserved_micros > 0"))
Index("job_uncounted", job.c.id, postgresql_where=text("uncounted_row IS NOT NULL"))
Index("job_pruning", job.c.id, postgresql_where=text("pruned_at IS NOT NULL AND NOT emptied"))
job_words = Table(
    "job_words",
    metadata,
    Column("job_id", BigInteger, ForeignKey(job.c.id, ondelete="CASCADE"), primary_key=True),
    _words("words"),
)
chunk = Table(
    "chunk",
    metadata,
    Column("job_id", BigInteger, ForeignKey(job.c.id, ondelete="CASCADE"), primary_key=True),
    Column("no", Integer, primary_key=True),
    Column("first_row", BigInteger, nullable=False),
    Column("last_row", BigInteger, nullable=False),
    *_state(ChunkState),
    _number("missing", Integer),
    _number("attempt", Integer),
    Column("claimant_id", BigInteger),
    _time("queued_at"),
    _time("started_at"),
    _time("ready_at"),
    _time("delivered_at"),
    _json("counts", "{}"),
    _json("unchanged", "{}"),
    _json("saved", "[]"),
)
Index("chunk_open", chunk.c.job_id, chunk.c.state, chunk.c.no, postgresql_where=text("state <> 'delivered'"))
Index(
    "chunk_queued",
    chunk.c.job_id,
    postgresql_where=text("queued_at IS NOT NULL AND state IN ('planned', 'synthesizing')"),
)
item = Table(
    "item",
    metadata,
    Column("job_id", BigInteger, primary_key=True),
    Column("row_no", BigInteger, primary_key=True),
    _words("row_id"),
    Column("path", Text),
    Column("voice", Text),
    Column("language", Text),
    _number("chars", Integer),
    Column("keys", ARRAY(LargeBinary)),
    _flag("kept"),
    _flag("skipped"),
    Column("error", Text),
    Column("source", Text),
    Column("source_sum", BigInteger),
    Column("change", Text),
    Column("content", LargeBinary),
)
utterance = Table(
    "utterance",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    *_state(UtteranceState),
    _words("provider"),
    _words("model"),
    _words("voice"),
    _words("language"),
    _words("format"),
    Column("chars", Integer, nullable=False),
    Column("cost_micros", BigInteger, nullable=False),
    _words("text"),
    _number("fence", Integer),
    _number("tries", SmallInteger),
    _number("bad", SmallInteger),
    Column("claimant_id", BigInteger),
    Column("bytes", Integer),
    Column("millis", Integer),
    Column("sha256", LargeBinary),
    _words("reason", server_default=""),
    Column("bought_job", BigInteger),
    Column("bought_row", BigInteger),
    _number("hits"),
    _time("last_hit"),
    _time("created_at", now=True),
    _time("settled_at"),
    _time("gone_at"),
    _time("quarantined_at"),
    _number("idempotency_no", SmallInteger),
    postgresql_with={"fillfactor": 90},
)
Index("utterance_retried", utterance.c.key, postgresql_where=text("state = 'missing' AND tries > 0"))
Index("utterance_claimed", utterance.c.claimant_id, postgresql_where=text("state = 'claimed'"))
Index("utterance_sound", utterance.c.sha256, postgresql_where=text("sha256 IS NOT NULL"))
need = Table(
    "need",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("job_id", BigInteger, primary_key=True),
    Column("chunk_no", Integer, primary_key=True),
)
Index("need_chunk", need.c.job_id, need.c.chunk_no)
claimant = Table(
    "claimant",
    metadata,
    _id(),
    _words("host"),
    Column("pid", Integer, nullable=False),
    _time("lease_until", nullable=False),
    _time("started_at", now=True),
)
worker = Table(
    "worker",
    metadata,
    _id(),
    _words("host"),
    Column("pid", Integer, nullable=False),
    _words("home"),
    _words("version"),
    Column("queues", ARRAY(Text), nullable=False),
    Column("processes", Integer, nullable=False),
    _json("accounts", "{}"),
    _flag("is_stopping"),
    _time("started_at", now=True),
    _time("seen_until", nullable=False),
)
attempt = Table(
    "attempt",
    metadata,
    _id(),
    Column(
        "at",
        DateTime(timezone=True),
        primary_key=True,
        nullable=False,
        server_default=text("clock_timestamp()"),
    ),
    Column("job_id", BigInteger, nullable=False),
    Column("chunk_no", Integer, nullable=False),
    Column("row_no", BigInteger, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("claimant_id", BigInteger, nullable=False),
    *_state(AttemptState),
    _words("tenant"),
    _words("provider"),
    _words("voice"),
    Column("chars", Integer, nullable=False),
    Column("cost_micros", BigInteger, nullable=False),
    _number("status", SmallInteger),
    _words("reason", server_default=""),
    Column("latency_millis", Integer),
    _flag("ever_unknown"),
    _time("settled_at"),
    _number("idempotency_no", SmallInteger),
    postgresql_partition_by="RANGE (at)",
)
Index("attempt_open", attempt.c.claimant_id, postgresql_where=text("state = 'sending'"))
Index("attempt_job", attempt.c.job_id)
Index("attempt_unknown", attempt.c.key, postgresql_where=text("state = 'unknown'"))
cost_daily = Table(
    "cost_daily",
    metadata,
    Column("tenant", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("voice", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    _number("requests"),
    _number("chars"),
    _number("micros"),
    _number("saved_micros"),
)
Index("cost_daily_day", cost_daily.c.day)
delivered = Table(
    "delivered",
    metadata,
    Column("destination_id", BigInteger, ForeignKey(destination.c.id, ondelete="CASCADE"), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("job_id", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("millis", BigInteger, nullable=False),
    Column("source", BigInteger, nullable=False, server_default="-1"),
    *[_words(name, server_default="") for name in ("voice", "language", "engine", "form")],
)
account = Table(
    "account",
    metadata,
    Column("name", Text, primary_key=True),
    Column("ceiling", Integer, nullable=False),
    Column("limit", Integer, nullable=False),
    _time("blocked_until"),
    _time("moved_at", now=True),
    _words("moved_why", server_default=""),
    _number("too_high", Integer),
    Column("hold_seconds", Double, nullable=False, server_default="5"),
    _flag("probing"),
    _time("window_at", now=True),
    _number("window_ended", Integer),
    _number("window_throttled", Integer),
    _number("window_failed", Integer),
    _flag("window_saturated"),
    _time("failing_since"),
    _number("calls_a_minute", Integer),
    _number("chars_a_minute"),
    Column("calls_left", Double, nullable=False, server_default="0"),
    Column("chars_left", Double, nullable=False, server_default="0"),
    Column("retries_left", Double, nullable=False, server_default="10"),
    _time("filled_at", now=True),
    _time("good_at"),
    _number("good_run", Integer),
    _time("trouble_since"),
    _time("trouble_at"),
    _number("trouble_texts", Integer),
    _words("trouble_kind", server_default=""),
    _words("trouble_why", server_default=""),
    _time("probe_at"),
)
tenant = Table(
    "tenant",
    metadata,
    Column("name", Text, primary_key=True),
    Column("weight", Double, CheckConstraint("weight > 0"), nullable=False, server_default="1"),
    Column("daily_micros", BigInteger),
    Column("monthly_micros", BigInteger),
)
voice_pace = Table(
    "voice_pace",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("voice", Text, primary_key=True),
    Column("language", Text, primary_key=True),
    Column("calls", BigInteger, nullable=False),
    Column("chars", BigInteger, nullable=False),
    Column("millis", BigInteger, nullable=False),
    Column("latency_millis", BigInteger, nullable=False),
)
audio_window = Table(
    "audio_window",
    metadata,
    Column("account", Text, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("voice", Text, primary_key=True),
    _words("recent", server_default=""),
    _number("answers"),
    _number("bad"),
    _number("wasted_micros"),
    _json("samples", "[]"),
    _json("refused", "[]"),
    _time("tripped_at"),
    _words("reason", server_default=""),
    postgresql_with={"fillfactor": 50},
)
permit = Table(
    "permit",
    metadata,
    Column("account", Text, ForeignKey(account.c.name, ondelete="CASCADE"), primary_key=True),
    Column("claimant_id", BigInteger, ForeignKey(claimant.c.id, ondelete="CASCADE"), primary_key=True),
    Column("held", Integer, nullable=False),
    Column("busy", Integer, nullable=False),
    Column("wants", Integer, nullable=False),
    _time("until", nullable=False),
)
pulse = Table(
    "pulse",
    metadata,
    Column("account", Text, ForeignKey(account.c.name, ondelete="CASCADE"), primary_key=True),
    Column("at", DateTime(timezone=True), primary_key=True),
    Column("limit", Integer, nullable=False),
    Column("busy", Integer, nullable=False),
    Column("wants", Integer, nullable=False),
)
job_cost = Table(
    "job_cost",
    metadata,
    Column("job_id", BigInteger, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    _number("requests"),
    _number("chars"),
    _number("micros"),
    _number("saved_micros"),
)
refusal = Table(
    "refusal",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("status", SmallInteger, primary_key=True),
    Column("calls", BigInteger, nullable=False),
)
chore = Table(
    "chore",
    metadata,
    Column("name", Text, primary_key=True),
    _time("ended_at", now=True),
    _number("runs"),
    _number("done"),
)
evicted = Table(
    "evicted",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("fence", Integer, nullable=False),
    _words("format"),
    _words("store"),
)
rebuy = Table(
    "rebuy",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("job_id", BigInteger, nullable=False),
    _flag("kept"),
)
Index("rebuy_job", rebuy.c.job_id)
hook = Table(
    "hook",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=text("gen_random_uuid()")),
    Column("job_id", BigInteger, ForeignKey(job.c.id, ondelete="CASCADE"), nullable=False),
    _words("event"),
    CheckConstraint("event IN ('done', 'failed', 'paused', 'cancelled')"),
    _words("reason", server_default=""),
    _time("born_at", now=True),
    _number("tries", Integer),
    Column("due_at", DateTime(timezone=True), server_default=text("clock_timestamp()")),
    _time("delivered_at"),
    _words("error", server_default=""),
)
Index("hook_due", hook.c.due_at, postgresql_where=text("due_at IS NOT NULL"))
Index("hook_job", hook.c.job_id)
schedule = Table(
    "schedule",
    metadata,
    _id(),
    _words("name"),
    _words("tenant"),
    _words("cron"),
    _words("zone"),
    _words("catch_up"),
    CheckConstraint("catch_up IN ('" + "', '".join(CatchUp) + "')"),
    _json("orders", None),
    _flag("paused"),
    _time("next_due", nullable=False),
    _time("created_at", now=True),
    UniqueConstraint("name"),
)
schedule_run = Table(
    "schedule_run",
    metadata,
    _id(),
    Column("schedule_id", BigInteger, ForeignKey(schedule.c.id, ondelete="CASCADE"), nullable=False),
    _time("due", nullable=False),
    _flag("by_hand"),
    *_state(RunState),
    _words("reason", server_default=""),
    _number("tries", Integer),
    _time("lease_until"),
    Column("job_id", BigInteger),
    Column("previous_job_id", BigInteger),
    _time("ended_at"),
    UniqueConstraint("schedule_id", "due"),
)
Index(
    "schedule_run_open",
    schedule_run.c.schedule_id,
    schedule_run.c.due,
    postgresql_where=text("state IN ('waiting', 'planning')"),
)
Index("schedule_run_job", schedule_run.c.job_id, postgresql_where=text("job_id IS NOT NULL"))
