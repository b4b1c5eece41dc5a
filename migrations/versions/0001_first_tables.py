"""The first tables: schedules, runs and their output (partitioned by month of the id), workers, actors."""

from alembic import op

revision = "0001"
down_revision = None

SCHEDULES = """
CREATE TABLE schedules (
    id UUID NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    actor TEXT NOT NULL,
    args JSONB NOT NULL,
    queue TEXT,
    priority SMALLINT NOT NULL,
    cron JSONB,
    every_seconds FLOAT,
    at timestamptz,
    timezone TEXT NOT NULL,
    starts_at timestamptz,
    ends_at timestamptz,
    max_runs INTEGER,
    jitter_seconds FLOAT NOT NULL,
    overlap TEXT NOT NULL,
    catchup TEXT NOT NULL,
    catchup_window_seconds FLOAT NOT NULL,
    max_retries INTEGER,
    min_backoff_seconds FLOAT,
    max_backoff_seconds FLOAT,
    time_limit_seconds FLOAT,
    start_deadline_seconds FLOAT,
    pause_after_failures INTEGER,
    tags JSONB NOT NULL,
    source TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    paused_at timestamptz,
    paused_until timestamptz,
    pause_reason TEXT,
    paused_by TEXT,
    cursor_at timestamptz NOT NULL,
    next_due_at timestamptz,
    slots_run INTEGER NOT NULL,
    consecutive_failures INTEGER NOT NULL,
    error TEXT,
    PRIMARY KEY (id),
    CONSTRAINT schedules_name_check CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,127}$'),
    CONSTRAINT schedules_spec_check CHECK (num_nonnulls(cron, every_seconds, at) <= 1),
    CONSTRAINT schedules_every_seconds_check CHECK (every_seconds > 0),
    CONSTRAINT schedules_ends_at_check CHECK (ends_at >= starts_at),
    CONSTRAINT schedules_args_check CHECK (jsonb_typeof(args) = 'object'),
    CONSTRAINT schedules_priority_check CHECK (priority BETWEEN 0 AND 9),
    CONSTRAINT schedules_overlap_check CHECK (overlap IN ('skip', 'buffer_one', 'buffer_all', 'cancel_other', 'allow')),
    CONSTRAINT schedules_catchup_check CHECK (catchup IN ('none', 'latest', 'earliest', 'all')),
    CONSTRAINT schedules_limits_check CHECK (max_runs > 0 AND jitter_seconds >= 0 AND catchup_window_seconds >= 0 AND start_deadline_seconds > 0 AND pause_after_failures > 0),
    CONSTRAINT schedules_retry_check CHECK (max_retries >= 0 AND min_backoff_seconds >= 0 AND max_backoff_seconds >= 0 AND time_limit_seconds > 0),
    UNIQUE (name)
)
"""

RUNS = """
CREATE TABLE runs (
    id UUID NOT NULL,
    schedule_id UUID,
    schedule_name TEXT,
    schedule_version INTEGER,
    actor TEXT NOT NULL,
    queue TEXT NOT NULL,
    priority SMALLINT NOT NULL,
    args JSONB NOT NULL,
    trigger TEXT NOT NULL,
    overlap TEXT NOT NULL,
    slot_at timestamptz,
    slot_until timestamptz,
    slots INTEGER NOT NULL,
    due_at timestamptz NOT NULL,
    deadline_at timestamptz,
    state TEXT NOT NULL,
    reason TEXT,
    attempt INTEGER NOT NULL,
    retries INTEGER NOT NULL,
    max_retries INTEGER NOT NULL,
    min_backoff_seconds FLOAT NOT NULL,
    max_backoff_seconds FLOAT NOT NULL,
    time_limit_seconds FLOAT NOT NULL,
    worker_id UUID,
    lease_until timestamptz,
    cancel_requested_at timestamptz,
    planned_at timestamptz NOT NULL,
    queued_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    result JSONB,
    error_type TEXT,
    error_message TEXT,
    attempts JSONB NOT NULL,
    parent_run_id UUID,
    created_by TEXT,
    trace TEXT,
    PRIMARY KEY (id),
    CONSTRAINT runs_state_check CHECK (state IN ('planned', 'queued', 'running', 'retrying', 'succeeded', 'failed', 'cancelled', 'skipped')),
    CONSTRAINT runs_trigger_check CHECK (trigger IN ('schedule', 'manual', 'backfill', 'chain', 'message')),
    CONSTRAINT runs_overlap_check CHECK (overlap IN ('skip', 'buffer_one', 'buffer_all', 'cancel_other', 'allow')),
    CONSTRAINT runs_reason_check CHECK ((state = 'skipped') = (reason IS NOT NULL AND reason IN ('overlap', 'missed', 'coalesced', 'limit', 'calendar', 'deadline', 'paused'))),
    CONSTRAINT runs_worker_check CHECK ((state = 'running') <= (worker_id IS NOT NULL)),
    CONSTRAINT runs_slots_check CHECK (slots >= 1 AND slot_until >= slot_at),
    CONSTRAINT runs_attempt_check CHECK (attempt >= 0 AND max_retries >= 0 AND retries >= 0)
) PARTITION BY RANGE (id)
"""

RUN_OUTPUTS = """
CREATE TABLE run_outputs (
    run_id UUID NOT NULL,
    attempt INTEGER NOT NULL,
    output TEXT,
    output_truncated BOOLEAN NOT NULL,
    error_traceback TEXT,
    PRIMARY KEY (run_id, attempt)
) PARTITION BY RANGE (run_id)
"""

TRIGGER_KEYS = """
CREATE TABLE trigger_keys (
    schedule_id UUID NOT NULL,
    key TEXT NOT NULL,
    run_id UUID NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (schedule_id, key)
)
"""

WORKERS = """
CREATE TABLE workers (
    id UUID NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    queues JSONB NOT NULL,
    threads INTEGER NOT NULL,
    version TEXT NOT NULL,
    started_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    running INTEGER NOT NULL,
    PRIMARY KEY (id)
)
"""

SCHEDULERS = """
CREATE TABLE schedulers (
    id UUID NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    started_at timestamptz NOT NULL,
    ticked_at timestamptz NOT NULL,
    PRIMARY KEY (id)
)
"""

ACTORS = """
CREATE TABLE actors (
    name TEXT NOT NULL,
    queue TEXT NOT NULL,
    doc TEXT NOT NULL,
    parameters JSONB NOT NULL,
    options JSONB NOT NULL,
    announced_by UUID,
    announced_at timestamptz NOT NULL,
    PRIMARY KEY (name)
)
"""

INDEXES = (
    (
        "schedules_due",
        "schedules (next_due_at) WHERE next_due_at IS NOT NULL AND error IS NULL",
        "plan: schedules whose next slot has come",
    ),
    (
        "runs_active",
        "runs (schedule_id, state, due_at, id) WHERE state IN ('planned', 'queued', 'running', 'retrying')",
        "plan and publish: active runs of a schedule",
    ),
    (
        "runs_by_schedule",
        "runs (schedule_id, id)",
        "API: history of one schedule, newest first",
    ),
    (
        "runs_due",
        "runs (queue, priority DESC, due_at) WHERE state IN ('planned', 'retrying')",
        "publish: due runs of a queue by priority, then due time",
    ),
    (
        "runs_failed",
        "runs (id) WHERE state = 'failed'",
        "API: failed runs, newest first",
    ),
    (
        "runs_next",
        "runs (due_at) WHERE state IN ('planned', 'retrying')",
        "the scheduling loop: when the next run is due",
    ),
    (
        "runs_queued",
        "runs (queue, queued_at) WHERE state = 'queued'",
        "publish: how many messages a queue holds; rescue: messages that vanished",
    ),
    (
        "runs_running",
        "runs (id) WHERE state = 'running'",
        "rescue: leases that ran out (the lease itself is not indexed, so renewing it stays HOT)",
    ),
)

# A month of ids is the range of the UUIDs whose first 48 bits are that month's milliseconds.
FUNCTIONS = """
CREATE FUNCTION callsheet_first_id(instant timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM instant) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

CREATE FUNCTION callsheet_make_partitions(months integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    month timestamp;
    parent text;
    partition text;
    key text;
    first uuid;
    after uuid;
BEGIN
    FOR month IN SELECT generate_series(
        date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 month',
        date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => months),
        interval '1 month')
    LOOP
        FOREACH parent IN ARRAY ARRAY['runs', 'run_outputs'] LOOP
            partition := format('%s_%s', parent, to_char(month, 'YYYY_MM'));
            CONTINUE WHEN to_regclass(partition) IS NOT NULL;
            first := callsheet_first_id(month AT TIME ZONE 'UTC');
            after := callsheet_first_id((month + interval '1 month') AT TIME ZONE 'UTC');
            key := CASE parent WHEN 'runs' THEN 'id' ELSE 'run_id' END;
            EXECUTE format(
                'CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS) WITH ('
                'fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05)',
                partition, parent);
            -- rows of this month that came before their partition
            EXECUTE format(
                'WITH moved AS (DELETE FROM %I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
                parent || '_default', key, first, key, after, partition);
            EXECUTE format(
                'ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, partition, first, after);
        END LOOP;
    END LOOP;
END
$$;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in (SCHEDULES, RUNS, RUN_OUTPUTS, TRIGGER_KEYS, WORKERS, SCHEDULERS, ACTORS):
        op.execute(table)
    for name, target, serves in INDEXES:
        op.execute(f"CREATE INDEX {name} ON {target}")
        op.execute(f"COMMENT ON INDEX {name} IS '{serves}'")
    op.execute("ALTER TABLE schedules SET (fillfactor = 85)")
    op.execute("CREATE TABLE runs_default PARTITION OF runs DEFAULT")
    op.execute("CREATE TABLE run_outputs_default PARTITION OF run_outputs DEFAULT")
    op.execute(FUNCTIONS)
    op.execute("SELECT callsheet_make_partitions(2)")


def downgrade() -> None:
    op.execute("DROP FUNCTION callsheet_make_partitions(integer)")
    op.execute("DROP FUNCTION callsheet_first_id(timestamptz)")
    for table in ("actors", "schedulers", "workers", "trigger_keys", "run_outputs", "runs", "schedules"):
        op.execute(f"DROP TABLE {table}")
