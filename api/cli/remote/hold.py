"""Hold everything, and let it go on."""

from typing import Any

from api.cli.failures import USAGE, Failure
from api.cli.groups import command
from api.cli.remote.client import connect
from api.cli.remote.options import reason, until_ahead
from api.cli.shell import Shell
from api.cli.show import show_one


@command()
@reason
@until_ahead
def hold(shell: Shell, reason: str | None, until: str | None) -> None:
    """Hold everything, for maintenance: nothing starts anywhere until it is released; what runs may end.

    Without --reason, say how things stand, and how many runs are still under way.
    """
    client = connect(shell)
    if reason is None and until is not None:
        raise Failure("a hold needs a --reason", USAGE)
    if reason is None:
        _show(shell, client.get("/v1/hold"))
        return
    body: dict[str, Any] = {"reason": reason} | ({"until": until} if until else {})
    _show(shell, client.post("/v1/hold", body))


@command()
def release(shell: Shell) -> None:
    """Release a hold: what waited is published."""
    _show(shell, connect(shell).post("/v1/release"))


def _show(shell: Shell, state: dict[str, Any]) -> None:
    show_one(shell, state, "held")
