"""What can be done to a schedule: pause it, resume it, run it now."""

from api.dashboard.frame.asking import asked, instant_of, link_with
from api.dashboard.frame.page import Redirect
from api.dashboard.frame.visits import PageRoute, Visit
from api.dashboard.schedules.listing import ALL
from api.dashboard.schedules.one import ONE
from api.shapes.schedule_body import PauseBody
from models.words.roles import Role
from scheduling.commands import edit, pause, trigger


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
    PageRoute("POST", f"{ONE}/pause", pause_schedule, Role.OPERATOR),
    PageRoute("POST", f"{ONE}/resume", resume_schedule, Role.OPERATOR),
    PageRoute("POST", f"{ONE}/trigger", trigger_schedule, Role.OPERATOR),
)


def _back(name: str, note: str) -> Redirect:
    return Redirect(link_with(f"{ALL}/{name}", {}), note)
