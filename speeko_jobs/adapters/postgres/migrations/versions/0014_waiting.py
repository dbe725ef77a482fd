"""What jobs wait for: since when a job is in its state, and whether an account answers at all."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

CHANGES = (
    "ALTER TABLE speeko.job ADD COLUMN state_since timestamptz",
    # in the database, so that it is true whichever statement, of whichever version, changes the state
    """
    CREATE FUNCTION speeko.note_state() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.state_since := clock_timestamp();
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER note_state BEFORE UPDATE OF state ON speeko.job FOR EACH ROW
        WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION speeko.note_state()
    """,
    """
    ALTER TABLE speeko.account
        ADD COLUMN good_at timestamptz,
        ADD COLUMN good_run integer NOT NULL DEFAULT 0,
        ADD COLUMN trouble_since timestamptz,
        ADD COLUMN trouble_at timestamptz,
        ADD COLUMN trouble_texts integer NOT NULL DEFAULT 0,
        ADD COLUMN trouble_kind text NOT NULL DEFAULT '',
        ADD COLUMN trouble_why text NOT NULL DEFAULT '',
        ADD COLUMN probe_at timestamptz
    """,
    # which texts wait for a retry; there are few of them while a provider answers
    "CREATE INDEX utterance_retried ON speeko.utterance (key) WHERE state = 'missing' AND tries > 0",
    # a job that names its accounts uses those (a name may end in a hash or a machine), any other those of
    # its provider
    """
    CREATE FUNCTION speeko.uses(spec jsonb, account text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
        SELECT CASE WHEN jsonb_array_length(coalesce(spec->'accounts', '[]'::jsonb)) > 0
                    THEN spec->'accounts' ? account OR spec->'accounts' ? split_part(account, ':', 1)
                    ELSE split_part(account, ':', 1) = spec->>'provider' END
    $$
    """,
)


def upgrade() -> None:
    for statement in CHANGES:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP FUNCTION speeko.uses(jsonb, text)")
    op.execute("DROP INDEX speeko.utterance_retried")
    op.execute(
        "ALTER TABLE speeko.account DROP COLUMN good_at, DROP COLUMN good_run, DROP COLUMN trouble_since,"
        " DROP COLUMN trouble_at, DROP COLUMN trouble_texts, DROP COLUMN trouble_kind,"
        " DROP COLUMN trouble_why, DROP COLUMN probe_at"
    )
    op.execute("DROP TRIGGER note_state ON speeko.job")
    op.execute("DROP FUNCTION speeko.note_state()")
    op.execute("ALTER TABLE speeko.job DROP COLUMN state_since")
