"""Show runs as they change: a table that lives on a terminal, else a line for each change."""

import time
from collections.abc import Callable
from typing import Any

import click

from api.cli import tables
from api.cli.failures import SERVER, Failure
from api.cli.groups import command
from api.cli.remote.client import connect
from api.cli.remote.runs.following import PATIENCE_SECONDS, end_as, looks_at
from api.cli.remote.runs.listing import COLUMNS, run_filters
from api.cli.shell import Shell, can_redraw
from api.cli.show import show_list
from api.cli.times import Span

_SEEN = 5000
Read = Callable[[], list[dict[str, Any]]]


@command()
@click.argument("id", required=False)
@run_filters
@click.option("--interval", type=Span(), default="2s", show_default=True, help="How often to look.")
@click.option("--limit", type=click.IntRange(1, 500), default=30, show_default=True, help="The newest so many.")
def watch(shell: Shell, id: str | None, interval: float, limit: int, **filters: Any) -> None:  # noqa: A002 - its name
    """Show runs as they change, until Ctrl-C; one run until it has ended, with its exit code.

    On a terminal it is a table. Elsewhere, and with -o jsonl, each change is a line of its own.
    """
    client = connect(shell)
    if id is not None:
        _watch_one(shell, id)
        return
    interval = max(interval, 0.2)

    def read() -> list[dict[str, Any]]:
        return list(client.pages("/v1/runs", limit, **filters))

    if can_redraw() and shell.output == "table":
        _live(shell, read, interval)
    else:
        _changes(shell, read, interval)


def _watch_one(shell: Shell, run: str) -> None:
    last: dict[str, Any] = {}
    shown: tuple[Any, ...] = ()
    for last in looks_at(connect(shell), run):
        if shown != (shown := _mark(last)):
            _show_line(shell, last)
    end_as(shell, last)


def _live(shell: Shell, read: Read, interval: float) -> None:
    from rich.console import Console
    from rich.live import Live

    console = Console(no_color=not shell.is_coloured(), highlight=False)
    with Live(console=console, auto_refresh=False, screen=False) as live:
        for runs in _patiently(read, interval):
            rows = [[column.of(run, shell).replace("\n", " ") for column in COLUMNS] for run in runs]
            shown = rows[: max(1, console.height - 2)]
            live.update(tables.rich_table(COLUMNS, shown, console.width), refresh=True)


def _changes(shell: Shell, read: Read, interval: float) -> None:
    seen: dict[str, tuple[Any, ...]] = {}
    for runs in _patiently(read, interval):
        for run in reversed(runs):
            if seen.get(run["id"]) != _mark(run):
                seen.pop(run["id"], None)
                seen[run["id"]] = _mark(run)
                _show_line(shell, run)
        for run_id in list(seen)[:-_SEEN]:
            del seen[run_id]


def _patiently(read: Read, interval: float) -> Any:
    answered = time.monotonic()
    while True:
        try:
            yield read()
            answered = time.monotonic()
        except Failure as failure:
            if failure.exit_code != SERVER or time.monotonic() - answered > PATIENCE_SECONDS:
                raise
        time.sleep(interval)


def _mark(run: dict[str, Any]) -> tuple[Any, ...]:
    return run["state"], run["attempt"]


def _show_line(shell: Shell, run: dict[str, Any]) -> None:
    if shell.output != "table":
        show_list(shell, [run], COLUMNS, "id")
    else:
        cells = (column.of(run, shell) for column in COLUMNS)
        print("  ".join(cell.replace("\n", " ") for cell in cells if cell), flush=True)
