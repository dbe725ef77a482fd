"""The first schema: jobs, chunks, items, utterances, claims, the ledger, costs, deliveries, permits."""

from __future__ import annotations

import re

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE speeko.destination (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    url text NOT NULL,
    mark text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (url, mark)
);
CREATE TABLE speeko.job (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant text NOT NULL,
    state text NOT NULL CHECK (state IN ('planning', 'running', 'paused', 'finalizing', 'done',
                                         'done_with_errors', 'cancelled')),
    reason text NOT NULL DEFAULT '',
    priority integer NOT NULL DEFAULT 0,
    spec jsonb NOT NULL,
    files jsonb NOT NULL DEFAULT '[]',
    plan jsonb NOT NULL DEFAULT '{}',
    destination_id bigint NOT NULL REFERENCES speeko.destination (id),
    budget_micros bigint,
    reserved_micros bigint NOT NULL DEFAULT 0,
    spent_micros bigint NOT NULL DEFAULT 0,
    possible_micros bigint NOT NULL DEFAULT 0,
    calls bigint NOT NULL DEFAULT 0,
    possible_calls bigint NOT NULL DEFAULT 0,
    billed_chars bigint NOT NULL DEFAULT 0,
    rows bigint NOT NULL DEFAULT 0,
    skipped bigint NOT NULL DEFAULT 0,
    chunks integer NOT NULL DEFAULT 0,
    chunks_open integer NOT NULL DEFAULT 0,
    delivered bigint NOT NULL DEFAULT 0,
    unchanged bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    refused bigint NOT NULL DEFAULT 0,
    submitter_until timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    released_at timestamptz,
    finished_at timestamptz
);
CREATE INDEX job_open ON speeko.job (priority DESC, id)
    WHERE state NOT IN ('done', 'done_with_errors', 'cancelled');
CREATE TABLE speeko.chunk (
    job_id bigint NOT NULL REFERENCES speeko.job (id) ON DELETE CASCADE,
    no integer NOT NULL,
    first_row bigint NOT NULL,
    last_row bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('planned', 'synthesizing', 'ready', 'delivered')),
    missing integer NOT NULL DEFAULT 0,
    attempt integer NOT NULL DEFAULT 0,
    claimant_id bigint,
    queued_at timestamptz,
    started_at timestamptz,
    ready_at timestamptz,
    delivered_at timestamptz,
    counts jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (job_id, no)
);
CREATE INDEX chunk_open ON speeko.chunk (job_id, state, no) WHERE state <> 'delivered';
CREATE INDEX chunk_queued ON speeko.chunk (job_id)
    WHERE queued_at IS NOT NULL AND state IN ('planned', 'synthesizing');
CREATE TABLE speeko.item (
    job_id bigint NOT NULL,
    row_no bigint NOT NULL,
    row_id text NOT NULL,
    path text,
    voice text,
    language text,
    chars integer NOT NULL DEFAULT 0,
    keys bytea[],
    kept boolean NOT NULL DEFAULT false,
    skipped boolean NOT NULL DEFAULT false,
    error text,
    source text,
    PRIMARY KEY (job_id, row_no)
);
CREATE TABLE speeko.utterance (
    key bytea PRIMARY KEY,
    state text NOT NULL CHECK (state IN ('missing', 'claimed', 'done', 'failed')),
    provider text NOT NULL,
    model text NOT NULL,
    voice text NOT NULL,
    language text NOT NULL,
    format text NOT NULL,
    chars integer NOT NULL,
    cost_micros bigint NOT NULL,
    text text NOT NULL,
    fence integer NOT NULL DEFAULT 0,
    tries smallint NOT NULL DEFAULT 0,
    bad smallint NOT NULL DEFAULT 0,
    claimant_id bigint,
    bytes integer,
    millis integer,
    sha256 bytea,
    reason text NOT NULL DEFAULT '',
    bought_job bigint,
    bought_row bigint,
    hits bigint NOT NULL DEFAULT 0,
    last_hit timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    settled_at timestamptz
) WITH (fillfactor = 90);
CREATE INDEX utterance_claimed ON speeko.utterance (claimant_id) WHERE state = 'claimed';
CREATE TABLE speeko.need (
    key bytea NOT NULL,
    job_id bigint NOT NULL,
    chunk_no integer NOT NULL,
    PRIMARY KEY (key, job_id, chunk_no)
);
CREATE INDEX need_chunk ON speeko.need (job_id, chunk_no);
CREATE TABLE speeko.claimant (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host text NOT NULL,
    pid integer NOT NULL,
    lease_until timestamptz NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE speeko.attempt (
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    job_id bigint NOT NULL,
    chunk_no integer NOT NULL,
    row_no bigint NOT NULL,
    key bytea NOT NULL,
    fence integer NOT NULL,
    claimant_id bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('sending', 'stored', 'bad', 'refused', 'unknown')),
    tenant text NOT NULL,
    provider text NOT NULL,
    voice text NOT NULL,
    chars integer NOT NULL,
    cost_micros bigint NOT NULL,
    status smallint NOT NULL DEFAULT 0,
    reason text NOT NULL DEFAULT '',
    latency_millis integer,
    ever_unknown boolean NOT NULL DEFAULT false,
    settled_at timestamptz,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE speeko.attempt_other PARTITION OF speeko.attempt DEFAULT;
CREATE INDEX attempt_open ON speeko.attempt (claimant_id) WHERE state = 'sending';
CREATE INDEX attempt_job ON speeko.attempt (job_id);
CREATE TABLE speeko.cost_daily (
    tenant text NOT NULL,
    day date NOT NULL,
    provider text NOT NULL,
    voice text NOT NULL,
    source text NOT NULL,
    requests bigint NOT NULL DEFAULT 0,
    chars bigint NOT NULL DEFAULT 0,
    micros bigint NOT NULL DEFAULT 0,
    saved_micros bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, day, provider, voice, source)
);
CREATE TABLE speeko.delivered (
    destination_id bigint NOT NULL REFERENCES speeko.destination (id) ON DELETE CASCADE,
    path text NOT NULL,
    content bytea NOT NULL,
    job_id bigint NOT NULL,
    bytes bigint NOT NULL,
    millis bigint NOT NULL,
    PRIMARY KEY (destination_id, path)
);
CREATE TABLE speeko.account (
    name text PRIMARY KEY,
    ceiling integer NOT NULL,
    "limit" integer NOT NULL,
    blocked_until timestamptz,
    moved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    moved_why text NOT NULL DEFAULT ''
);
CREATE TABLE speeko.permit (
    account text NOT NULL REFERENCES speeko.account (name) ON DELETE CASCADE,
    claimant_id bigint NOT NULL REFERENCES speeko.claimant (id) ON DELETE CASCADE,
    held integer NOT NULL,
    busy integer NOT NULL,
    wants integer NOT NULL,
    until timestamptz NOT NULL,
    PRIMARY KEY (account, claimant_id)
);
"""


def upgrade() -> None:
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    tables = re.findall(r"CREATE TABLE (\S+) ", TABLES)
    op.execute(f"DROP TABLE {', '.join(reversed(tables))}")
