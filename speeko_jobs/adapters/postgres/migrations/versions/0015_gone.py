"""When the audio of a text was last taken for gone: jobs that were planned before did not price it."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE speeko.utterance ADD COLUMN gone_at timestamptz")


def downgrade() -> None:
    op.execute("ALTER TABLE speeko.utterance DROP COLUMN gone_at")
