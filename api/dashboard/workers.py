"""Workers: which there are, whether they are well, and what they run."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from api.dashboard.frame.asking import asked, link_with
from api.dashboard.frame.page import Page, Redirect
from api.dashboard.frame.visits import PageRoute, Visit
from api.web.fields import ById, page_of
from models.processes import held_runs, list_workers
from models.words.roles import Role
from scheduling.commands import queues as commands

ALL = "/workers"
LOOKED_AT = 10_000
"""So many runs under way are looked at: far more than there are threads."""

SHOWN_RUNS = 20
"""Of what one runs so many are named."""

WELL = {
    "lost": "no word for a minute or more: it was killed, or can't reach the database. What it ran goes to others",
    "drained": "it has no runs any more, and ends",
    "draining": "it takes no more runs, and ends once it has none",
    "silent": "no word for half a minute: after a minute it counts as lost",
    "alive": "",
}
"""How a worker is, and what that means. Whoever has stopped in order is not listed any more."""


def show_workers(visit: Visit) -> Page:
    """Workers seen within the last day, by id, with what they run."""
    query = asked(ById, visit.query)
    with visit.engine.connect() as connection:
        rows = list_workers(connection, query.limit + 1, query.cursor)
        items, cursor = page_of(rows, query.limit, lambda row: row, lambda last: last.id)
        runs = held_runs(connection, [row.id for row in items], LOOKED_AT)
    shown = {
        "items": [_shown(row, runs.get(row.id, [])) for row in items],
        "meaning": WELL,
        "most": SHOWN_RUNS,
        "is_busy": bool(runs),
        "more": link_with(ALL, {}, cursor=cursor) if cursor else None,
        "may_operate": visit.may(Role.OPERATOR),
    }
    return Page("workers.html", "Workers", shown)


def drain_worker(visit: Visit) -> Redirect:
    """Have it, and the others of its master, take no more runs."""
    worker: UUID = visit.params["id"]
    with visit.engine.begin() as connection:
        asked_to = commands.drain_worker(connection, worker, visit.by)
    one = "It takes" if len(asked_to) == 1 else f"It and {len(asked_to) - 1} more of its master take"
    return Redirect(ALL, f"{one} no more runs from the next ten seconds on.")


PAGES = (
    PageRoute("GET", ALL, show_workers, Role.VIEWER),
    PageRoute("POST", f"{ALL}/{{id:uuid}}/drain", drain_worker, Role.OPERATOR),
)


def _shown(worker: sa.Row[Any], runs: Sequence[sa.Row[Any]]) -> dict[str, Any]:
    """With how many threads are busy: one of them may have several short runs."""
    how = _how(worker)
    busy = min(worker.threads, len(runs)) if how != "lost" else 0
    return {"worker": worker, "how": how, "runs": runs, "busy": busy, "idle": worker.threads - busy}


def _how(worker: sa.Row[Any]) -> str:
    if not worker.live:
        return "lost"
    if worker.drained_at is not None:
        return "drained"
    if worker.silent:
        return "silent"
    return "draining" if worker.drain_requested_at is not None else "alive"
