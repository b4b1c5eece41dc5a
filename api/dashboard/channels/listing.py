"""The list of channels, by name."""

from api.dashboard.channels.paths import ALL, path_to
from api.dashboard.frame.asking import asked, link_with
from api.dashboard.frame.page import Page
from api.dashboard.frame.visits import PageRoute, Visit
from api.shapes.notices.channel_json import show_channel
from api.web.fields import ByName, page_of
from models.notices import channels
from models.notices.deliveries import last_deliveries
from models.words.notices import NoticeKind
from models.words.roles import Role


def list_channels(visit: Visit) -> Page:
    """Who is told, of what, about which schedules."""
    query = asked(ByName, visit.query)
    with visit.engine.connect() as connection:
        rows = channels.list_channels(connection, query.limit + 1, query.cursor)
        last = last_deliveries(connection, [row.name for row in rows])
    items, cursor = page_of(rows, query.limit, lambda row: show_channel(row, visit.caller.role), lambda last: last.name)
    shown = {
        "items": [(each, path_to(each.name), last.get(each.name)) for each in items],
        "more": link_with(ALL, {}, cursor=cursor) if cursor else None,
        "every": len(NoticeKind),
        "may_write": visit.may(Role.ADMIN),
    }
    return Page("channels/listing.html", "Channels", shown)


PAGES = (PageRoute("GET", ALL, list_channels, Role.VIEWER),)
