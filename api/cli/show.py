"""How what was asked for is shown: as a table for people, as JSON, JSON lines or YAML for programs, or as names."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from api.cli import tables
from api.cli.details import as_text as as_text
from api.cli.details import printable as printable
from api.cli.details import show_details
from api.cli.shell import Shell
from api.cli.times import show_instant, show_span

Item = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """A column of a table: its title, and what it shows of an item: a field, or what a function makes of it.

    `kind` is `text`, `instant`, `span` (seconds) or `state`; what is `whole` is not cut, and what can be `spare`d
    is left out where the terminal is too narrow, the highest number first.
    """

    title: str
    value: str | Callable[[Item], Any]
    kind: str = "text"
    whole: bool = False
    spare: int = 0

    def of(self, item: Item, shell: Shell) -> str:
        """What stands in the item's row."""
        value = self.value(item) if callable(self.value) else item.get(self.value)
        if value is None:
            return ""
        if self.kind == "instant":
            return show_instant(value, shell.shown_time)
        return show_span(value) if self.kind == "span" else as_text(value)


def show_list(shell: Shell, items: Iterable[Item], columns: Sequence[Column], name: str = "name") -> None:
    """Show a list; `name` is the field that names an item."""
    match shell.output:
        case "jsonl":
            for item in items:
                print(json.dumps(item, ensure_ascii=False), flush=True)
        case "name":
            for item in items:
                print(printable(str(item[name])))
        case "json":
            _print_json(list(items))
        case "yaml":
            _print_yaml(list(items))
        case _:
            _show_table(shell, list(items), columns)


def show_done(shell: Shell, items: Sequence[Item], columns: Sequence[Column], name: str = "name") -> None:
    """Show in a line each what has been acted upon; in JSON and YAML one is no list."""
    if len(items) == 1 and shell.output in ("json", "yaml"):
        show_one(shell, items[0], name)
    else:
        show_list(shell, items, columns, name)


def show_one(shell: Shell, item: Item, name: str = "name") -> None:
    """Show one thing with all of its fields."""
    match shell.output:
        case "jsonl":
            print(json.dumps(item, ensure_ascii=False))
        case "name":
            print(printable(str(item[name])))
        case "json":
            _print_json(item)
        case "yaml":
            _print_yaml(dict(item))
        case _:
            show_details(item, shell.shown_time, is_coloured=shell.is_coloured())


def show_each(shell: Shell, items: Sequence[Item], name: str = "name") -> None:
    """Show things with all of their fields: one as it is, several as a list."""
    if len(items) == 1:
        show_one(shell, items[0], name)
    elif shell.output != "table":
        show_list(shell, items, (), name)
    else:
        for number, item in enumerate(items):
            if number:
                print()
            show_one(shell, item, name)


def _show_table(shell: Shell, items: Sequence[Item], columns: Sequence[Column]) -> None:
    if not items:
        shell.say("nothing")
        return
    rows = [[column.of(item, shell).replace("\n", " ") for column in columns] for item in items]
    if sys.stdout.isatty() and len(rows) + 2 > shutil.get_terminal_size().lines and sys.stdin.isatty():
        os.environ.setdefault("LESS", "FRX")
        text = tables.render(columns, rows, is_coloured=shell.is_coloured())
        click.echo_via_pager(text, color=shell.is_coloured())
    else:
        print(tables.render(columns, rows, is_coloured=shell.is_coloured()), end="")


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def _print_yaml(value: Any) -> None:
    from api.cli.yamls import write_yaml  # for this alone: it costs a tenth of a second

    print(write_yaml(value), end="")
