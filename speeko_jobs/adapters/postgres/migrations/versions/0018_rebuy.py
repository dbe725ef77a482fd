"""Texts that are bought again because their audio is wrong, while their job is open."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE speeko.rebuy (
            key bytea PRIMARY KEY,
            job_id bigint NOT NULL,
            kept boolean NOT NULL DEFAULT false
        )
        """
    )
    op.execute("CREATE INDEX rebuy_job ON speeko.rebuy (job_id)")


def downgrade() -> None:
    op.execute("DROP TABLE speeko.rebuy")
