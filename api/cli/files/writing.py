"""Writing schedules and channels as a file."""

from collections.abc import Mapping
from typing import Any

import tomlkit

from api.cli.failures import USAGE, Failure
from api.cli.yamls import write_yaml

Table = Mapping[str, Mapping[str, Any]]


def write_file(source: str, schedules: Table, kind: str, channels: Table | None = None) -> str:
    """The file in TOML or YAML. Raises Failure for what TOML can't say."""
    tables = {"schedules": schedules} | ({"channels": channels} if channels else {})
    if kind == "yaml":
        plain = {key: {name: dict(given) for name, given in table.items()} for key, table in tables.items()}
        return write_yaml({"source": source, **plain})
    if (name := next((name for name, given in schedules.items() if _has_null(given)), None)) is not None:
        raise Failure(f"the arguments of {name} hold null, which TOML has not: say -o yaml", USAGE)
    document = tomlkit.document()
    document.add("source", tomlkit.item(source))
    for key, table in tables.items():
        document.add(key, _table_of(table))
    return tomlkit.dumps(document)


def _table_of(given: Table) -> Any:
    tables = tomlkit.table(is_super_table=True)
    for name, fields in given.items():
        table = tomlkit.table()
        for field, value in fields.items():
            table.add(field, _inline(value))
        tables.add(name, table)
    return tables


def _inline(value: Any) -> Any:
    """Arguments on a line of their own, so that all of a schedule stands in its table."""
    if isinstance(value, Mapping):
        table = tomlkit.inline_table()
        for key, each in value.items():
            table.add(key, _inline(each))
        return table
    if isinstance(value, list):
        array = tomlkit.array()
        for each in value:
            array.append(_inline(each))
        return array
    return tomlkit.item(value)


def _has_null(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_null, value.values()))
    return any(map(_has_null, value)) if isinstance(value, list) else value is None
