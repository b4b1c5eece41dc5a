"""Runs wait for a worker of their queue that knows their actor; workers say which actors they know."""

from alembic import op

revision = "0006"
down_revision = "0005"

BEFORE = "'actor', 'queue', 'overlap', 'window'"
WORDS = "'actor', 'worker', 'queue', 'overlap', 'window'"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE workers ADD COLUMN IF NOT EXISTS actors jsonb")
    _replace_check(WORDS)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("UPDATE runs SET waiting_for = 'actor' WHERE waiting_for = 'worker'")
    _replace_check(BEFORE)
    op.execute("ALTER TABLE workers DROP COLUMN IF EXISTS actors")


def _replace_check(words: str) -> None:
    """The new one looks at no row while the table is locked, then at all of them while others work on. What comes before
    is committed by then: a migration that breaks off there is run again from the start."""
    op.execute("ALTER TABLE runs DROP CONSTRAINT IF EXISTS runs_waiting_for_check")
    op.execute(
        f"ALTER TABLE runs ADD CONSTRAINT runs_waiting_for_check CHECK (waiting_for IN ({words})) NOT VALID"
    )
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        op.execute("ALTER TABLE runs VALIDATE CONSTRAINT runs_waiting_for_check")
        op.execute("RESET statement_timeout")
