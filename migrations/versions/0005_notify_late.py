"""Schedules say from when on a late run is worth telling somebody."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE schedules ADD COLUMN notify_late_seconds double precision")
    # Few rows, and none that has the column yet: the check costs nothing.
    op.execute("ALTER TABLE schedules ADD CONSTRAINT schedules_notify_late_check CHECK (notify_late_seconds > 0)")


def downgrade() -> None:
    op.execute("ALTER TABLE schedules DROP COLUMN notify_late_seconds")
