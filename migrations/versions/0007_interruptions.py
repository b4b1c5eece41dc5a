"""Runs count interruptions in a row; a start deadline holds for runs that came back without having started."""

from alembic import op

from migrations.online import LOCK_TIMEOUT, create_index

revision = "0007"
down_revision = "0006"

OVERDUE = "(deadline_at) WHERE state IN ('planned', 'queued', 'retrying') AND deadline_at IS NOT NULL"
DEADLINE = "(deadline_at) WHERE state IN ('planned', 'queued') AND deadline_at IS NOT NULL"
SERVES = "rescue: runs that missed their start deadline"


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.execute("ALTER TABLE runs ADD COLUMN IF NOT EXISTS interruptions integer DEFAULT 0 NOT NULL")
    # What the version before asks for, the new index answers too.
    create_index("runs", "runs_overdue", OVERDUE, SERVES)
    op.execute("DROP INDEX IF EXISTS runs_deadline")


def downgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    create_index("runs", "runs_deadline", DEADLINE, SERVES)
    op.execute("DROP INDEX IF EXISTS runs_overdue")
    op.execute("ALTER TABLE runs DROP COLUMN IF EXISTS interruptions")
