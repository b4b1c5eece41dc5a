"""Failures are summed up by fingerprint.

Workers of the release before note none: what they end as failed is in the history alone.
"""

from alembic import op

from migrations.online import LOCK_TIMEOUT

revision = "0015"
down_revision = "0014"

_TABLES = (
    """
CREATE TABLE errors (
    fingerprint text NOT NULL,
    actor text NOT NULL,
    error_type text NOT NULL,
    message text NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    count bigint NOT NULL,
    last_run_id uuid NOT NULL,
    CONSTRAINT errors_pkey PRIMARY KEY (fingerprint)
)
""",
    """
CREATE TABLE error_schedules (
    fingerprint text NOT NULL,
    schedule_id uuid NOT NULL,
    schedule_name text,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    count bigint NOT NULL,
    last_run_id uuid NOT NULL,
    streak integer NOT NULL,
    CONSTRAINT error_schedules_pkey PRIMARY KEY (fingerprint, schedule_id)
)
""",
    """
CREATE TABLE failed_runs (
    run_id uuid NOT NULL,
    fingerprint text,
    CONSTRAINT failed_runs_pkey PRIMARY KEY (run_id)
)
""",
)
_INDEXES = (
    ("errors_newest", "errors (last_at, fingerprint)", "API: failures, newest first"),
    ("errors_by_actor", "errors (actor, last_at, fingerprint)", "API: failures of an actor, newest first"),
    ("error_schedules_newest", "error_schedules (fingerprint, last_at)", "API: whose runs fail so"),
    ("error_schedules_streak", "error_schedules (fingerprint, streak)", "API: the longest streak"),
    (
        "error_schedules_by_schedule",
        "error_schedules (schedule_id)",
        "API: failures of a schedule; fold: its streaks",
    ),
    (
        "error_schedules_open",
        "error_schedules (last_at) WHERE streak > 0",
        "upkeep: streaks that may have ended",
    ),
    ("failed_runs_new", "failed_runs (run_id) WHERE fingerprint IS NULL", "fold: what is to be counted"),
    (
        "failed_runs_by_error",
        "failed_runs (fingerprint, run_id) WHERE fingerprint IS NOT NULL",
        "API: runs of a failure, newest first",
    ),
)


def upgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    for table in _TABLES:
        op.execute(table)
    for name, where, serves in _INDEXES:
        op.execute(f"CREATE INDEX {name} ON {where}")
        op.execute(f"COMMENT ON INDEX {name} IS '{serves}'")


def downgrade() -> None:
    op.execute(LOCK_TIMEOUT)
    for table in ("failed_runs", "error_schedules", "errors"):
        op.execute(f"DROP TABLE IF EXISTS {table}")
