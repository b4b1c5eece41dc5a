"""Who is told what in the demo: channels, and what has gone there."""

import json
from typing import Any

import sqlalchemy as sa

from models.words.notices import NOTIFY
from models.words.states import State, Trigger
from tests.demo.statements import ID

CHANNELS: dict[str, dict[str, Any]] = {
    "on-call": {
        "kind": "webhook", "url": "https://pager.example/v2/${secret:PAGER}", "secret": "${secret:PAGER_KEY}",
        "events": ["failed", "recovered", "late", "auto_paused", "quarantined", "stalled"], "after_failures": 3,
        "quiet_seconds": 1800, "description": "Wakes somebody up.",
    },
    "shop-room": {
        "kind": "slack", "url": "https://hooks.slack.example/services/${secret:SLACK}",
        "events": ["failed", "recovered"], "filter": {"prefix": "orders."}, "quiet_seconds": 600,
    },
    "finance": {
        "kind": "email", "to": ["finance@shop.example", "anna@shop.example"], "events": ["failed", "missed", "slow"],
        "filter": {"tags": ["finance"]}, "slow_factor": 4, "description": "Reports that are late for the month's end.",
    },
    "partners": {"kind": "teams", "url": "${secret:TEAMS_URL}", "events": ["failed", "auto_paused"],
                 "filter": {"prefix": "partner"}},
}  # fmt: skip
FAILING = "partners"
"""The channel that does not answer."""

MOST = 15
"""So many of the newest failures have gone to each."""

# About one failure after the other, the newest first.
TOLD = f"""
WITH told AS MATERIALIZED (
    SELECT c.name AS channel, c.is_failing, r.*, {ID.format(at="r.at")} AS told_id
    FROM jsonb_to_recordset(%(channels)s::jsonb) AS c(name text, place int, is_failing boolean) CROSS JOIN LATERAL (
        SELECT id, schedule_name, actor, attempt, error_type, error_message, slot_at,
            finished_at + interval '1 s' AS at, md5(c.name || id) AS hash
        FROM runs
        WHERE state = '{State.FAILED}' AND schedule_name IS NOT NULL AND finished_at < %(now)s - interval '5 min'
        ORDER BY id DESC OFFSET c.place * {MOST} LIMIT {MOST}) r
), made AS (
    INSERT INTO runs (id, actor, queue, priority, args, trigger, overlap, slots, due_at, state, attempt, retries,
        max_retries, min_backoff_seconds, max_backoff_seconds, time_limit_seconds, worker_id, planned_at, queued_at,
        started_at, finished_at, error_type, error_message, attempts, created_by)
    SELECT told_id, '{NOTIFY}', 'default', 5, jsonb_build_object('channel', channel, 'notice', jsonb_build_object(
            'kind', 'failed', 'schedule', schedule_name, 'actor', actor, 'run_id', id, 'at', at, 'slot_at', slot_at,
            'attempt', attempt, 'error_type', error_type, 'error_message', error_message, 'streak', 1)),
        '{Trigger.MANUAL}', 'allow', 1, at, CASE WHEN is_failing THEN '{State.FAILED}' ELSE '{State.SUCCEEDED}' END,
        1, 0, 0, 15, 3600, 60, md5('worker' || at::date)::uuid, at, at,
        at + interval '40 ms', at + interval '700 ms', CASE WHEN is_failing THEN 'HTTPStatusError' END,
        CASE WHEN is_failing THEN '410 of https://teams.example/workflows/[secret]' END,
        jsonb_build_array(jsonb_build_object('number', 1, 'worker', md5('worker' || at::date)::uuid, 'started_at',
            at + interval '40 ms', 'finished_at', at + interval '700 ms', 'outcome',
            CASE WHEN is_failing THEN 'failed' ELSE 'succeeded' END, 'error', CASE WHEN is_failing THEN
                jsonb_build_object('type', 'HTTPStatusError', 'message',
                    '410 of https://teams.example/workflows/[secret]') END, 'backoff_seconds', NULL)), 'callsheet'
    FROM told
)
INSERT INTO deliveries (channel, run_id, kind, schedule, about_run_id, at)
SELECT channel, told_id, 'failed', schedule_name, id, at FROM told
"""


def tell_past(connection: sa.Connection, given: dict[str, Any]) -> None:
    """What has gone to channels so far."""
    channels = [{"name": name, "place": place, "is_failing": name == FAILING} for place, name in enumerate(CHANNELS)]
    connection.exec_driver_sql(TOLD, given | {"channels": json.dumps(channels)})
