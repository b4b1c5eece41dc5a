"""Channels, and what each has been told. Which states of runs are noted is by now also what channels need."""

from alembic import op

from migrations.online import LOCK_TIMEOUT

revision = "0023"
down_revision = "0022"

_TABLES = (
    """
CREATE TABLE IF NOT EXISTS channels (
    name text NOT NULL,
    kind text NOT NULL,
    url text,
    recipients jsonb,
    secret text,
    events jsonb NOT NULL,
    filter jsonb,
    after_failures integer NOT NULL,
    quiet_seconds double precision NOT NULL,
    slow_factor double precision NOT NULL,
    description text NOT NULL,
    source text NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL,
    CONSTRAINT channels_pkey PRIMARY KEY (name),
    CONSTRAINT channels_kind_check CHECK (kind IN ('webhook', 'slack', 'email', 'teams')),
    CONSTRAINT channels_url_check CHECK ((kind = 'email') = (url IS NULL)),
    CONSTRAINT channels_recipients_check CHECK ((kind = 'email') = (recipients IS NOT NULL)),
    CONSTRAINT channels_rules_check CHECK (after_failures >= 1 AND quiet_seconds >= 0 AND slow_factor > 1)
)
""",
    """
CREATE TABLE IF NOT EXISTS notice_standings (
    channel text NOT NULL,
    subject text NOT NULL,
    failures integer NOT NULL,
    told jsonb NOT NULL,
    told_at timestamptz,
    CONSTRAINT notice_standings_pkey PRIMARY KEY (channel, subject),
    CONSTRAINT notice_standings_channel_fkey FOREIGN KEY (channel) REFERENCES channels (name) ON DELETE CASCADE
)
""",
    """
CREATE TABLE IF NOT EXISTS deliveries (
    channel text NOT NULL,
    run_id uuid NOT NULL,
    kind text NOT NULL,
    schedule text,
    about_run_id uuid,
    at timestamptz NOT NULL,
    CONSTRAINT deliveries_pkey PRIMARY KEY (channel, run_id)
)
""",
    """
CREATE TABLE IF NOT EXISTS notifier (
    id boolean NOT NULL,
    position bigint NOT NULL,
    late_until timestamptz,
    CONSTRAINT notifier_pkey PRIMARY KEY (id),
    CONSTRAINT notifier_one_check CHECK (id)
)
""",
    "INSERT INTO notifier (id, position) VALUES (true, 0) ON CONFLICT DO NOTHING",
    """
ALTER TABLE told_states ADD COLUMN IF NOT EXISTS is_public boolean NOT NULL DEFAULT true,
    ADD COLUMN IF NOT EXISTS is_needed boolean NOT NULL DEFAULT false
""",
)


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    for table in _TABLES:
        op.execute(table)


def downgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.execute("ALTER TABLE told_states DROP COLUMN IF EXISTS is_public, DROP COLUMN IF EXISTS is_needed")
    for table in ("notifier", "deliveries", "notice_standings", "channels"):
        op.execute(f"DROP TABLE IF EXISTS {table}")
