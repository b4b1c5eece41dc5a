"""What is done to a channel: send it a test, and delete it, after a question."""

from api.dashboard.channels.paths import ALL, ONE, below, path_to
from api.dashboard.frame.page import Page, Redirect
from api.dashboard.frame.visits import PageRoute, Visit
from models.notices.channels import read_channel
from models.words.roles import Role
from scheduling.commands.channels import edit
from scheduling.commands.channels.trial import try_channel
from scheduling.commands.faults import NotFound


def test_channel(visit: Visit) -> Redirect:
    """Send something there."""
    name = visit.params["name"]
    with visit.engine.begin() as connection:
        run = try_channel(connection, edit.lock(connection, name), visit.by)
    return Redirect(path_to(name), f"A test is on its way, by run {run}.")


def ask_to_delete(visit: Visit) -> Page:
    """What deleting it means."""
    name = visit.params["name"]
    with visit.engine.connect() as connection:
        channel = read_channel(connection, name)
    if channel is None:
        raise NotFound("channel")
    shown = {"source": channel.source, "acts": below(name), "page": path_to(name)}
    return Page("channels/delete.html", f"Delete {name}", shown)


def delete_channel(visit: Visit) -> Redirect:
    """Delete it."""
    name = visit.params["name"]
    with visit.engine.begin() as connection:
        edit.delete(connection, edit.lock(connection, name), visit.by)
    return Redirect(ALL, f"{name} is deleted.")


def go_to_channel(visit: Visit) -> Redirect:
    """Whoever loads the address of the test again sees the channel."""
    return Redirect(path_to(visit.params["name"]))


PAGES = (
    PageRoute("POST", f"{ONE}/test", test_channel, Role.ADMIN),
    PageRoute("GET", f"{ONE}/test", go_to_channel, Role.VIEWER),
    PageRoute("GET", f"{ONE}/delete", ask_to_delete, Role.ADMIN),
    PageRoute("POST", f"{ONE}/delete", delete_channel, Role.ADMIN),
)
