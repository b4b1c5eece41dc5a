"""Writing schedules as a file."""

from collections.abc import Mapping
from typing import Any

import tomlkit

from api.cli.failures import USAGE, Failure
from api.cli.yamls import write_yaml


def write_file(source: str, schedules: Mapping[str, Mapping[str, Any]], kind: str) -> str:
    """The file in TOML or YAML. Raises Failure for what TOML can't say."""
    content = {"source": source, "schedules": {name: dict(given) for name, given in schedules.items()}}
    if kind == "yaml":
        return write_yaml(content)
    if (name := next((name for name, given in schedules.items() if _has_null(given)), None)) is not None:
        raise Failure(f"the arguments of {name} hold null, which TOML has not: say -o yaml", USAGE)
    document = tomlkit.document()
    document.add("source", tomlkit.item(source))
    tables = tomlkit.table(is_super_table=True)
    for name, given in schedules.items():
        table = tomlkit.table()
        for field, value in given.items():
            table.add(field, _inline(value))
        tables.add(name, table)
    document.add("schedules", tables)
    return tomlkit.dumps(document)


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
