"""Rows that are served from audio in another format: what identifies their files is kept with them."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE speeko.item ADD COLUMN content bytea")


def downgrade() -> None:
    op.execute("ALTER TABLE speeko.item DROP COLUMN content")
