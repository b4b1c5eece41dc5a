"""The log of events. What the release before does is not told of, but for acts on schedules."""

from alembic import op

from migrations.online import LOCK_TIMEOUT

revision = "0021"
down_revision = "0020"

_TABLES = (
    """
CREATE TABLE IF NOT EXISTS events (
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind text NOT NULL,
    runs uuid[],
    attempts integer[],
    subject text,
    data jsonb,
    position bigint,
    CONSTRAINT events_pkey PRIMARY KEY (id)
)
""",
    """
CREATE TABLE IF NOT EXISTS told_states (
    state text NOT NULL,
    CONSTRAINT told_states_pkey PRIMARY KEY (state)
)
""",
    """
CREATE TABLE IF NOT EXISTS event_relay (
    id boolean NOT NULL DEFAULT true,
    numbered bigint NOT NULL DEFAULT 0,
    sent bigint NOT NULL DEFAULT 0,
    dropped bigint NOT NULL DEFAULT 0,
    relay uuid,
    lease_until timestamptz,
    CONSTRAINT event_relay_pkey PRIMARY KEY (id),
    CONSTRAINT event_relay_one_check CHECK (id)
)
""",
    "INSERT INTO event_relay (id) VALUES (true) ON CONFLICT DO NOTHING",
)
_INDEXES = (
    ("events_new", "INDEX", "(id) WHERE position IS NULL", "relay: what has no position yet"),
    (
        "events_by_position",
        "UNIQUE INDEX",
        "(position) WHERE position IS NOT NULL",
        "relay and API: what follows a position; housekeeping: what is old",
    ),
)
_TELL_ACT = """
CREATE OR REPLACE FUNCTION callsheet_tell_act() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (kind, subject, data)
    SELECT 'schedule.' || what, substr(NEW.target, length('schedules/') + 1),
        jsonb_strip_nulls(jsonb_build_object('who', NEW.who, 'reason', NEW.reason))
    FROM (VALUES ('create', 'created'), ('update', 'updated'), ('rollback', 'updated'), ('declare', 'updated'),
        ('pause', 'paused'), ('resume', 'resumed'), ('delete', 'deleted'), ('quarantine', 'quarantined')
    ) AS told (verb, what)
    WHERE verb = substr(NEW.action, length('schedule.') + 1) AND EXISTS (SELECT FROM told_states);
    RETURN NULL;
END
$$
"""
_ON_ACT = """
CREATE OR REPLACE TRIGGER audit_told AFTER INSERT ON audit
FOR EACH ROW WHEN (starts_with(NEW.target, 'schedules/') AND starts_with(NEW.action, 'schedule.'))
EXECUTE FUNCTION callsheet_tell_act()
"""
_TELL_RECOVERY = """
CREATE OR REPLACE FUNCTION callsheet_tell_recovery() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (kind, subject)
    SELECT 'schedule.recovered', NEW.name WHERE EXISTS (SELECT FROM told_states);
    RETURN NULL;
END
$$
"""
_ON_RECOVERY = """
CREATE OR REPLACE TRIGGER schedules_recovered AFTER UPDATE OF error ON schedules
FOR EACH ROW WHEN (OLD.error IS NOT NULL AND NEW.error IS NULL)
EXECUTE FUNCTION callsheet_tell_recovery()
"""


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    for table in _TABLES:
        op.execute(table)
    for name, kind, what, serves in _INDEXES:
        op.execute(f"CREATE {kind} IF NOT EXISTS {name} ON events {what}")
        op.execute(f"COMMENT ON INDEX {name} IS '{serves}'")
    op.execute(_TELL_ACT)
    op.execute(_ON_ACT)
    op.execute(_TELL_RECOVERY)
    op.execute(_ON_RECOVERY)


def downgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    op.execute("DROP TRIGGER IF EXISTS schedules_recovered ON schedules")
    op.execute("DROP FUNCTION IF EXISTS callsheet_tell_recovery()")
    op.execute("DROP TRIGGER IF EXISTS audit_told ON audit")
    op.execute("DROP FUNCTION IF EXISTS callsheet_tell_act()")
    for table in ("events", "told_states", "event_relay"):
        op.execute(f"DROP TABLE IF EXISTS {table}")
