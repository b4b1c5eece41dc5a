"""What keeps runs from being started: pause and resume queues, hold all of them, drain workers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError

from models import announcing, queues
from models.definition import Queue
from models.sql.clock import read_clock
from models.sql.wake import notify
from models.words.faults import Fault
from models.words.instants import write_instant
from scheduling.commands.audit import CALLSHEET, By, note
from scheduling.commands.faults import NotFound, Refused

_NAME: TypeAdapter[str] = TypeAdapter(Queue)


def pause(connection: sa.Connection, name: str, *, reason: str | None, by: By) -> None:
    """Start nothing more from a queue until it is resumed; of a paused one change the reason. Raises Refused.

    A queue that nothing uses yet may be paused too.
    """
    check_name(name)
    queues.pause_queue(connection, name, reason, by.who)
    note(connection, by, "queue.pause", f"queues/{name}", reason=reason)
    notify(connection)


def resume(connection: sa.Connection, name: str, by: By) -> None:
    """Let a queue go on, where it is paused. Raises Refused."""
    check_name(name)
    if queues.resume_queue(connection, name):
        note(connection, by, "queue.resume", f"queues/{name}")
        notify(connection)


def hold(connection: sa.Connection, *, reason: str, until: datetime | None, by: By) -> None:
    """Start nothing more anywhere until it is released, or until an instant; what runs may end. Of a hold that lasts
    change reason and end. Raises Refused for an end that has passed."""
    if until is not None and until <= read_clock(connection):
        raise Refused([Fault(("until",), "must lie in the future")])
    queues.hold_all(connection, reason, by.who, until)
    after = {"until": None if until is None else write_instant(until)}
    note(connection, by, "hold.begin", "hold", after=after, reason=reason)
    notify(connection)


def release(connection: sa.Connection, by: By) -> None:
    """End a hold, where there is one."""
    before = queues.get_hold(connection)
    if queues.release_all(connection):
        said = {"reason": before.pause_reason, "by": before.paused_by}
        note(connection, by, "hold.end", "hold", before=said)
        notify(connection)


def end_hold(connection: sa.Connection) -> bool:
    """Release a hold that has reached its end; whether there was one."""
    if not queues.is_hold_over(connection):
        return False
    release(connection, CALLSHEET)
    return True


def drain_worker(connection: sa.Connection, worker: UUID, by: By) -> Sequence[sa.Row[Any]]:
    """Have a worker, with the others of its master, take no more runs, and exit once it has none; returns those that
    were asked. Raises NotFound where it does not live."""
    rows = announcing.drain_workers(connection, worker)
    if not rows:
        raise NotFound("live worker")
    note(connection, by, "worker.drain", f"workers/{worker}", after={"workers": [str(row.id) for row in rows]})
    return rows


def check_name(name: str) -> None:
    """Raises Refused for what can be the name of no queue."""
    try:
        _NAME.validate_python(name)
    except ValidationError as error:
        raise Refused([Fault(("name",), error.errors()[0]["msg"])]) from None
