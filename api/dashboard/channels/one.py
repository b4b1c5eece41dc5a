"""One channel: what it tells, what was told there, and its form."""

from dataclasses import replace

from api.dashboard.channels.form import MEANINGS, Sheet, definition_in, sheet_of, sheet_typed
from api.dashboard.channels.paths import NEW, ONE, below, path_to
from api.dashboard.frame.asking import asked, link_with
from api.dashboard.frame.page import Page, Redirect
from api.dashboard.frame.visits import PageRoute, Visit
from api.dashboard.runs.repeating import lines_of_channel
from api.shapes.notices.channel_json import show_channel
from api.web.fields import ById, page_of
from models.notices.channels import read_channel
from models.notices.deliveries import list_deliveries
from models.words.faults import Fault
from models.words.roles import Role
from models.words.states import LIVE_STATES
from scheduling.commands.channels import edit
from scheduling.commands.faults import NotFound, Refused

STALE = (
    "Somebody has changed the channel since this page was loaded. Saved once more, what stands here takes its place."
)


def show_one(visit: Visit) -> Page:
    """What it tells, and what was told there."""
    return _page(visit)


def save_channel(visit: Visit) -> Page | Redirect:
    """Give it what the form says."""
    name = visit.params["name"]
    try:
        with visit.engine.begin() as connection:
            before = edit.lock(connection, name)
            is_stale = visit.form.get("if_match") != str(before.version)
            if not is_stale:
                edit.put(connection, name, definition_in(visit.form, before), visit.by)
    except Refused as error:
        return _page(visit, sheet_typed(visit.form, error.faults), 422)
    if is_stale:
        sheet = replace(sheet_typed(visit.form, trouble=STALE), if_match=str(before.version))
        return _page(visit, sheet, 409)
    return Redirect(path_to(name), "It was saved.")


def show_new(visit: Visit) -> Page:
    """An empty form."""
    return _new_page(visit, Sheet(is_new=True))


def create_channel(visit: Visit) -> Page | Redirect:
    """Make it; one that is there is not written over."""
    name = visit.form.get("name", "").strip()
    try:
        definition = definition_in(visit.form, None)
        with visit.engine.begin() as connection:
            _, is_new = edit.put(connection, name, definition, visit.by)
            if not is_new:  # what was written is taken back
                raise Refused([Fault(("name",), "there is a channel of that name")])
    except Refused as error:
        return _new_page(visit, sheet_typed(visit.form, error.faults, is_new=True), 422)
    return Redirect(path_to(name), "It was made. Test sends something there.")


PAGES = (
    PageRoute("GET", NEW, show_new, Role.ADMIN),
    PageRoute("POST", NEW, create_channel, Role.ADMIN),
    PageRoute("GET", ONE, show_one, Role.VIEWER),
    PageRoute("POST", ONE, save_channel, Role.ADMIN),
    PageRoute("GET", f"{ONE}/page", show_one, Role.VIEWER),
    PageRoute("POST", f"{ONE}/page", save_channel, Role.ADMIN),
)


def _page(visit: Visit, sheet: Sheet | None = None, status: int = 200) -> Page:
    name = visit.params["name"]
    query = asked(ById, visit.query)
    with visit.engine.connect() as connection:
        channel = read_channel(connection, name)
        if channel is None:
            raise NotFound("channel")
        rows = list_deliveries(connection, name, query.limit + 1, query.cursor)
    deliveries, cursor = page_of(rows, query.limit, lambda row: row, lambda last: last.id)
    shown = {
        "channel": show_channel(channel, visit.caller.role),
        "sheet": sheet or sheet_of(channel),
        "meanings": MEANINGS,
        "here": path_to(name),
        "acts": below(name),
        "deliveries": deliveries,
        "is_moving": any(each.state in LIVE_STATES for each in deliveries),
        "more": link_with(path_to(name), {}, cursor=cursor) if cursor else None,
        "may_write": visit.may(Role.ADMIN),
        "lines": lines_of_channel(name, visit.site),
    }
    return Page("channels/one.html", name, shown, status)


def _new_page(visit: Visit, sheet: Sheet, status: int = 200) -> Page:
    with visit.engine.connect() as connection:
        taken = path_to("new") if read_channel(connection, "new") is not None else None
    return Page("channels/new.html", "New channel", {"sheet": sheet, "taken": taken}, status)
