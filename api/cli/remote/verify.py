"""Verify: whether each slot that must exist has exactly one row."""

from collections import Counter
from typing import Any

import click

from api.cli.failures import FAILED, Ended
from api.cli.groups import command
from api.cli.remote.client import Client, connect
from api.cli.remote.completion import complete_schedules
from api.cli.remote.options import since, until
from api.cli.shell import Shell
from api.cli.show import Column, Item, as_text, show_list, show_one

_NUMBERS = ("schedules", "slots", "accounted", "undecided")


def _rest(item: Item) -> str:
    known = ("schedule", "slot_at", "problem", "schedule_id")
    return "; ".join(f"{key}: {as_text(value)}" for key, value in item.items() if key not in known and value)


_FOUND = (
    Column("SCHEDULE", "schedule", whole=True),
    Column("SLOT", "slot_at", "instant"),
    Column("PROBLEM", "problem"),
    Column("MORE", _rest),
)


@command()
@since
@until
@click.option("--schedule", shell_complete=complete_schedules, help="Of this one alone.")
def verify(shell: Shell, since: str | None, until: str | None, schedule: str | None) -> None:
    """Compute anew which slots must exist, and look whether each has exactly one row; exit code 1 if one has not.

    Of the last 24 hours, unless it says otherwise.
    """
    answer = _whole(connect(shell), since=since, until=until, schedule=schedule)
    found = answer["unaccounted"]
    if shell.output in ("json", "yaml"):
        show_one(shell, answer)
    else:
        checked = {name: value for name, value in answer.items() if not isinstance(value, list)}
        shell.say("; ".join(f"{name}: {as_text(value)}" for name, value in checked.items()))
        if found:
            show_list(shell, found, _FOUND, "schedule")
    if found or answer["truncated"]:
        raise Ended(FAILED)


def _whole(client: Client, **query: Any) -> dict[str, Any]:
    """All parts as one."""
    answer: dict[str, Any] = client.get("/v1/verify", **query)
    numbers = Counter({name: answer[name] for name in _NUMBERS})
    while (cursor := answer.pop("next")) is not None:
        part = client.get("/v1/verify", schedule=query["schedule"], cursor=cursor)
        numbers.update({name: part[name] for name in _NUMBERS})
        answer["unaccounted"] += part["unaccounted"]
        answer["truncated"] = answer["truncated"] or part["truncated"]
        answer["next"] = part["next"]
    return answer | {name: numbers[name] for name in _NUMBERS}
