"""Where the pages of schedules are."""

from api.dashboard.frame.asking import link_with

ALL = "/schedules"
ONE = f"{ALL}/{{name}}"
BULK = f"{ALL}/-/bulk"
"""No schedule has a name that begins with a hyphen."""


def path_to(name: str) -> str:
    """The page of a schedule; of one that is called as a page beside it is, the second place where it is shown."""
    return f"{below(name)}/page" if name == "new" else below(name)


def below(name: str) -> str:
    """Where its acts are."""
    return link_with(f"{ALL}/{name}", {})
