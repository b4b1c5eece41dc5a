"""Trigger, pause and resume schedules."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import click

from api.cli.failures import USAGE, Failure
from api.cli.groups import command
from api.cli.remote.client import connect, path_of
from api.cli.remote.options import read_json, read_value, reason, schedule_name, schedule_names, until_ahead
from api.cli.remote.runs.following import end_as, follow, wait_for
from api.cli.remote.runs.listing import COLUMNS as RUN_COLUMNS
from api.cli.remote.schedules.reading import COLUMNS
from api.cli.shell import Shell
from api.cli.show import show_done
from api.cli.times import Span, When

_OVERLAPS = ("skip", "buffer_one", "buffer_all", "cancel_other", "allow")


@command()
@schedule_name
@click.argument("arguments", nargs=-1, metavar="[ARG=VALUE]...")
@click.option("--args", "all_arguments", metavar="JSON", help="The arguments, in place of the schedule's.")
@click.option("--overlap", type=click.Choice(_OVERLAPS), help="In place of the schedule's.")
@click.option("--due-at", type=When(ahead=True), help="Not before: in 2h, at 06:00, or at an instant.")
@click.option("--slot-at", type=When(), help="The slot that it stands for.")
@click.option("--wait", is_flag=True, help="Wait for its end; exit code 1 unless it has succeeded.")
@click.option("--follow", "-f", is_flag=True, help="Also print what it prints.")
@click.option("--timeout", type=Span(), help="How long to wait at most; then the run goes on, and the code is 1.")
def trigger(
    shell: Shell,
    name: str,
    arguments: tuple[str, ...],
    all_arguments: str | None,
    wait: bool,
    follow: bool,
    timeout: float | None,
    **rest: Any,
) -> None:
    """Run a schedule now, or at a given time. Works while it is paused, and moves no slot."""
    client = connect(shell)
    path = path_of("schedules", name)
    body = {key: value for key, value in rest.items() if value is not None}
    if all_arguments is not None:
        body["args"] = read_json(all_arguments, "--args")
    if arguments:
        stored = body["args"] if "args" in body else client.get(path)["args"]
        body["args"] = {**_checked(stored), **dict(map(_argument, arguments))}
    # Sent again after a connection was lost, it is the same run.
    run = client.post(f"{path}/trigger", body, **{"Idempotency-Key": str(uuid4())})
    if follow:
        run = _follow(shell, run, timeout)
        shell.say(f"{run['id']} {run['state']}")
    elif wait:
        shell.say(f"waiting for run {run['id']}")
        run = wait_for(client, run["id"], timeout)
        show_done(shell, [run], RUN_COLUMNS, "id")
    else:
        show_done(shell, [run], RUN_COLUMNS, "id")
        return
    end_as(shell, run)


@command()
@schedule_names
@reason
@until_ahead
def pause(shell: Shell, names: tuple[str, ...], reason: str | None, until: str | None) -> None:
    """Pause schedules, until an instant or until they are resumed. On paused ones: change reason and end."""
    _each(shell, names, "pause", {"reason": reason, "until": until})


@command()
@schedule_names
def resume(shell: Shell, names: tuple[str, ...]) -> None:
    """Resume paused schedules. What passed while they were paused is one skip with the reason paused."""
    _each(shell, names, "resume", {})


def _each(shell: Shell, names: tuple[str, ...], verb: str, body: Mapping[str, Any]) -> None:
    client = connect(shell)
    given = {name: value for name, value in body.items() if value is not None}
    done = [client.post(f"{path_of('schedules', name)}/{verb}", given) for name in names]
    show_done(shell, done, COLUMNS)


def _follow(shell: Shell, run: Mapping[str, Any], timeout: float | None) -> Any:
    shell.say(f"{run['id']} {run['state']}")
    return follow(shell, connect(shell), run["id"], timeout=timeout)


def _argument(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise Failure(f"{text!r} is not of the form argument=value", USAGE)
    return name, read_value(value)


def _checked(arguments: Any) -> dict[str, Any]:
    if not isinstance(arguments, dict):
        raise Failure("--args must be an object", USAGE)
    return arguments
