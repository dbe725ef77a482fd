"""What delivered files were made of, so that the next run can tell why a row has changed."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

CHANGES = (
    # -1 and empty for files of older versions
    """
    ALTER TABLE speeko.delivered
        ADD COLUMN source bigint NOT NULL DEFAULT -1,
        ADD COLUMN voice text NOT NULL DEFAULT '',
        ADD COLUMN language text NOT NULL DEFAULT '',
        ADD COLUMN engine text NOT NULL DEFAULT '',
        ADD COLUMN form text NOT NULL DEFAULT ''
    """,
    "ALTER TABLE speeko.item ADD COLUMN source_sum bigint, ADD COLUMN change text",
    "CREATE INDEX job_cancelled ON speeko.job (id) WHERE state = 'cancelled' AND NOT finalized",
    "CREATE INDEX job_destination ON speeko.job (destination_id, id)",
)


def upgrade() -> None:
    for statement in CHANGES:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP INDEX speeko.job_destination, speeko.job_cancelled")
    op.execute("ALTER TABLE speeko.item DROP COLUMN change, DROP COLUMN source_sum")
    op.execute(
        "ALTER TABLE speeko.delivered DROP COLUMN source, DROP COLUMN voice, DROP COLUMN language,"
        " DROP COLUMN engine, DROP COLUMN form"
    )
