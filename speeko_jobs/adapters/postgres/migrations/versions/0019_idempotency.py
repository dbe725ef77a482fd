"""Which idempotency key the calls of a text carry: another one each time its audio was of no use."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLES = ("utterance", "attempt")


def upgrade() -> None:
    for table in TABLES:
        op.execute(f"ALTER TABLE speeko.{table} ADD COLUMN idempotency_no smallint NOT NULL DEFAULT 0")


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"ALTER TABLE speeko.{table} DROP COLUMN idempotency_no")
