"""Reading files of schedules, TOML or YAML 1.2, with the lines on which things stand."""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import tomlkit
from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode
from tomlkit.exceptions import ParseError, TOMLKitError

from api.cli.failures import USAGE, Failure
from api.cli.yamls import NotYaml, read_yaml
from models.words.instants import write_instant

Place = tuple[str | int, ...]

_HEADER = re.compile(r"\s*\[([^\[\]]+)\]\s*(?:#.*)?")
_KEY = re.compile(r"\s*((?:[\w-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[\w-]+|\"[^\"]*\"|'[^']*'))*)\s*=")
_PART = re.compile(r"[\w-]+|\"[^\"]*\"|'[^']*'")


@dataclass(frozen=True)
class Document:
    """What a file says, and on which line each of its keys stands."""

    path: str
    content: Mapping[str, Any]
    lines: Mapping[Place, int]

    def where(self, place: Place) -> str:
        """The file, and the line of what leads nearest to a place."""
        for length in range(len(place), 0, -1):
            if line := self.lines.get(place[:length]):
                return f"{self.path}:{line}"
        return self.path


def read_document(path: str) -> Document:
    """The file at a path; `-` is stdin, in YAML or JSON. Raises Failure."""
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text("utf-8")
    except OSError as error:
        raise Failure(f"{path}: {error.strerror or error}", USAGE) from None
    except UnicodeDecodeError:
        raise Failure(f"{path} is not UTF-8", USAGE) from None
    content, lines = _read_toml(path, text) if path.endswith(".toml") else _read_yaml(path, text)
    if not isinstance(content, dict):
        raise Failure(f"{path}: a file has `source` and tables such as schedules.NAME", USAGE)
    return Document(path, content, lines)


def _read_toml(path: str, text: str) -> tuple[Any, dict[Place, int]]:
    try:
        return _plain(tomlkit.parse(text).unwrap()), dict(_toml_lines(text))
    except ParseError as error:
        said = str(error).partition(" at line")[0]
        line = _twice(text) if "already exists" in said else None
        raise Failure(f"{path}:{line or error.line}: {said}", USAGE) from None
    except (TOMLKitError, ValueError, RecursionError) as error:
        line = _twice(text)
        raise Failure(f"{path}{f':{line}' if line else ''}: {error}", USAGE) from None


def _toml_lines(text: str) -> Iterator[tuple[Place, int]]:
    table: Place = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.fullmatch(line):
            table = _parts(header[1])
            yield table, number
        elif key := _KEY.match(line):
            yield (*table, *_parts(key[1])), number


def _parts(key: str) -> Place:
    return tuple(part.strip("\"'") for part in _PART.findall(key))


def _twice(text: str) -> int | None:
    """The line of the first key or table that was there already."""
    seen: set[Place] = set()
    for place, line in _toml_lines(text):
        if place in seen:
            return line
        seen.add(place)
    return None


def _read_yaml(path: str, text: str) -> tuple[Any, dict[Place, int]]:
    try:
        content = read_yaml(text)
    except NotYaml as error:
        line = re.match(r"line (\d+): ", str(error))
        rest = str(error)[line.end() :] if line else str(error)
        raise Failure(f"{path}{f':{line[1]}' if line else ''}: {rest}", USAGE) from None
    node = YAML(typ="safe", pure=True).compose(text)
    return _plain(content), dict(_yaml_lines(node, ()))


def _yaml_lines(node: Node | None, place: Place) -> Iterator[tuple[Place, int]]:
    """Down to the fields of schedules: more is nobody's."""
    if isinstance(node, MappingNode) and len(place) < 3:
        for key, value in node.value:
            if isinstance(key, ScalarNode):
                below = (*place, str(key.value))
                yield below, key.start_mark.line + 1
                yield from _yaml_lines(value, below)


def _plain(value: Any) -> Any:
    """As JSON has it."""
    if isinstance(value, dict):
        return {key if isinstance(key, str) else json.dumps(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, datetime) and value.tzinfo is not None:
        return write_instant(value)
    return value.isoformat() if isinstance(value, date | time) else value
