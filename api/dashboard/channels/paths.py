"""Where the pages of channels are."""

from api.dashboard.frame.asking import link_with

ALL = "/channels"
NEW = f"{ALL}/new"
ONE = f"{ALL}/{{name}}"


def path_to(name: str) -> str:
    """The page of a channel; of one that is called as a page beside it is, the second place where it is shown."""
    return f"{below(name)}/page" if below(name) == NEW else below(name)


def below(name: str) -> str:
    """Where its acts are."""
    return link_with(f"{ALL}/{name}", {})
