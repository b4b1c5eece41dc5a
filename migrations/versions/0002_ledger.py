"""The ledger: what a run waits for, its neighbouring slots, paused queues, times without scheduling, code's schedules."""

from alembic import op

from migrations.online import LOCK_TIMEOUT, add_check

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.execute(
        """
        ALTER TABLE runs
            ADD COLUMN IF NOT EXISTS previous_slot_at timestamptz,
            ADD COLUMN IF NOT EXISTS next_slot_at timestamptz,
            ADD COLUMN IF NOT EXISTS waiting_for TEXT
        """
    )
    add_check("runs", "runs_waiting_for_check", "waiting_for IN ('actor', 'queue', 'overlap', 'window')")
    op.execute("ALTER TABLE schedules ADD COLUMN announced_at timestamptz")
    op.execute(
        """
        CREATE TABLE queues (
            name TEXT NOT NULL,
            paused_at timestamptz NOT NULL,
            pause_reason TEXT,
            paused_by TEXT,
            PRIMARY KEY (name)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE scheduling_gaps (
            started_at timestamptz NOT NULL,
            ended_at timestamptz NOT NULL,
            PRIMARY KEY (started_at),
            CONSTRAINT scheduling_gaps_check CHECK (ended_at > started_at)
        )
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE scheduling_gaps")
    op.execute("DROP TABLE queues")
    op.execute("ALTER TABLE schedules DROP COLUMN announced_at")
    op.execute(
        """
        ALTER TABLE runs
            DROP CONSTRAINT runs_waiting_for_check,
            DROP COLUMN waiting_for,
            DROP COLUMN next_slot_at,
            DROP COLUMN previous_slot_at
        """
    )
