"""What is done to one run: it is cancelled, or run again."""

from api.dashboard.frame.page import Redirect
from api.dashboard.frame.visits import PageRoute, Visit
from api.dashboard.runs.one import ONE
from models.words.roles import Role
from scheduling.commands import runs


def cancel_run(visit: Visit) -> Redirect:
    """Cancel it: at once while it waits; once it runs, its worker is asked to end it."""
    run = visit.params["id"]
    with visit.engine.begin() as connection:
        runs.cancel(connection, run, visit.by)
    return Redirect(f"/runs/{run}", "It is cancelled, or asked to stop if it runs.")


def retry_run(visit: Visit) -> Redirect:
    """Run it again, as a new run with the same arguments."""
    with visit.engine.begin() as connection:
        again = runs.retry(connection, visit.params["id"], visit.by)
    return Redirect(f"/runs/{again}", "This is the new run, with the same arguments.")


PAGES = (
    PageRoute("POST", f"{ONE}/cancel", cancel_run, Role.OPERATOR),
    PageRoute("POST", f"{ONE}/retry", retry_run, Role.OPERATOR),
)
