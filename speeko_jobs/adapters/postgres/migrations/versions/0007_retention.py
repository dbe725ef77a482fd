"""What pruning and the metrics need to know; the ledger in months."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MONTHS_AHEAD = 2

CHANGES = (
    # pruned_at: since when a job's rows may go; sums, reasons: what went had counted, and why rows had failed
    """
    ALTER TABLE speeko.job
        ADD COLUMN pruned_at timestamptz,
        ADD COLUMN emptied boolean NOT NULL DEFAULT false,
        ADD COLUMN sums jsonb NOT NULL DEFAULT '{}',
        ADD COLUMN reasons jsonb NOT NULL DEFAULT '{}'
    """,
    "CREATE INDEX job_pruning ON speeko.job (id) WHERE pruned_at IS NOT NULL AND NOT emptied",
    # what pruned chunks and months of the ledger that went had said of a job's costs
    """
    CREATE TABLE speeko.job_cost (
        job_id bigint NOT NULL,
        day date NOT NULL,
        provider text NOT NULL,
        source text NOT NULL,
        requests bigint NOT NULL DEFAULT 0,
        chars bigint NOT NULL DEFAULT 0,
        micros bigint NOT NULL DEFAULT 0,
        saved_micros bigint NOT NULL DEFAULT 0,
        PRIMARY KEY (job_id, day, provider, source)
    )
    """,
    """
    CREATE TABLE speeko.refusal (
        provider text NOT NULL,
        status smallint NOT NULL,
        calls bigint NOT NULL,
        PRIMARY KEY (provider, status)
    )
    """,
    """
    INSERT INTO speeko.refusal (provider, status, calls)
    SELECT provider, status, count(*) FROM speeko.attempt WHERE state = 'refused' GROUP BY 1, 2
    """,
    """
    CREATE TABLE speeko.chore (
        name text PRIMARY KEY,
        ended_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        runs bigint NOT NULL DEFAULT 0,
        done bigint NOT NULL DEFAULT 0
    )
    """,
    # calls of a month that has no partition: found by their time
    "CREATE INDEX attempt_other_at ON speeko.attempt_other (at, id)",
    # Whoever writes to the ledger waits while these wait for their lock: so they do not wait for long. They
    # run as the owner: workers need no right to make tables, and only who is granted it may drop a month.
    """
    CREATE FUNCTION speeko.ledger_open(ahead integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '200ms' AS $$
    DECLARE
        begins timestamp; ends timestamp; partition text; made integer := 0;
    BEGIN
        IF NOT pg_try_advisory_xact_lock(1592514) THEN
            RETURN 0;  -- two at once would wait for each other
        END IF;
        FOR n IN 0 .. least(ahead, 24) LOOP
            begins := date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') + make_interval(months => n);
            ends := begins + interval '1 month';
            partition := 'attempt_' || to_char(begins, 'YYYY_MM');
            CONTINUE WHEN to_regclass('speeko.' || partition) IS NOT NULL
                OR EXISTS (SELECT FROM speeko.attempt_other
                           WHERE at >= begins AT TIME ZONE 'UTC' AND at < ends AT TIME ZONE 'UTC');
            EXECUTE format('CREATE TABLE speeko.%I PARTITION OF speeko.attempt FOR VALUES FROM (%L) TO (%L)',
                           partition, begins AT TIME ZONE 'UTC', ends AT TIME ZONE 'UTC');
            made := made + 1;
        END LOOP;
        RETURN made;
    EXCEPTION WHEN lock_not_available OR duplicate_table OR unique_violation OR check_violation THEN
        RETURN 0;  -- others are at it, or at the ledger
    END $$
    """,
    """
    CREATE FUNCTION speeko.ledger_drop(partition text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
    BEGIN
        IF partition !~ '^attempt_[0-9]{4}_[0-9]{2}$' THEN
            RAISE EXCEPTION '% is no month of the ledger', partition;
        END IF;
        IF NOT pg_try_advisory_xact_lock(1592514) THEN
            RETURN false;
        END IF;
        IF to_regclass('speeko.' || partition) IS NOT NULL THEN
            EXECUTE format($sums$
                INSERT INTO speeko.job_cost AS k (job_id, day, provider, source, requests, chars, micros)
                SELECT job_id, (coalesce(settled_at, at) AT TIME ZONE 'UTC')::date, provider,
                       CASE state WHEN 'stored' THEN 'synthesized' ELSE state END, count(*), sum(chars),
                       sum(cost_micros)
                FROM speeko.%I WHERE state IN ('stored', 'bad', 'unknown') GROUP BY 1, 2, 3, 4
                ON CONFLICT (job_id, day, provider, source) DO UPDATE
                SET requests = k.requests + excluded.requests, chars = k.chars + excluded.chars,
                    micros = k.micros + excluded.micros
                $sums$, partition);
            EXECUTE format('DROP TABLE speeko.%I', partition);
        END IF;
        RETURN true;
    EXCEPTION WHEN lock_not_available THEN
        RETURN false;
    END $$
    """,
    "REVOKE EXECUTE ON FUNCTION speeko.ledger_drop(text) FROM PUBLIC",
    f"SELECT speeko.ledger_open({MONTHS_AHEAD})",
)

# calls of months go back into the one partition of before
BACK = """
    DO $$
    DECLARE
        month regclass;
    BEGIN
        FOR month IN SELECT inhrelid::regclass FROM pg_inherits
                     WHERE inhparent = 'speeko.attempt'::regclass
                       AND inhrelid <> 'speeko.attempt_other'::regclass LOOP
            EXECUTE format('ALTER TABLE speeko.attempt DETACH PARTITION %s', month);
            EXECUTE format('INSERT INTO speeko.attempt OVERRIDING SYSTEM VALUE SELECT * FROM %s', month);
            EXECUTE format('DROP TABLE %s', month);
        END LOOP;
    END $$
"""


def upgrade() -> None:
    for statement in CHANGES:
        op.execute(statement)


def downgrade() -> None:
    op.execute(BACK)
    op.execute("DROP FUNCTION speeko.ledger_drop(text)")
    op.execute("DROP FUNCTION speeko.ledger_open(integer)")
    op.execute("DROP INDEX speeko.attempt_other_at")
    op.execute("DROP TABLE speeko.chore")
    op.execute("DROP TABLE speeko.refusal")
    op.execute("DROP TABLE speeko.job_cost")
    op.execute("DROP INDEX speeko.job_pruning")
    for name in ("reasons", "sums", "emptied", "pruned_at"):
        op.execute(f"ALTER TABLE speeko.job DROP COLUMN {name}")
