"""Many schedules at once: all that a filter finds. A page says how many those are, and asks; then it is done.

The form carries how many there were: if it finds another number, the page asks again.
"""

from typing import Any, Literal

from pydantic import Field

from api.access.auth import require
from api.dashboard.frame.asking import asked, instant_of, link_with
from api.dashboard.frame.page import Page, Redirect
from api.dashboard.frame.visits import PageRoute, Visit
from api.dashboard.frame.words import count
from api.dashboard.schedules.listing import FILTERS, chosen_of
from api.dashboard.schedules.paths import ALL, BULK, path_to
from api.shapes.schedule_body import PauseBody, ScheduleQuery
from models.sql.clock import read_clock
from models.words.faults import Fault, in_words
from models.words.roles import Role
from scheduling.commands import bulk
from scheduling.commands.bulk import MOST, Changed
from scheduling.commands.faults import Refused

NAMED = 100
"""So many are named."""

_DONE = {"pause": "paused", "resume": "resumed", "trigger": "run", "delete": "deleted"}
_VERBS = {"pause": "Pause", "resume": "Resume", "trigger": "Run now", "delete": "Delete"}


class BulkQuery(ScheduleQuery):
    """What is to be done to which schedules."""

    action: Literal["pause", "resume", "trigger", "delete"]
    matched: int | None = Field(default=None, description="How many there were when somebody decided.")
    reason: str | None = None
    until: str | None = None


def ask_for_many(visit: Visit) -> Page | Redirect:
    """How many there are, and which."""
    if "action" not in visit.query:
        return Redirect(link_with(ALL, visit.query))
    return _page(visit, _asked(visit, visit.query))


def change_many(visit: Visit) -> Page | Redirect:
    """Do it to each by itself: one that is refused keeps no other from it."""
    query = _asked(visit, {name: value for name, value in visit.form.items() if value})
    which = _which(visit, query)
    try:
        pause = asked(PauseBody, {"reason": query.reason, "until": instant_of(query.until)})
        _check_until(visit, pause)
    except Refused as error:
        return _page(visit, query, error.faults)
    act = bulk.act_of(query.action, visit.by, until=pause.until, reason=pause.reason)
    if query.matched is not None:
        found = bulk.find_schedules(visit.engine, which, query.state, query.action)
        if found.matched != query.matched:
            return _page(visit, query, was=query.matched)
    done = bulk.change_schedules(visit.engine, which, query.state, act)
    said = f"{_many(len(done.changed))} {'was' if len(done.changed) == 1 else 'were'} {_DONE[query.action]}."
    back = link_with(ALL, chosen_of(query))
    if not done.refused:
        return Redirect(back, said)
    return Page("schedules/bulk_done.html", "Not all", {"said": said, "back": back, "refused": _refused(done)})


PAGES = (
    PageRoute("GET", BULK, ask_for_many, Role.OPERATOR, heeds_scope=True),
    PageRoute("POST", BULK, change_many, Role.OPERATOR, heeds_scope=True),
)


def _asked(visit: Visit, given: Any) -> BulkQuery:
    """Raises Refused, and NotAllowed for what takes an editor."""
    query = asked(BulkQuery, given)
    if query.action == "delete":
        require(visit.caller, Role.EDITOR)
    return query


def _which(visit: Visit, query: BulkQuery) -> dict[str, Any]:
    return {name: getattr(query, name) for name in FILTERS if name != "state"} | {"only": visit.only}


def _check_until(visit: Visit, pause: PauseBody) -> None:
    """Said once, in place of once for each."""
    if pause.until is None:
        return
    with visit.engine.connect() as connection:
        if pause.until <= read_clock(connection):
            raise Refused([Fault(("until",), "must lie in the future")])


def _page(visit: Visit, query: BulkQuery, faults: list[Fault] | None = None, was: int | None = None) -> Page:
    found = bulk.find_schedules(visit.engine, _which(visit, query), query.state, query.action)
    chosen = chosen_of(query)
    shown = {
        "action": query.action,
        "verb": _VERBS[query.action],
        "chosen": chosen,
        "back": link_with(ALL, chosen),
        "found": found,
        "is_capped": found.matched >= MOST,
        "many": _many(len(found.changed)),
        "names": [(name, path_to(name)) for name in found.changed[:NAMED]],
        "refused": _refused(found),
        "was": was,
        "reason": query.reason or "",
        "until": query.until or "",
        "faults": {str(each.path[0]): each.message for each in faults or () if each.path},
        "here": BULK,
    }
    status = 422 if faults else 409 if was is not None else 200
    return Page("schedules/bulk.html", f"{_VERBS[query.action]}: all that match", shown, status)


def _refused(found: Changed) -> list[tuple[str, str, str]]:
    return [(name, path_to(name), in_words(faults)) for name, faults in found.refused[:NAMED]]


def _many(number: int) -> str:
    return f"{count(number)} schedule{'' if number == 1 else 's'}"
