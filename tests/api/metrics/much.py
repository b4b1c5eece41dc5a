"""Much of everything that metrics tell of: schedules, ends by actor and queue, live runs, requests by route."""

from collections.abc import Callable
from typing import Any

from models.statistics.histogram import BOUNDS

MOST_SERIES = 5000

SCHEDULES = """
INSERT INTO schedules (id, name, description, actor, args, priority, timezone, jitter_seconds, overlap, catchup,
    catchup_window_seconds, tags, source, version, created_at, updated_at, cursor_at, slots_run, consecutive_failures,
    cron, next_due_at)
SELECT gen_random_uuid(), 'many-' || n, '', 'actor-' || n %% 200, '{}', 5, 'UTC', 0, 'skip', 'latest', 86400,
    CASE WHEN n %% 40 = 0 THEN '["metrics"]'::jsonb ELSE '["x"]' END, 'api', 1, now(), now(), now(), 0, 0,
    '["* * * * *"]', now() + interval '1 hour'
FROM generate_series(1, %(schedules)s) n
"""
ENDS = f"""
INSERT INTO statistics
SELECT 0, 'actor-' || n, 'queue-' || n %% %(queues)s, 'epoch', state, outcome, 100,
    CASE WHEN outcome <> '' THEN array_fill(4::bigint, ARRAY[{len(BOUNDS) + 1}]) ELSE '{{}}' END, 12.5,
    CASE WHEN outcome <> '' THEN array_fill(4::bigint, ARRAY[{len(BOUNDS) + 1}]) ELSE '{{}}' END, 12.5
FROM generate_series(1, %(actors)s) n, (VALUES ('succeeded', 'succeeded'), ('failed', 'failed'),
    ('failed', 'timed_out'), ('retrying', 'failed'), ('retrying', 'lost'), ('cancelled', ''), ('skipped', '')
) ends(state, outcome)
"""
LIVE = """
INSERT INTO runs (id, actor, queue, priority, args, trigger, overlap, slots, due_at, state, attempt, retries,
    max_retries, min_backoff_seconds, max_backoff_seconds, time_limit_seconds, planned_at, attempts)
SELECT (overlay(callsheet_first_id(now())::text PLACING lpad(to_hex(n), 12, '0') FROM 25 FOR 12))::uuid,
    'actor-' || n %% 200, 'queue-' || n %% %(queues)s, 5, '{}', 'manual', 'allow', 1, now(),
    CASE n %% 3 WHEN 0 THEN 'queued' ELSE 'planned' END, 0, 0, 0, 1, 1, 1, now(), '[]'
FROM generate_series(1, 1000) n
"""
REQUESTS = f"""
INSERT INTO counters
SELECT 'callsheet_http_request_duration_seconds', jsonb_build_object('route', '/v1/' || n, 'status', status), 1.5,
    array_fill(n::bigint, ARRAY[{len(BOUNDS) + 1}])
FROM generate_series(1, %(routes)s) n, (VALUES ('200'), ('404')) answers(status)
"""


def make_much(
    execute: Callable[..., Any], *, schedules: int = 10_000, actors: int = 200, queues: int = 20, routes: int = 40
) -> None:
    """As a large installation has it, by default."""
    execute(SCHEDULES, schedules=schedules)
    execute(ENDS, actors=actors, queues=queues)
    execute(LIVE, queues=queues)
    execute(REQUESTS, routes=routes)
