"""Runs wait for a worker of their queue that knows their actor; workers say which actors they know."""

from alembic import op

from migrations.online import LOCK_TIMEOUT, add_check

revision = "0006"
down_revision = "0005"

BEFORE = "'actor', 'queue', 'overlap', 'window'"
WORDS = "'actor', 'worker', 'queue', 'overlap', 'window'"


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.execute("ALTER TABLE workers ADD COLUMN IF NOT EXISTS actors jsonb")
    add_check("runs", "runs_waiting_for_check", f"waiting_for IN ({WORDS})")


def downgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.execute("UPDATE runs SET waiting_for = 'actor' WHERE waiting_for = 'worker'")
    add_check("runs", "runs_waiting_for_check", f"waiting_for IN ({BEFORE})")
    op.execute("ALTER TABLE workers DROP COLUMN IF EXISTS actors")
