"""Tables: plain columns for files and pipes, with nothing cut; fitted and coloured by rich on a terminal."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol
from unicodedata import east_asian_width

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


class Titled(Protocol):
    """What a table must know of a column."""

    @property
    def title(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def whole(self) -> bool: ...


def render(columns: Sequence[Titled], rows: Sequence[Sequence[str]], *, is_coloured: bool) -> str:
    """The table as text."""
    if not is_coloured and not sys.stdout.isatty():
        return _plain([[column.title for column in columns], *rows])
    console = _console(is_coloured)
    with console.capture() as capture:
        console.print(rich_table(columns, rows))
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def rich_table(columns: Sequence[Titled], rows: Sequence[Sequence[str]]) -> "Table":
    """The table as rich has it."""
    from rich.table import Table  # by far the most of what a command imports: only where it is seen
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.title, no_wrap=True, overflow="ellipsis", min_width=None if not column.whole else 8)
    for row in rows:
        table.add_row(
            *(Text(cell, style=_style(column, cell)) for column, cell in zip(columns, row, strict=True)),
        )
    return table


def show_fields(fields: Sequence[tuple[str, str]], *, is_coloured: bool) -> None:
    """Print names and values below each other."""
    width = max((len(name) for name, _ in fields), default=0)
    for name, value in fields:
        shown = f"\033[1m{name.ljust(width)}\033[0m" if is_coloured else name.ljust(width)
        print(f"{shown}  {value.rstrip().replace(chr(10), chr(10) + ' ' * (width + 2))}")


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
    return sum(2 if east_asian_width(each) in "WF" else 1 for each in text)
