"""Workers say which actors may use which secret."""

from alembic import op

from migrations.online import LOCK_TIMEOUT

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.execute("ALTER TABLE workers ADD COLUMN IF NOT EXISTS secret_rules jsonb")


def downgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.execute("ALTER TABLE workers DROP COLUMN IF EXISTS secret_rules")
