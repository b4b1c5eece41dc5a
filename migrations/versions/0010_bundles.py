"""Actors say how long their runs take, and workers that they take messages that stand for several runs."""

from alembic import op

from migrations.online import LOCK_TIMEOUT

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.execute("ALTER TABLE workers ADD COLUMN IF NOT EXISTS takes_bundles boolean NOT NULL DEFAULT false")
    op.execute("ALTER TABLE actors ADD COLUMN IF NOT EXISTS run_seconds float")


def downgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.execute("ALTER TABLE actors DROP COLUMN IF EXISTS run_seconds")
    op.execute("ALTER TABLE workers DROP COLUMN IF EXISTS takes_bundles")
