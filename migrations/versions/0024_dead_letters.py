"""What is known of dead letters. Workers of the release before go on without telling."""

from alembic import op

from migrations.online import LOCK_TIMEOUT

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.execute("""
        CREATE TABLE IF NOT EXISTS dead_letters (
            queue text NOT NULL,
            letters bigint NOT NULL,
            counted_at timestamptz,
            came_at timestamptz,
            latest jsonb NOT NULL,
            CONSTRAINT dead_letters_pkey PRIMARY KEY (queue)
        )""")


def downgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.execute("DROP TABLE IF EXISTS dead_letters")
