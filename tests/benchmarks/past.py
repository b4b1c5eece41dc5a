"""A long past in bulk: finished runs of several months in their partitions, as wide as real ones; a few live ones."""

from concurrent.futures import ThreadPoolExecutor

from tests.benchmarks.system import CONNECTIONS, System

MONTHS = 4
SCHEDULES = 2000
LIVE = 5000
CHUNK = 50_000

# As callsheet_make_partitions makes them, but for months that were over before this database existed.
_PARTITIONS = """
DO $$
DECLARE
    month timestamptz; parent text; name text; after timestamptz;
BEGIN
    FOR month IN SELECT date_trunc('month', now()) - n * interval '1 month' FROM generate_series(2, {months}) n LOOP
        FOREACH parent IN ARRAY ARRAY['runs', 'run_outputs'] LOOP
            name := format('%s_%s', parent, to_char(month, 'YYYY_MM'));
            after := month + interval '1 month';
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L) WITH (fillfactor = 85)',
                name, parent, callsheet_first_id(month), callsheet_first_id(after));
        END LOOP;
    END LOOP;
END $$
"""

_SCHEDULES = """
INSERT INTO schedules (id, name, description, actor, args, priority, timezone, jitter_seconds, overlap, catchup,
    catchup_window_seconds, tags, source, version, created_at, updated_at, cursor_at, slots_run, consecutive_failures)
SELECT md5('schedule' || n)::uuid, 'report-' || n, '', 'http_request', '{{}}', 5, 'UTC', 0, 'skip', 'latest', 86400,
    '[]', 'api', 1, now(), now(), now(), 0, 0
FROM generate_series(0, {schedules} - 1) n
"""

_FINISHED = """
INSERT INTO runs (id, schedule_id, schedule_name, schedule_version, actor, queue, priority, args, trigger, overlap,
    slot_at, slots, due_at, state, reason, attempt, retries, max_retries, min_backoff_seconds, max_backoff_seconds,
    time_limit_seconds, worker_id, planned_at, queued_at, started_at, finished_at, result, error_type, error_message,
    attempts)
SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '8' || substr(hash, 1, 3) || '8'
        || substr(hash, 4, 15))::uuid,
    md5('schedule' || n %% {schedules})::uuid, 'report-' || n %% {schedules}, 1,
    CASE WHEN n %% 10 = 0 THEN 'run_process' ELSE 'http_request' END, 'default', 5,
    jsonb_build_object('url', 'https://example.com/reports/' || n %% {schedules}, 'method', 'POST'), 'schedule', 'skip',
    at, 1, at, state, CASE state WHEN 'skipped' THEN 'overlap' END, (state <> 'skipped')::int, 0, 0, 15, 3600, 600,
    CASE WHEN state <> 'skipped' THEN md5('worker')::uuid END, at, at, at, at + interval '1 second',
    CASE state WHEN 'succeeded' THEN jsonb_build_object('status', 200, 'bytes', n) END,
    CASE state WHEN 'failed' THEN 'UnexpectedStatus' END,
    CASE state WHEN 'failed' THEN 'the answer was ' || CASE WHEN n < 100 THEN 418 ELSE 502 END END,
    CASE state WHEN 'skipped' THEN '[]' ELSE jsonb_build_array(jsonb_build_object('number', 1, 'worker', md5('worker'),
        'outcome', state, 'started_at', at, 'finished_at', at, 'error', NULL, 'backoff_seconds', NULL)) END
FROM (SELECT n, md5(n::text) AS hash, now() - interval '1 hour' - {span} * (1 - n::float / {size}) AS at,
        CASE WHEN n %% 100 < 96 THEN 'succeeded' WHEN n %% 100 < 98 THEN 'failed' WHEN n %% 100 = 98 THEN 'skipped'
             ELSE 'cancelled' END AS state
      FROM generate_series(%(first)s, %(last)s) n) made
"""


def make_past(system: System, size: int, schedules: int = SCHEDULES) -> None:
    """Insert `size` finished runs over the last months, and as many planned ones as wait after a bad night."""
    parameters = {
        "months": MONTHS,
        "schedules": schedules,
        "size": size,
        "span": f"interval '{30 * (MONTHS - 1)} days'",
    }
    for statement in (_PARTITIONS, _SCHEDULES):
        with system.engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.exec_driver_sql(statement.format(**parameters).replace("%", "%%"))
    statement = _FINISHED.format(**parameters)
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(lambda first: _insert(system, statement, first, size), range(0, size, CHUNK)))
    system.announce()
    system.plan(LIVE)
    with system.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql("VACUUM ANALYZE runs, schedules")


def _insert(system: System, statement: str, first: int, size: int) -> None:
    with system.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql(statement, {"first": first, "last": min(first + CHUNK, size) - 1})
