"""Queues: what is on its way through each, why it waits, what keeps it from being started, and its dead letters."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from api.dashboard.frame.asking import asked, instant_of, link_with
from api.dashboard.frame.page import Page, Redirect
from api.dashboard.frame.visits import PageRoute, Visit
from api.shapes.queue_body import HoldBody, QueuePauseBody
from api.web.fields import ByName, page_of
from models import queues
from models.queues import COUNTED
from models.words.roles import Role
from models.words.states import Hindrance
from scheduling.commands import queues as commands
from scheduling.explanations.of_queue import say_why

ALL = "/queues"
LOOKED_AT = 4_000
"""So many runs are counted at most, of all queues together."""


def list_queues(visit: Visit) -> Page:
    """Queues by name, and whether all are held."""
    query = asked(ByName, visit.query)
    with visit.engine.connect() as connection:
        many = queues.count_queues(connection, query.limit + 1, query.cursor)
        counted = min(COUNTED, LOOKED_AT // (2 * max(many, 1)))
        rows = queues.list_queues(connection, query.limit + 1, query.cursor, counted)
        hold = queues.get_hold(connection)
    items, cursor = page_of(rows, query.limit, lambda row: row, lambda last: last.name)
    shown = {
        "items": [(row, _why(row), _latest(row)) for row in items],
        "counted": counted,
        "hold": hold if hold.paused_at is not None else None,
        "is_busy": any(row.running or row.queued for row in items),
        "more": link_with(ALL, {}, cursor=cursor) if cursor else None,
        "may_operate": visit.may(Role.OPERATOR),
    }
    return Page("queues.html", "Queues", shown)


def pause_queue(visit: Visit) -> Redirect:
    """Start nothing more of it."""
    name, body = visit.params["name"], asked(QueuePauseBody, {"reason": visit.form.get("reason") or None})
    with visit.engine.begin() as connection:
        commands.pause(connection, name, reason=body.reason, by=visit.by)
    return Redirect(ALL, f"The queue {name} is paused.")


def resume_queue(visit: Visit) -> Redirect:
    """End its pause."""
    name = visit.params["name"]
    with visit.engine.begin() as connection:
        commands.resume(connection, name, visit.by)
    return Redirect(ALL, f"The queue {name} goes on.")


def hold(visit: Visit) -> Redirect:
    """Start nothing more anywhere."""
    given = {"reason": visit.form.get("reason", "").strip(), "until": instant_of(visit.form.get("until"))}
    body = asked(HoldBody, given)
    with visit.engine.begin() as connection:
        commands.hold(connection, reason=body.reason, until=body.until, by=visit.by)
    return Redirect(ALL, "Everything is held.")


def release(visit: Visit) -> Redirect:
    """End the hold."""
    with visit.engine.begin() as connection:
        commands.release(connection, visit.by)
    return Redirect(ALL, "Everything goes on.")


PAGES = (
    PageRoute("GET", ALL, list_queues, Role.VIEWER),
    PageRoute("POST", f"{ALL}/{{name}}/pause", pause_queue, Role.OPERATOR),
    PageRoute("POST", f"{ALL}/{{name}}/resume", resume_queue, Role.OPERATOR),
    PageRoute("POST", "/hold", hold, Role.OPERATOR),
    PageRoute("POST", "/release", release, Role.OPERATOR),
)


def _why(row: sa.Row[Any]) -> str | None:
    """Why its head waits. Since when scheduling is away is an instant: how long that was would differ each time."""
    return None if row.waiting_for == Hindrance.SCHEDULING and row.ticked_at else say_why(row)


def _latest(row: sa.Row[Any]) -> Sequence[Mapping[str, Any]]:
    """The latest of its dead letters, with instants as those of rows are."""
    return [each | {"at": datetime.fromisoformat(each["at"])} for each in row.latest_dead_letters or ()]
