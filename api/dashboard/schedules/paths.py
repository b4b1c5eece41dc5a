"""Where the pages of schedules are."""

from api.dashboard.frame.asking import link_with

ALL = "/schedules"
ONE = f"{ALL}/{{name}}"
BULK = f"{ALL}/-/bulk"
"""No schedule has a name that begins with a hyphen."""


def path_to(name: str) -> str:
    """The page of a schedule."""
    return link_with(f"{ALL}/{name}", {})
