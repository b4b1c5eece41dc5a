"""Browsers that somebody has signed in, and links that sign one in once."""

from alembic import op

from migrations.online import LOCK_TIMEOUT

revision = "0018"
down_revision = "0017"

_SESSIONS = """
CREATE TABLE IF NOT EXISTS sessions (
    hash text NOT NULL,
    token_id uuid,
    admin_hash text,
    is_link boolean NOT NULL,
    created_at timestamptz NOT NULL,
    used_at timestamptz NOT NULL,
    CONSTRAINT sessions_pkey PRIMARY KEY (hash),
    CONSTRAINT sessions_token_id_fkey FOREIGN KEY (token_id) REFERENCES tokens (id) ON DELETE CASCADE,
    CONSTRAINT sessions_of_one_check CHECK ((token_id IS NULL) <> (admin_hash IS NULL))
)
"""


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.execute(_SESSIONS)
    op.execute("CREATE INDEX IF NOT EXISTS sessions_by_token ON sessions (token_id)")
    op.execute("COMMENT ON INDEX sessions_by_token IS 'API: the end of a token ends its sessions'")


def downgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.execute("DROP TABLE IF EXISTS sessions")
