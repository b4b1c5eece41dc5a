"""Verify: whether each slot that must exist has exactly one row."""

from typing import Any

from api.cli.failures import FAILED, Ended
from api.cli.groups import command
from api.cli.remote.client import connect
from api.cli.remote.options import since
from api.cli.shell import Shell
from api.cli.show import Column, Item, as_text, show_list, show_one


def _rest(item: Item) -> str:
    known = ("schedule", "slot_at", "problem")
    return "; ".join(
        f"{key}: {as_text(value)}" for key, value in item.items() if key not in known and value is not None
    )


_FOUND = (
    Column("SCHEDULE", "schedule", whole=True),
    Column("SLOT", "slot_at", "instant"),
    Column("PROBLEM", "problem"),
    Column("MORE", _rest),
)


@command()
@since
def verify(shell: Shell, since: str | None) -> None:
    """Compute anew which slots must exist, and look whether each has exactly one row; exit code 1 if one has not."""
    answer: dict[str, Any] = connect(shell).get("/v1/verify", since=since)
    found = _unaccounted(answer)
    if shell.output in ("json", "yaml"):
        show_one(shell, answer)
    else:
        checked = {name: value for name, value in answer.items() if not isinstance(value, list)}
        shell.say("; ".join(f"{name}: {as_text(value)}" for name, value in checked.items() if value is not None))
        if found:
            show_list(shell, found, _FOUND, "schedule")
    if found or answer.get("unaccounted"):
        raise Ended(FAILED)


def _unaccounted(answer: dict[str, Any]) -> list[dict[str, Any]]:
    lists = (answer.get(name) for name in ("items", "unaccounted", "problems"))
    return next((each for each in lists if isinstance(each, list)), [])
