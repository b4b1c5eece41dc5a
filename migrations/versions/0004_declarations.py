"""Declarations: what is wrong with the schedule that an actor declares is shown with the actor."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE actors ADD COLUMN declaration_error text")


def downgrade() -> None:
    op.execute("ALTER TABLE actors DROP COLUMN declaration_error")
