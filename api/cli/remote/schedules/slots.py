"""The slots of a schedule: the next ones, those that were decided, and why."""

from typing import Any

import click

from api.cli.details import printable
from api.cli.groups import command
from api.cli.remote.client import Client, connect, path_of
from api.cli.remote.options import limit_option, schedule_name, since, until
from api.cli.shell import Shell
from api.cli.show import Column, Item, show_list, show_one
from api.cli.times import When, show_instant

_SHOWN = 5
NEXT = (
    Column("SLOT", "slot_at", "instant", whole=True),
    Column("LOCAL", "local", whole=True),
    Column("REMARK", "remark"),
)


def _say_slots(slot: Item) -> str:
    return f"{slot['slots']}" if slot["slots"] != 1 else ""


_SLOTS = (
    Column("SLOT", "slot_at", "instant", whole=True),
    Column("UNTIL", "slot_until", "instant", spare=2),
    Column("SLOTS", _say_slots),
    Column("STATE", "state", "state"),
    Column("WHY", lambda slot: slot["reason"] or (slot["waiting_for"] and f"waited for {slot['waiting_for']}")),
    Column("LATE", "lateness_seconds", "span", spare=1),
    Column("RUN", "run_id", whole=True),
)


@command("next")
@schedule_name
@click.option("--count", "-n", type=click.IntRange(1, 500), default=10, show_default=True)
def next_slots(shell: Shell, name: str, count: int) -> None:
    """List the next slots, with what the clock in its zone shows then."""
    page = connect(shell).get(f"{path_of('schedules', name)}/upcoming", count=count)
    show_list(shell, page["items"], NEXT, "slot_at")


@command()
@schedule_name
@since
@until
@limit_option("50")
def slots(shell: Shell, name: str, limit: int | None, **span: str | None) -> None:
    """List what became of each slot, newest first; of the last 24 hours, if nothing else is said.

    Consecutive slots that were skipped for one reason share a line.
    """
    found = connect(shell).pages(f"{path_of('schedules', name)}/slots", limit, **span)
    show_list(shell, found, _SLOTS, "slot_at")


@command()
@schedule_name
@click.option("--at", type=When(), help="Any instant within the second of the slot; else the latest slot.")
def explain(shell: Shell, name: str, at: str | None) -> None:
    """Say why a schedule did or did not run at a time, in words."""
    client = connect(shell)
    path = path_of("schedules", name)
    schedule: dict[str, Any] | None = None if at else client.get(path)
    explanation = client.get(f"{path}/explain", at=at or _latest(client, path, schedule or {}))
    if shell.output != "table":
        show_one(shell, explanation, "outcome")
        return
    if schedule and schedule["paused_at"]:
        print(printable(_say_pause(shell, schedule)))
    print(printable(explanation["because"]))
    coming = explanation["next_slots"] if at else [each["slot_at"] for each in _coming(client, path)]
    if coming:
        shell.say(
            f"{'after it' if at else 'next'}: {', '.join(show_instant(each, shell.shown_time) for each in coming)}"
        )


def _latest(client: Client, path: str, schedule: Item) -> str:
    """The slot that was decided last; where none was lately, the next one, or now."""
    decided: list[dict[str, Any]] = client.get(f"{path}/slots", limit=1)["items"]
    if decided:
        return str(decided[0]["slot_until"] or decided[0]["slot_at"])
    return str(schedule["next_due_at"] or When().convert("now", None, None))


def _say_pause(shell: Shell, schedule: Item) -> str:
    by = f" by {schedule['paused_by']}" if schedule["paused_by"] else ""
    why = f": {schedule['pause_reason']}" if schedule["pause_reason"] else ""
    ends = (
        f" It goes on {show_instant(schedule['paused_until'], shell.shown_time)}." if schedule["paused_until"] else ""
    )
    return f"It was paused {show_instant(schedule['paused_at'], shell.shown_time)}{by}{why}.{ends}"


def _coming(client: Client, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get(f"{path}/upcoming", count=_SHOWN)["items"]
    return items
