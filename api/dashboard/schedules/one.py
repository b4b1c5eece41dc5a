"""One schedule."""

from api.dashboard.frame.asking import link_with
from api.dashboard.frame.page import Page
from api.dashboard.frame.visits import PageRoute, Visit
from api.dashboard.schedules.listing import ALL
from api.shapes.schedule_json import schedule_or_404, show_schedules
from models.words.roles import Role

ONE = "/schedules/{name}"

FACTS = (
    "queue", "priority", "overlap", "catchup", "catchup_window_seconds", "start_deadline_seconds", "jitter_seconds",
    "max_retries", "min_backoff_seconds", "max_backoff_seconds", "time_limit_seconds", "pause_after_failures",
    "max_runs", "slots_run", "consecutive_failures", "source", "version",
)  # fmt: skip
"""Of a schedule's fields, those that its page lists one below the other."""


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
    return Page("schedules/one.html", name, shown)


PAGES = (PageRoute("GET", ONE, show_schedule, Role.VIEWER),)
