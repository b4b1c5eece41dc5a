"""Runs with an error are found without a look at all others."""

from alembic import op

from migrations.online import LOCK_TIMEOUT, create_index

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    create_index("runs", "runs_errors", "(id) WHERE error_type IS NOT NULL", "API: runs with an error, newest first")


def downgrade() -> None:
    op.execute("DROP INDEX runs_errors")
