"""Rows that no request makes: runs that have ended, workers, what they announce."""

from models.words.states import FINAL_STATES, State

_FINAL = ", ".join(f"'{state}'" for state in FINAL_STATES)

WORKER = """
INSERT INTO workers (id, host, pid, queues, actors, secrets, threads, version, release, started_at, last_seen_at,
    running)
VALUES (%(id)s, %(host)s, 17, '["default", "mail"]', %(actors)s, '["CRM_KEY"]', 8, '0.1.0', %(release)s, now(),
    now() + interval '1 hour', 1) RETURNING id
"""
WORKER_ID = "SELECT id FROM workers LIMIT 1"
ACTOR = """
INSERT INTO actors (name, queue, doc, parameters, options, announced_at, announced_by)
VALUES (%(name)s, 'mail', %(doc)s, %(parameters)s, '{}', now() + interval '1 hour', %(worker)s)
"""
SET_ASIDE = "UPDATE schedules SET error = %(error)s WHERE name = 'evil-set-aside'"
AGE = "UPDATE schedules SET created_at = now() - interval '10 days', updated_at = now() - interval '1 day'"
AUDIT = """
INSERT INTO audit (at, who, role, action, target, reason)
VALUES (now(), %(who)s, 'admin', 'schedule.pause', 'schedules/evil', %(reason)s)
"""
RUN = f"""
INSERT INTO runs (id, schedule_id, schedule_name, schedule_version, actor, queue, priority, args, trigger, overlap,
    slot_at,
    slots, due_at, state, reason, attempt, retries, max_retries, min_backoff_seconds, max_backoff_seconds,
    time_limit_seconds, worker_id, planned_at, queued_at, started_at, finished_at, result, error_type, error_message,
    attempts, created_by, waiting_for, lease_until)
SELECT %(id)s::uuid, s.id, %(name)s::text, s.version, %(actor)s::text, 'mail', 5, %(args)s::jsonb,
    CASE WHEN s.id IS NULL THEN 'message'
        ELSE 'schedule' END, 'allow', CASE WHEN s.id IS NOT NULL THEN %(at)s::timestamptz END, 1, %(at)s::timestamptz,
            state, %(reason)s::text, 1, 0, 0, 15,
    3600, 600, gen_random_uuid(), %(at)s::timestamptz, %(at)s::timestamptz, CASE WHEN has_begun
        THEN %(at)s::timestamptz + interval '1 s' END,
    CASE WHEN state IN ({_FINAL}) THEN %(at)s::timestamptz + interval '5 s' END, %(result)s::jsonb,
        %(error_type)s::text, %(error_message)s::text,
    CASE WHEN state IN ({_FINAL}) AND has_begun THEN jsonb_build_array(jsonb_build_object('number', 1, 'worker',
        gen_random_uuid(), 'started_at', %(at)s::timestamptz + interval '1 s', 'finished_at',
            %(at)s::timestamptz + interval '5 s', 'outcome', state,
        'error', CASE WHEN %(error_type)s::text IS NOT NULL THEN jsonb_build_object('type', %(error_type)s::text,
            'message',
            %(error_message)s::text) END, 'backoff_seconds', NULL)) ELSE '[]' END,
    %(by)s::text, CASE WHEN state = '{State.PLANNED}' THEN 'queue' END,
    CASE WHEN state = '{State.RUNNING}' THEN now() + interval '1 hour' END
FROM (SELECT %(state)s::text AS state, %(state)s::text IN ('succeeded', 'failed', 'cancelled',
    'running') AS has_begun) given
LEFT JOIN schedules s ON s.name = %(name)s::text
"""
OUTPUT = """
INSERT INTO run_outputs (run_id, attempt, output, output_truncated, error_traceback)
SELECT %(id)s, 1, %(output)s, false, CASE WHEN %(state)s::text = 'failed' THEN %(traceback)s::text END
"""
NOTES = "INSERT INTO failed_runs (run_id) SELECT id FROM runs WHERE state = 'failed' ON CONFLICT DO NOTHING"
FINGERPRINT = "SELECT fingerprint FROM errors WHERE actor <> 'log_message' LIMIT 1"
DELIVERY = """
UPDATE runs SET state = 'failed', finished_at = now(), error_type = 'Refused', error_message = %(error)s
WHERE id = (SELECT run_id FROM deliveries WHERE channel = 'evil')
"""
STANDING = """
SELECT (SELECT count(*) FROM audit), (SELECT count(*) FROM runs), (SELECT count(*) FROM schedule_versions),
    (SELECT md5(string_agg(s::text, '|' ORDER BY s.id)) FROM schedules s),
    (SELECT md5(string_agg(r::text, '|' ORDER BY r.id)) FROM runs r),
    (SELECT md5(string_agg(t.name, '|' ORDER BY t.id)) FROM tokens t),
    (SELECT md5(string_agg(q::text, '|' ORDER BY q.name)) FROM queues q),
    (SELECT md5(string_agg(c::text, '|' ORDER BY c.name)) FROM channels c),
    (SELECT md5(string_agg(w.id::text || coalesce(w.drain_requested_at::text, ''), '|' ORDER BY w.id)) FROM workers w)
"""
"""All that people can change, in a row to compare."""
