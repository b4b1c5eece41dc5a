"""Which release decides what code declares; workers that are drained, or have stuck threads; schedules held back; what attempts leave to the
next ones."""

from alembic import op

from migrations.online import LOCK_TIMEOUT, create_plain_index

revision = "0013"
down_revision = "0012"

_ADDED = {
    "workers": ("release text", "parent_pid integer", "drain_requested_at timestamptz", "drained_at timestamptz",
                "stuck_threads integer NOT NULL DEFAULT 0"),
    "schedules": ("declared_by text", "held_back text"),
    "runs": ("checkpoint jsonb",),
}


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    for table, columns in _ADDED.items():
        op.execute(f"ALTER TABLE {table} {', '.join(f'ADD COLUMN IF NOT EXISTS {column}' for column in columns)}")
    create_plain_index(
        "schedules", "schedules_held_back", "(name) WHERE held_back IS NOT NULL", "upkeep: schedules that are held back"
    )


def downgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    for table, columns in _ADDED.items():
        names = (column.split()[0] for column in columns)
        op.execute(f"ALTER TABLE {table} {', '.join(f'DROP COLUMN IF EXISTS {name}' for name in names)}")
