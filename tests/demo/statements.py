"""The demo's past in SQL: slots from rhythms, and what became of each, by dice that a seed throws."""

from models.words.states import SkipReason, State, Trigger

MONTHS = """
DO $$
DECLARE
    month timestamp; parent text; name text;
BEGIN
    FOR month IN SELECT generate_series(date_trunc('month', '{since}'::timestamptz AT TIME ZONE 'UTC'),
        date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 month', interval '1 month') LOOP
        FOREACH parent IN ARRAY ARRAY['runs', 'run_outputs'] LOOP
            name := format('%s_%s', parent, to_char(month, 'YYYY_MM'));
            CONTINUE WHEN to_regclass(name) IS NOT NULL;
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L) WITH (fillfactor = 85)', name,
                parent, callsheet_first_id(month AT TIME ZONE 'UTC'),
                callsheet_first_id((month + interval '1 month') AT TIME ZONE 'UTC'));
        END LOOP;
    END LOOP;
END $$
"""
"""Partitions as `callsheet_make_partitions` makes them, for months that were over before this database existed."""

_SLOTS = """
FROM (
    SELECT d.id, d.name, min(placed.slot_at) AS slot_at
    FROM demo_schedules d CROSS JOIN LATERAL generate_series(
        date_trunc('day', %(since)s AT TIME ZONE 'UTC') - interval '1 day' + make_interval(mins => d.offset_minutes),
        %(now)s AT TIME ZONE 'UTC' + interval '1 day', make_interval(mins => d.step_minutes)) AS at(local)
    JOIN demo_zones z ON z.zone = d.zone
    CROSS JOIN LATERAL (SELECT (at.local - z.ahead) AT TIME ZONE 'UTC' AS slot_at) placed
    WHERE d.cron IS NOT NULL AND placed.slot_at >= z.starts_at AND placed.slot_at < z.ends_at
      AND extract(hour FROM at.local) BETWEEN d.first_hour AND d.last_hour
      AND extract(isodow FROM at.local)::int = ANY(d.days)
      AND (d.month_day IS NULL OR extract(day FROM at.local) = d.month_day)
    GROUP BY d.id, d.name, at.local, CASE WHEN d.first_hour < d.last_hour THEN z.starts_at END
    UNION ALL
    SELECT d.id, d.name, to_timestamp(n::float * d.every_seconds)
    FROM demo_schedules d CROSS JOIN LATERAL generate_series(
        ceil(extract(epoch FROM %(since)s) / d.every_seconds)::bigint,
        floor(extract(epoch FROM %(now)s) / d.every_seconds)::bigint) AS n
    WHERE d.every_seconds IS NOT NULL
) AS all_of_them JOIN demo_schedules USING (id, name)
WHERE slot_at > %(since)s AND slot_at <= least(%(now)s, until_at)
"""
TABLES = (
    """
    CREATE UNLOGGED TABLE demo_schedules AS SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS v(
        id uuid, name text, actor text, queue text, priority int, args jsonb, overlap text, zone text, cron text,
        step_minutes int, offset_minutes int, first_hour int, last_hour int, days int[], month_day int,
        every_seconds int, seconds float, failing float, skipping float, retries int, until_at timestamptz,
        broken_at timestamptz, held_at timestamptz)
    """,
    # By callsheet's own zones: those of the server may be older, or newer.
    """
    CREATE UNLOGGED TABLE demo_zones AS SELECT * FROM jsonb_to_recordset(%(zones)s::jsonb) AS v(
        zone text, starts_at timestamptz, ends_at timestamptz, ahead interval)
    """,
    """
    CREATE UNLOGGED TABLE demo_errors AS SELECT * FROM jsonb_to_recordset(%(errors)s::jsonb) AS v(
        actor text, number int, type text, message text)
    """,
)
SLOTS = (
    f"""
    CREATE UNLOGGED TABLE demo_slots AS
    SELECT row_number() OVER (ORDER BY slot_at, name) AS number, id, slot_at,
        lead(slot_at) OVER (PARTITION BY id ORDER BY slot_at) AS next_at,
        lag(slot_at) OVER (PARTITION BY id ORDER BY slot_at) AS previous_at
    {_SLOTS}
    """,
    "CREATE INDEX ON demo_slots (number)",
    "ANALYZE demo_slots, demo_schedules, demo_errors",
)
COUNT = f"SELECT count(*) {_SLOTS}"
HEAVY = "UPDATE demo_schedules SET every_seconds = %(seconds)s WHERE name = %(name)s"
LEFT_OVER = "DROP TABLE IF EXISTS demo_schedules, demo_errors, demo_slots, demo_zones"

# As models/words/ids.py makes them; a time in another place for what no slot asked for.
_HASH = """encode(sha256(uuid_send({id}) || convert_to(to_char({at} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS')
    || '+00:00', 'UTF8')), 'hex')"""
ID = """(lpad(to_hex((extract(epoch FROM {at}) * 1000)::bigint), 12, '0') || '8' || substr(hash, 2, 3)
    || translate(substr(hash, 5, 1), '0123456789abcdef', '89ab89ab89ab89ab') || substr(hash, 6, 15))::uuid"""


def _die(first: int) -> str:
    """A number in [0, 1), always the same for a slot and a seed."""
    return f"('x' || substr(dice, {first}, 6))::bit(24)::int / 16777216.0"


_STATE = f"""CASE
    WHEN held_at < slot_at THEN CASE WHEN previous_at < held_at OR previous_at IS NULL OR overlap = 'allow'
        THEN '{State.PLANNED}' ELSE '{State.SKIPPED}' END
    WHEN slot_at >= %(gap_since)s AND slot_at < %(gap_until)s THEN '{State.SKIPPED}'
    WHEN chance < skipping THEN '{State.SKIPPED}'
    WHEN slot_at > broken_at THEN '{State.FAILED}'
    WHEN chance > 1 - failing THEN '{State.FAILED}'
    WHEN chance > 0.9985 - failing THEN '{State.CANCELLED}'
    ELSE '{State.SUCCEEDED}' END"""
_ATTEMPT = """jsonb_build_object(
    'number', {number}, 'worker', md5('worker' || slot_at::date)::uuid, 'started_at', {start},
    'finished_at', {end}, 'outcome', {outcome}, 'error', {error}, 'backoff_seconds', {backoff})"""
_ERROR = "jsonb_build_object('type', error_type, 'message', error_message)"
_BACKOFF = 15

RUNS = f"""
WITH thrown AS (
    SELECT s.*, d.name, d.actor, d.queue, d.priority, d.args, d.overlap, d.seconds, d.failing, d.skipping, d.retries,
        d.broken_at, d.held_at, {_HASH.format(id="s.id", at="s.slot_at")} AS hash,
        md5(%(seed)s || d.name || s.slot_at) AS dice
    FROM demo_slots s JOIN demo_schedules d ON d.id = s.id WHERE s.number > %(first)s AND s.number <= %(last)s
), rolled AS (
    SELECT *, {_die(1)} AS chance, {_die(7)} AS late, {_die(13)} AS long, {_die(19)} AS again,
        ('x' || substr(dice, 25, 6))::bit(24)::int AS variant
    FROM thrown
), became AS (
    SELECT r.*, {_STATE} AS state,
        CASE WHEN retries > 0 AND (chance > 1 - 4 * failing OR slot_at > broken_at) THEN 1 ELSE 0 END AS before,
        0.02 + late * late * 0.4 + CASE WHEN slot_at >= %(bad_since)s AND slot_at < %(bad_until)s
            THEN 480 * late * (1 - late) * 4 ELSE 0 END AS lateness,
        seconds * exp(1.1 * (long - 0.5)) * CASE WHEN long > 0.99 THEN 3 ELSE 1 END AS took
    FROM rolled r
), timed AS (
    SELECT b.*, least(slot_at + make_interval(secs => lateness), %(now)s) AS begun_at,
        least(slot_at + make_interval(secs => lateness + took), %(now)s) AS end_at,
        before * make_interval(secs => {_BACKOFF} + took) AS more
    FROM became b
), told AS (
    SELECT t.*, e.type AS error_type, replace(e.message, '#', (variant %% 997)::text) AS error_message
    FROM timed t LEFT JOIN demo_errors e ON e.actor = t.actor
        AND e.number = CASE WHEN t.broken_at IS NULL THEN variant %% 4 ELSE 0 END
)
INSERT INTO runs (id, schedule_id, schedule_name, schedule_version, actor, queue, priority, args, trigger, overlap,
    slot_at, previous_slot_at, next_slot_at, slots, due_at, state, reason, attempt, retries, max_retries,
    min_backoff_seconds, max_backoff_seconds, time_limit_seconds, worker_id, cancel_requested_at, planned_at, queued_at,
    started_at, finished_at, result, error_type, error_message, attempts, waiting_for)
SELECT {ID.format(at="slot_at")}, id, name, 1, actor, queue, priority, args, '{Trigger.SCHEDULE}', overlap, slot_at,
    previous_at, next_at, 1, CASE WHEN has_run THEN slot_at + more ELSE slot_at END, state,
    CASE WHEN state = '{State.SKIPPED}' THEN CASE WHEN slot_at >= %(gap_since)s AND slot_at < %(gap_until)s
        THEN '{SkipReason.MISSED}' ELSE '{SkipReason.OVERLAP}' END END,
    CASE WHEN has_run THEN before + 1 ELSE 0 END, CASE WHEN has_run THEN before ELSE 0 END, retries, 5, 60, 3600,
    CASE WHEN has_run THEN md5('worker' || slot_at::date)::uuid END,
    CASE WHEN state = '{State.CANCELLED}' THEN end_at - 0.3 * (end_at - begun_at) END, slot_at,
    CASE WHEN has_run THEN least(slot_at + more + interval '8 ms', begun_at + more) END,
    CASE WHEN has_run THEN least(begun_at + more, %(now)s) END,
    CASE WHEN has_run THEN least(end_at + more, %(now)s) WHEN state = '{State.SKIPPED}' THEN slot_at END,
    CASE WHEN state = '{State.SUCCEEDED}' AND seconds > 1 THEN jsonb_build_object('rows', variant %% 5000) END,
    CASE WHEN state = '{State.FAILED}' THEN error_type END, CASE WHEN state = '{State.FAILED}' THEN error_message END,
    CASE WHEN NOT has_run THEN '[]'::jsonb ELSE
        CASE WHEN before = 1 THEN jsonb_build_array({
    _ATTEMPT.format(number=1, start="begun_at", end="end_at", outcome="'failed'", error=_ERROR, backoff=_BACKOFF)
} || jsonb_build_object('due_at', slot_at))
        ELSE '[]' END || {
    _ATTEMPT.format(
        number="before + 1",
        start="least(begun_at + more, %(now)s)",
        end="least(end_at + more, %(now)s)",
        outcome="state",
        error=f"CASE WHEN state = '{State.FAILED}' THEN {_ERROR} END",
        backoff="NULL",
    )
} END,
    CASE WHEN state = '{State.PLANNED}' THEN CASE WHEN actor = 'legacy_feed' THEN 'actor' ELSE 'queue' END END
FROM told CROSS JOIN LATERAL (SELECT state NOT IN ('{State.SKIPPED}', '{State.PLANNED}')) AS had(has_run)
ON CONFLICT DO NOTHING
"""

OUTPUTS = f"""
INSERT INTO run_outputs (run_id, attempt, output, output_truncated, error_traceback)
SELECT r.id, r.attempt, format(E'%%s: batch of %%s from %%s\\n%%s rows read, %%s written\\n', r.actor, r.args->>'batch',
        r.args->>'country', 40 + n %% 960, n %% 900) || CASE WHEN r.state = '{State.FAILED}'
            THEN '' ELSE E'done\\n' END,
    false, CASE WHEN r.state = '{State.FAILED}' THEN format(E'Traceback (most recent call last):\\n'
        '  File "/srv/shop/tasks/%%s.py", line %%s, in %%s\\n    answer = client.send(batch)\\n'
        '             ^^^^^^^^^^^^^^^^^^\\n%%s: %%s\\n', r.actor, 20 + n %% 60, r.actor, r.error_type,
            r.error_message) END
FROM (SELECT *, ('x' || substr(id::text, 25, 6))::bit(24)::int AS n FROM runs) r
WHERE r.attempt > 0 AND r.id >= %(first)s AND r.id <= %(last)s AND (r.state = '{State.FAILED}' OR r.n %% 4 = 0)
ON CONFLICT DO NOTHING
"""

OTHERS = f"""
WITH made AS (
    SELECT n, now.at - n * interval '11 minutes' AS at, md5(%(seed)s || 'other' || n) AS hash
    FROM (SELECT %(now)s::timestamptz AS at) now CROSS JOIN LATERAL generate_series(1, %(others)s) n
), of AS (
    SELECT m.*, d.id AS schedule, d.name, d.actor, d.queue, d.args FROM made m
    JOIN (SELECT *, row_number() OVER (ORDER BY name) - 1 AS place, count(*) OVER () AS places FROM demo_schedules
          WHERE held_at IS NULL) d ON d.place = m.n * 7 %% d.places
)
INSERT INTO runs (id, schedule_id, schedule_name, schedule_version, actor, queue, priority, args, trigger, overlap,
    slots,
    due_at, state, attempt, retries, max_retries, min_backoff_seconds, max_backoff_seconds, time_limit_seconds,
    worker_id, planned_at, queued_at, started_at, finished_at, attempts, created_by)
SELECT {ID.format(at="at")}, CASE WHEN by_hand THEN schedule END, CASE WHEN by_hand THEN name END,
    CASE WHEN by_hand THEN 1 END, CASE WHEN by_hand THEN actor ELSE 'send_receipt' END,
    CASE WHEN by_hand THEN queue ELSE 'mail' END, 5, args,
    CASE WHEN by_hand THEN '{Trigger.MANUAL}' ELSE '{Trigger.MESSAGE}' END, 'allow', 1, at,
    CASE WHEN n %% 50 = 0 THEN '{State.CANCELLED}' ELSE '{State.SUCCEEDED}' END, 1, 0, 0, 15, 3600, 600,
    md5('worker' || at::date)::uuid, at, at, at + interval '60 ms', at + interval '1.8 s',
    jsonb_build_array(jsonb_build_object('number', 1, 'worker', md5('worker' || at::date)::uuid, 'started_at',
        at + interval '60 ms', 'finished_at', at + interval '1.8 s',
        'outcome', CASE WHEN n %% 50 = 0 THEN '{State.CANCELLED}' ELSE '{State.SUCCEEDED}' END,
        'error', NULL, 'backoff_seconds', NULL)),
    CASE WHEN by_hand THEN (%(people)s::text[])[1 + n %% array_length(%(people)s::text[], 1)] END
FROM of CROSS JOIN LATERAL (SELECT n %% 2 = 0) AS kind(by_hand)
WHERE at > %(since)s
ON CONFLICT DO NOTHING
"""
NOTES = f"INSERT INTO failed_runs (run_id) SELECT id FROM runs WHERE state = '{State.FAILED}' ON CONFLICT DO NOTHING"
