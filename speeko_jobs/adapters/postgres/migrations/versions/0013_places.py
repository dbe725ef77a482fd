"""Where jobs deliver to, however it is spelled, and the job for which one waits that delivers there, too."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # jobs of older versions have no place: the URL of their destination stands for it
    op.execute(
        "ALTER TABLE speeko.job ADD COLUMN place text NOT NULL DEFAULT '', ADD COLUMN waits_for bigint"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE speeko.job DROP COLUMN waits_for, DROP COLUMN place")
