"""What of a chunk is in the days' figures."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # [voice, source, rows, characters, micro-dollars] each: a chunk that is delivered once more after a retry
    # books the difference
    op.execute("ALTER TABLE speeko.chunk ADD COLUMN saved jsonb NOT NULL DEFAULT '[]'")


def downgrade() -> None:
    op.execute("ALTER TABLE speeko.chunk DROP COLUMN saved")
