"""Workers say which secrets they have, by name."""

from alembic import op

from migrations.online import LOCK_TIMEOUT

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.execute("ALTER TABLE workers ADD COLUMN IF NOT EXISTS secrets jsonb")


def downgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.execute("ALTER TABLE workers DROP COLUMN IF EXISTS secrets")
