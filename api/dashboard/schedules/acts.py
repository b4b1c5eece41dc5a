"""What can be done to a schedule: pause it, resume it, run it now. A form that is refused is shown again, with what it
had, and what is wrong with it beside its fields."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from api.dashboard.frame.asking import asked, instant_of
from api.dashboard.frame.page import Page, Redirect
from api.dashboard.frame.visits import PageRoute, Visit
from api.dashboard.schedules.one import Typed, page_of_schedule
from api.dashboard.schedules.paths import ONE, path_to
from api.shapes.schedule_body import PauseBody, TriggerBody
from api.web.problems import Problem
from api.web.strict_json import parse_json
from models.words.faults import Fault
from models.words.roles import Role
from scheduling.commands import edit, pause, trigger
from scheduling.commands.faults import Refused

Act = Callable[[Visit], Page | Redirect]


def shown_again(form: str) -> Callable[[Act], Act]:
    """The page of the schedule instead, where what a form has is refused."""

    def around(act: Act) -> Act:
        @wraps(act)
        def tried(visit: Visit) -> Page | Redirect:
            try:
                return act(visit)
            except Refused as error:
                return page_of_schedule(visit, Typed(form, visit.form, error.faults))

        return tried

    return around


@shown_again("pause")
def pause_schedule(visit: Visit) -> Redirect:
    """Pause it, until an instant, a span from now, or until it is resumed."""
    body = asked(PauseBody, {"reason": visit.form.get("reason") or None, "until": instant_of(visit.form.get("until"))})
    with visit.engine.begin() as connection:
        row = edit.lock(connection, visit.params["name"])
        pause.pause(connection, row, until=body.until, reason=body.reason, by=visit.by)
    return Redirect(path_to(row.name), "It is paused.")


def resume_schedule(visit: Visit) -> Redirect:
    """End its pause."""
    with visit.engine.begin() as connection:
        row = edit.lock(connection, visit.params["name"])
        pause.resume(connection, row, visit.by)
    return Redirect(path_to(row.name), "It goes on.")


@shown_again("trigger")
def trigger_schedule(visit: Visit) -> Redirect:
    """Run it now, or at a time, with the arguments that it has or others."""
    form = visit.form
    given = {"args": _json_of(form.get("args")), "due_at": instant_of(form.get("due_at"))}
    body = asked(TriggerBody, given | {"overlap": form.get("overlap") or None})
    request = trigger.Request(body.args, body.overlap, body.due_at, by=visit.by)
    with visit.engine.begin() as connection:
        row = edit.lock(connection, visit.params["name"])
        run = trigger.trigger(connection, row, request)
    return Redirect(path_to(row.name), f"Run {run} was made.")


def go_to_schedule(visit: Visit) -> Redirect:
    """Where a form was refused its page is at the address of the act: whoever loads that again sees the schedule."""
    return Redirect(path_to(visit.params["name"]))


PAGES = (
    PageRoute("POST", f"{ONE}/pause", pause_schedule, Role.OPERATOR),
    PageRoute("POST", f"{ONE}/resume", resume_schedule, Role.OPERATOR),
    PageRoute("POST", f"{ONE}/trigger", trigger_schedule, Role.OPERATOR),
    *(PageRoute("GET", f"{ONE}/{act}", go_to_schedule, Role.VIEWER) for act in ("pause", "resume", "trigger")),
)


def _json_of(text: str | None) -> Any:
    """Arguments as they were written; None for none. Raises Refused."""
    if not text or not text.strip():
        return None
    try:
        return parse_json(text.encode("utf-8", "surrogatepass"))
    except Problem as problem:
        raise Refused([Fault(("args",), (problem.detail or "").replace("the body is", "is"))]) from None
