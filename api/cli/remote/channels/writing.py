"""Set, delete and test channels."""

from typing import Any

import click

from api.cli.failures import MISSING, USAGE, Failure
from api.cli.groups import command
from api.cli.remote.channels.reading import COLUMNS, DELIVERIES, channel_name, channel_names
from api.cli.remote.client import Client, connect, delete_each, path_of
from api.cli.remote.completion import complete_schedules
from api.cli.remote.options import read_fields, yes
from api.cli.remote.runs.following import end_as, wait_for
from api.cli.remote.runs.listing import COLUMNS as RUN_COLUMNS
from api.cli.shell import Shell
from api.cli.show import show_done
from api.cli.times import Span

KINDS = ("webhook", "slack", "teams", "email")
EVENTS = ("failed", "recovered", "late", "missed", "slow", "auto_paused", "quarantined", "stalled")
WRITTEN = (
    "kind", "url", "to", "secret", "events", "filter", "after_failures", "quiet_seconds", "slow_factor", "description",
)  # fmt: skip
"""The fields of a channel that people write."""

_PLACES = ("url", "to")
"""A channel has one of them: who gives the other one means it in place of this."""


@command("set")
@channel_name
@click.argument("fields", nargs=-1, metavar="[FIELD=VALUE]...")
@click.option("--kind", type=click.Choice(KINDS))
@click.option(
    "--to", multiple=True, metavar="URL|ADDRESS", help="A URL, which may hold ${secret:NAME}; of email the addresses."
)
@click.option("--secret", help="What signs a webhook's requests, as ${secret:NAME}.")
@click.option("--event", "events", multiple=True, type=click.Choice(EVENTS), help="May be given several times.")
@click.option("--prefix", help="About schedules whose names begin so; without it, --tag and --schedule about all.")
@click.option("--tag", "tags", multiple=True, help="And about those with any of these tags.")
@click.option("--schedule", "schedules", multiple=True, shell_complete=complete_schedules, help="And about these.")
@click.option(
    "--after", "after_failures", type=int, metavar="N", help="Tell of failures once so many runs have failed in a row."
)
@click.option(
    "--quiet",
    "quiet_seconds",
    type=Span(),
    help="How long it is quiet about a schedule after it has told something: 10m.",
)
@click.option("--slow", "slow_factor", type=float, help="How many times as long as usual is slow.")
@click.option("--description")
def set_channel(shell: Shell, name: str, fields: tuple[str, ...], **options: Any) -> None:
    """Make a channel, or change one: what is not given stays as it is.

    \b
    callsheet channels set ops --kind slack --to '${secret:SLACK_URL}' --event failed --event recovered
    callsheet channels set ops after_failures=3 quiet_seconds=600 filter=null
    """
    given = _over(_given(**options), read_fields(fields))
    if not given:
        raise Failure(f"nothing to set: say what {name} is to have", USAGE)
    client = connect(shell)
    body = _with(_read(client, name), given)
    show_done(shell, [client.call("PUT", path_of("channels", name), body=body).json], COLUMNS)


@command()
@channel_names
@yes
def delete(shell: Shell, names: tuple[str, ...], yes: bool) -> None:
    """Delete channels: nothing is told there any more. What was told stays in the history."""
    delete_each(shell, "channels", names, yes=yes)


@command()
@channel_name
@click.option("--wait", is_flag=True, help="Wait until it was sent; exit code 1 if it could not be.")
@click.option("--timeout", type=Span(), help="How long to wait at most; then the run goes on, and the code is 1.")
def test(shell: Shell, name: str, wait: bool, timeout: float | None) -> None:
    """Send something to a channel, to see whether it arrives."""
    client = connect(shell)
    delivery = client.post(f"{path_of('channels', name)}/test")
    if not wait:
        show_done(shell, [delivery], DELIVERIES, "id")
        return
    shell.say(f"waiting for run {delivery['id']}")
    run = wait_for(client, delivery["id"], timeout)
    show_done(shell, [run], RUN_COLUMNS, "id")
    end_as(shell, run)


def _read(client: Client, name: str) -> dict[str, Any]:
    """What the channel has; nothing of one that is not there."""
    try:
        found = client.get(path_of("channels", name))
    except Failure as failure:
        if failure.exit_code != MISSING:
            raise
        return {}
    return {field: found[field] for field in WRITTEN if found.get(field) is not None}


def _with(before: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """What there was with what is given: null takes a field out, and who gives one place means it for the other."""
    for place, other in (_PLACES, _PLACES[::-1]):
        if given.get(place) is not None and other not in given:
            before.pop(other, None)
    return _without_null(_over(before, given))


def _over(before: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """As a merge patch has it: what is given of a filter is over what it has."""
    old, new = before.get("filter"), given.get("filter")
    both = {"filter": {**old, **new}} if isinstance(old, dict) and isinstance(new, dict) else {}
    return {**before, **given, **both}


def _without_null(fields: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in fields.items() if value is not None}
    if isinstance(kept.get("filter"), dict):
        chosen = {name: value for name, value in kept.pop("filter").items() if value not in (None, [])}
        kept |= {"filter": chosen} if chosen else {}
    return kept


def _given(
    to: tuple[str, ...], prefix: str | None, tags: tuple[str, ...], schedules: tuple[str, ...], **rest: Any
) -> dict[str, Any]:
    """What options say. A URL is the one of the channel, all else are addresses."""
    if len(to) > 1 and any(map(_is_url, to)):
        raise Failure("--to is one URL, or addresses", USAGE)
    rest |= {"url": to[0]} if any(map(_is_url, to)) else {"to": to}
    given = {name: list(value) if isinstance(value, tuple) else value for name, value in rest.items()}
    found = {name: value for name, value in given.items() if value not in (None, [])}
    narrowed = {"prefix": prefix, "tags": list(tags), "schedules": list(schedules)}
    wanted = {name: value for name, value in narrowed.items() if value}
    return found | ({"filter": wanted} if wanted else {})


def _is_url(text: str) -> bool:
    return "://" in text or "${" in text
