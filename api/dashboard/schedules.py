"""Schedules: the list with its filters, one of them, and what can be done to it."""

from typing import Any

from api.dashboard.frame.asking import asked, instant_of, link_with
from api.dashboard.frame.page import Page, Redirect
from api.dashboard.frame.visits import PageRoute, Visit
from api.shapes.schedule_body import PauseBody, ScheduleQuery
from api.shapes.schedule_json import schedule_or_404, show_schedules
from api.web.fields import COUNTED, count_of, page_of
from models import schedules
from models.words.roles import Role
from scheduling.commands import edit, pause, trigger

ALL = "/schedules"
ONE = "/schedules/{name}"
FILTERS = ("q", "state", "actor", "tag", "prefix", "source")
SHOWN = 100

FACTS = (
    "queue", "priority", "overlap", "catchup", "catchup_window_seconds", "start_deadline_seconds", "jitter_seconds",
    "max_retries", "min_backoff_seconds", "max_backoff_seconds", "time_limit_seconds", "pause_after_failures",
    "max_runs", "slots_run", "consecutive_failures", "source", "version",
)  # fmt: skip
"""Of a schedule's fields, those that its page lists one below the other."""


def list_schedules(visit: Visit) -> Page:
    """Schedules by name, with their filters as chips."""
    query = asked(ScheduleQuery, {"limit": str(SHOWN)} | dict(visit.query))
    chosen = {name: getattr(query, name) for name in FILTERS if getattr(query, name)}
    which: dict[str, Any] = {"only": visit.only, **chosen}
    with visit.engine.connect() as connection:
        rows = schedules.list_schedules(connection, query.limit + 1, after=query.cursor, **which)
        count = count_of(schedules.count_schedules(connection, COUNTED, **which))
        page, cursor = page_of(rows, query.limit, lambda row: row, lambda last: last.name)
        items = show_schedules(connection, page)
    chips = [(name, value, link_with(ALL, chosen, **{name: None})) for name, value in chosen.items()]
    more = link_with(ALL, chosen, cursor=cursor) if cursor else None
    shown = {"items": items, "more": more, "count": count, "chosen": chosen, "chips": chips}
    return Page("schedules.html", "Schedules", shown)


def show_schedule(visit: Visit) -> Page:
    """One schedule."""
    name = visit.params["name"]
    with visit.engine.connect() as connection:
        [schedule] = show_schedules(connection, [schedule_or_404(connection, name)])
    facts = [(field, getattr(schedule, field)) for field in FACTS]
    shown = {
        "schedule": schedule,
        "facts": [(field.replace("_", " ").capitalize(), value) for field, value in facts if value is not None],
        "here": link_with(f"{ALL}/{name}", {}),
        "may_operate": visit.may(Role.OPERATOR),
    }
    return Page("schedule.html", name, shown)


def pause_schedule(visit: Visit) -> Redirect:
    """Pause it, until an instant, a span from now, or until it is resumed."""
    body = asked(PauseBody, {"reason": visit.form.get("reason") or None, "until": instant_of(visit.form.get("until"))})
    with visit.engine.begin() as connection:
        row = edit.lock(connection, visit.params["name"])
        pause.pause(connection, row, until=body.until, reason=body.reason, by=visit.by)
    return _back(row.name, "It is paused.")


def resume_schedule(visit: Visit) -> Redirect:
    """End its pause."""
    with visit.engine.begin() as connection:
        row = edit.lock(connection, visit.params["name"])
        pause.resume(connection, row, visit.by)
    return _back(row.name, "It goes on.")


def trigger_schedule(visit: Visit) -> Redirect:
    """Run it now, with the arguments that it has."""
    with visit.engine.begin() as connection:
        row = edit.lock(connection, visit.params["name"])
        run = trigger.trigger(connection, row, trigger.Request(by=visit.by))
    return _back(row.name, f"Run {run} was made.")


PAGES = (
    PageRoute("GET", ALL, list_schedules, Role.VIEWER, heeds_scope=True),
    PageRoute("GET", ONE, show_schedule, Role.VIEWER),
    PageRoute("POST", f"{ONE}/pause", pause_schedule, Role.OPERATOR),
    PageRoute("POST", f"{ONE}/resume", resume_schedule, Role.OPERATOR),
    PageRoute("POST", f"{ONE}/trigger", trigger_schedule, Role.OPERATOR),
)


def _back(name: str, note: str) -> Redirect:
    return Redirect(link_with(f"{ALL}/{name}", {}), note)
