"""An id of this database, so that a Redis which belongs to another one is noticed."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE speeko.identity (id uuid PRIMARY KEY DEFAULT gen_random_uuid())")
    op.execute("INSERT INTO speeko.identity DEFAULT VALUES")


def downgrade() -> None:
    op.execute("DROP TABLE speeko.identity")
