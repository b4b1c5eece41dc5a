"""SQL of adopting: messages that were sent without a run get their rows."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from models.failures.noting import note_failed
from models.lifecycle.new_runs import NewRun, insert_runs
from models.sql.clock import read_clock
from models.sql.wake import notify
from models.words.bounds import TEN_YEARS
from models.words.ids import new_run_id, time_ahead
from models.words.states import State

ARGUMENTS_NOT_STORED = "ArgumentsNotStored"
"""The error of a message whose arguments no row can hold: it failed without having begun."""

_FARTHEST = timedelta(seconds=TEN_YEARS)

BEHIND = timedelta(days=31)
"""By how much a sender's clock may be behind, or a message have waited, for its run to be listed by its sending."""

AHEAD = timedelta(minutes=10)
"""By how much a sender's clock may be ahead without a look at what such a message was called before."""

FAR_AHEAD = timedelta(days=1)
"""Beyond this the sender's clock is not believed. A zone mistaken for UTC makes less, and is over within the day."""


def adopt_messages(connection: sa.Connection, runs: Sequence[NewRun]) -> dict[UUID, UUID]:
    """Give messages that were sent without a run their rows, planned now; a redelivered one has its row already.

    The runs come with the ids that their senders' clocks gave them. Returns, by those, the ids of their rows.
    """
    now = read_clock(connection)
    ids = {run.id: run.id for run in runs} | _settled_ids(connection, [run.id for run in runs], now)
    due = [min(max(run.due_at, now), now + _FARTHEST) for run in runs]
    new = [replace(run, id=ids[run.id], due_at=at, planned_at=now) for run, at in zip(runs, due, strict=True)]
    insert_runs(connection, new)
    if any(at > now for at in due):
        notify(connection)
    return ids


_FAIL = """
UPDATE runs SET finished_at = now(), error_type = %(type)s, error_message = %(message)s
WHERE id = ANY(%(ids)s) AND state = 'failed' AND finished_at IS NULL
"""


def adopt_as_failed(connection: sa.Connection, run: NewRun, error_message: str) -> UUID:
    """Give a message whose arguments can't be stored a row that says so; a redelivered one has it already. Its id."""
    ids = adopt_messages(connection, [replace(run, args={}, state=State.FAILED)])
    parameters = {"ids": list(ids.values()), "type": ARGUMENTS_NOT_STORED, "message": error_message}
    connection.exec_driver_sql(_FAIL, parameters)
    note_failed(connection, list(ids.values()))
    return ids[run.id]


# Keys as those of triggers, of no schedule: what the sender's clock made of the message, and its run. They are kept for
# a day. A row that is called so already (the clock was believed when it came) keeps its name.
_NO_SCHEDULE = UUID(int=0)
_RESERVE = """
INSERT INTO trigger_keys (schedule_id, key, run_id, created_at)
SELECT %(schedule)s, v.sent::text, v.run, now() FROM unnest(%(sent)s::uuid[], %(runs)s::uuid[]) AS v(sent, run)
WHERE NOT EXISTS (SELECT FROM runs r WHERE r.id = v.sent)
ON CONFLICT DO NOTHING
"""
_RESERVED = """
SELECT key::uuid, run_id FROM trigger_keys WHERE schedule_id = %(schedule)s AND key = ANY(%(sent)s::uuid[]::text[])
"""


def _settled_ids(connection: sa.Connection, ids: Sequence[UUID], now: datetime) -> dict[UUID, UUID]:
    """Where an id's time is far from the database's, the id of a run made now; a redelivery gives the same.

    A message that was far ahead of its time may be redelivered when it is not any more: what is ahead at all is looked
    up.
    """
    ahead = {id_: time_ahead(id_, now) for id_ in ids}
    odd = [id_ for id_ in ids if not -BEHIND < ahead[id_] < AHEAD]
    far = [id_ for id_ in odd if not -BEHIND < ahead[id_] < FAR_AHEAD]
    if far:
        runs = [new_run_id(now) for _ in far]
        connection.exec_driver_sql(_RESERVE, {"schedule": _NO_SCHEDULE, "sent": far, "runs": runs})
    if not odd:
        return {}
    # In a statement of its own, which sees the keys that others have made meanwhile.
    reserved = connection.exec_driver_sql(_RESERVED, {"schedule": _NO_SCHEDULE, "sent": odd})
    return {row[0]: row[1] for row in reserved}
