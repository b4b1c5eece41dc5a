"""What a visitor is told when there is no page: the errors of commands and access, in words."""

from api.access.auth import NotAllowed
from api.dashboard.frame.page import Page
from config.database import TRANSIENT
from scheduling.commands.faults import Conflict, NotFound, Refused


def page_of_trouble(error: Exception) -> Page | None:
    """The page that says so; None for an error that nobody expected."""
    match error:
        case NotAllowed():
            return _page(403, "Not allowed", str(error))
        case NotFound():
            return _page(404, "Not found", str(error))
        case Conflict():
            return _page(409, "Not possible now", str(error))
        case Refused():
            return _page(
                422, "Not valid", *(f"{'.'.join(map(str, each.path))}: {each.message}" for each in error.faults)
            )
    if isinstance(error, TRANSIENT):
        return _page(503, "Away", "the database does not answer just now: try again in a moment")
    return None


def page_of_nothing(path: str) -> Page:
    """The page where there is none."""
    return _page(404, "Not found", f"there is no page at {path}")


def _page(status: int, title: str, *lines: str) -> Page:
    return Page("trouble.html", title, {"lines": lines}, status)
