"""Workers say which secrets they have, by name; schedules that are set aside are found among very many."""

from alembic import op

from migrations.online import LOCK_TIMEOUT, create_plain_index

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.execute("ALTER TABLE workers ADD COLUMN IF NOT EXISTS secrets jsonb")
    create_plain_index(
        "schedules", "schedules_set_aside", "(name) WHERE error IS NOT NULL", "readiness: schedules that are set aside"
    )


def downgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.execute("DROP INDEX IF EXISTS schedules_set_aside")
    op.execute("ALTER TABLE workers DROP COLUMN IF EXISTS secrets")
