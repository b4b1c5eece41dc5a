"""Show runs as they change: a table that lives on a terminal, else a line for each change."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import click

from api.cli import tables
from api.cli.failures import MISSING, SERVER, Failure
from api.cli.groups import command
from api.cli.remote.client import Client, connect, id_path
from api.cli.remote.runs.feed import Feed
from api.cli.remote.runs.following import PATIENCE_SECONDS, end_as, looks_at
from api.cli.remote.runs.lines import EVENTS_SECONDS, Lines
from api.cli.remote.runs.listing import COLUMNS, run_filters
from api.cli.shell import Shell, can_redraw
from api.cli.show import Item
from api.cli.times import Span

SOONEST_SECONDS = 0.2
"""Between two looks, however much happens."""

Read = Callable[[], list[dict[str, Any]]]

_TOLD = {"schedule", "actor", "state", "trigger"}
"""Filters that events answer as well. With others they only say when to look."""


@command()
@click.argument("id", required=False)
@run_filters
@click.option("--follow", "-f", is_flag=True, help="A line for each change, on a terminal too.")
@click.option("--interval", type=Span(), default="2s", show_default=True, help="How often to look where none is told.")
@click.option("--limit", type=click.IntRange(1, 500), default=30, show_default=True, help="The newest so many.")
def watch(
    shell: Shell,
    id: str | None,  # noqa: A002 - its name
    follow: bool,
    interval: float,
    limit: int,
    **filters: Any,
) -> None:
    """Show runs as they change, until Ctrl-C; one run until it has ended, with its exit code.

    On a terminal it is a table. Elsewhere, with --follow and with -o jsonl, each change is a line of its own.
    """
    client = connect(shell)
    if id is not None:
        _watch_one(shell, client, id)
        return
    interval = max(interval, SOONEST_SECONDS)

    def read() -> list[dict[str, Any]]:
        return list(client.pages("/v1/runs", limit, **filters))

    feed = Feed(client, schedule=filters["schedule"])
    if can_redraw() and shell.output == "table" and not follow:
        _live(shell, read, feed, interval)
    else:
        _changes(shell, client, read, feed, interval, {name: value for name, value in filters.items() if value})


def _watch_one(shell: Shell, client: Client, run: str) -> None:
    lines = Lines(shell)
    last: dict[str, Any] = {}
    feed: Feed | None = None

    def wait(seconds: float) -> None:
        nonlocal feed
        if feed is None:  # the run is known now, and so is its schedule
            feed = Feed(client, schedule=last.get("schedule"))
        events = [event for event in feed.wait(seconds) if event["data"]["run_id"] == last["id"]]
        lines.tell_events(events, {last["id"]: last})

    for last in looks_at(client, run, wait=wait):
        lines.tell_runs([last])
    end_as(shell, last)


def _live(shell: Shell, read: Read, feed: Feed, interval: float) -> None:
    from rich.console import Console
    from rich.live import Live

    console = Console(no_color=not shell.is_coloured(), highlight=False)
    with Live(console=console, auto_refresh=False, screen=False) as live:
        for runs in _patiently(read):
            rows = [[column.of(run, shell).replace("\n", " ") for column in COLUMNS] for run in runs]
            shown = rows[: max(1, console.height - 2)]
            live.update(tables.rich_table(COLUMNS, shown, console.width), refresh=True)
            _wait(feed, interval)


def _changes(shell: Shell, client: Client, read: Read, feed: Feed, interval: float, filters: Mapping[str, Any]) -> None:
    """The list at first; then what events say, and what they don't."""
    lines, is_told = Lines(shell), filters.keys() <= _TOLD
    events: list[dict[str, Any]] = []
    hold_seconds = 0.0
    for runs in _patiently(read):
        if is_told and events:
            told = [event for event in events if _is_wanted(event["data"], filters)]
            lines.tell_events(told, _rows_of(client, told, runs))
        lines.tell_runs(runs, hold_seconds)
        hold_seconds = EVENTS_SECONDS if is_told and feed.is_there else 0.0
        events = _wait(feed, min(interval, EVENTS_SECONDS) if lines.is_holding else interval)


def _wait(feed: Feed, interval: float) -> list[dict[str, Any]]:
    """What is told within the interval."""
    soonest = time.monotonic() + min(interval, SOONEST_SECONDS)
    events = feed.wait(interval)
    time.sleep(max(0.0, soonest - time.monotonic()))
    return events


def _is_wanted(change: Mapping[str, Any], filters: Mapping[str, Any]) -> bool:
    return all(change[name] in value if name == "state" else change[name] == value for name, value in filters.items())


def _rows_of(client: Client, events: Sequence[Mapping[str, Any]], runs: Sequence[Item]) -> dict[str, Item]:
    """The runs that events tell of: of the list, else looked for one by one."""
    rows = {run["id"]: run for run in runs}
    for run in {event["data"]["run_id"] for event in events} - rows.keys():
        try:
            rows[run] = client.get(id_path("runs", run))
        except Failure as failure:
            if failure.exit_code not in (MISSING, SERVER):
                raise
    return rows


def _patiently(read: Read) -> Iterator[list[dict[str, Any]]]:
    answered = time.monotonic()
    while True:
        try:
            yield read()
            answered = time.monotonic()
        except Failure as failure:
            if failure.exit_code != SERVER or time.monotonic() - answered > PATIENCE_SECONDS:
                raise
            time.sleep(SOONEST_SECONDS * 5)
