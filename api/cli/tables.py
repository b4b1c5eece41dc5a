"""Tables: plain columns for files and pipes, with nothing cut; fitted and coloured by rich on a terminal."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol
from unicodedata import combining, east_asian_width

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_STYLES = {
    "succeeded": "green",
    "active": "green",
    "live": "green",
    "running": "cyan",
    "failed": "bold red",
    "error": "bold red",
    "lost": "bold red",
    "retrying": "yellow",
    "paused": "yellow",
    "draining": "yellow",
    "cancelled": "magenta",
    "skipped": "dim",
    "gone": "dim",
}
_UNCUT = 10_000
_GAP = 2
_LEAST = 8
"""Text is cut to no less: before that, columns that can be spared are left out."""

_ID = 40
"""Ids are shorter: nobody can do anything with a part of one."""


class Titled(Protocol):
    """What a table must know of a column."""

    @property
    def title(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def whole(self) -> bool: ...
    @property
    def spare(self) -> int: ...


def render(columns: Sequence[Titled], rows: Sequence[Sequence[str]], *, is_coloured: bool) -> str:
    """The table as text."""
    if not is_coloured and not sys.stdout.isatty():
        return _plain([[column.title for column in columns], *rows])
    console = _console(is_coloured)
    with console.capture() as capture:
        console.print(rich_table(columns, rows, console.width))
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def rich_table(columns: Sequence[Titled], rows: Sequence[Sequence[str]], room: int) -> "Table":
    """The table as rich has it, in so many columns of the terminal."""
    from rich.table import Table  # by far the most of what a command imports: only where it is seen
    from rich.text import Text

    widths = fitted(columns, rows, room)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, width in widths.items():
        table.add_column(columns[number].title, no_wrap=True, overflow="ellipsis", width=width)
    for row in rows:
        table.add_row(*(Text(row[number], style=_style(columns[number], row[number])) for number in widths))
    return table


def fitted(columns: Sequence[Titled], rows: Sequence[Sequence[str]], room: int) -> dict[int, int]:
    """Which columns are shown, and how wide: what can be spared goes first, then text is cut where it is longest."""
    natural = [max(map(_width, [column.title, *(row[at] for row in rows)])) for at, column in enumerate(columns)]
    widths = {at: _least(column, natural[at], room) for at, column in enumerate(columns)}
    spared = sorted((at for at in widths if columns[at].spare), key=lambda at: (columns[at].spare, at))
    while spared and _sum(widths) > room:
        del widths[spared.pop()]
    left = room - _sum(widths)
    while left > 0 and (short := [at for at, width in widths.items() if width < natural[at]]):
        for at in short[:left]:
            widths[at] += 1
        left -= len(short[:left])
    return widths


def _least(column: Titled, natural: int, room: int) -> int:
    if column.whole:
        return min(natural, max(_ID, room // 2))
    return min(natural, max(_LEAST, _width(column.title))) if column.kind == "text" else natural


def _sum(widths: dict[int, int]) -> int:
    return sum(widths.values()) + _GAP * (len(widths) - 1)


def _style(column: Titled, cell: str) -> str:
    return _STYLES.get(cell.partition(" ")[0], "") if column.kind == "state" else ""


def _console(is_coloured: bool) -> "Console":
    from rich.console import Console

    width = None if sys.stdout.isatty() else _UNCUT
    return Console(force_terminal=is_coloured, no_color=not is_coloured, width=width, highlight=False)


def _plain(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)) for row in rows
    ]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(0 if combining(each) else 2 if east_asian_width(each) in "WF" else 1 for each in text)
