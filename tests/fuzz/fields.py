"""Every field of every body, with an odd value in it."""

import json
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, NamedTuple

from tests.fuzz.odd import JSON_TEXTS, around

NAMES = "odd-"
"""How the schedules begin that are made here."""

STANDING = f"{NAMES}standing"
"""There before."""

OPEN = {"SchedulePatch": "ScheduleBody", "patch": "ScheduleBody"}
"""Objects that the document leaves open, and whose fields they take."""

_SCHEDULE = {"actor": "log_message", "cron": "*/5 * * * *"}
BODIES: Mapping[str, Any] = {
    "/v1/schedules": {"name": STANDING, **_SCHEDULE},
    "/v1/schedules/{name}": _SCHEDULE,
    "/v1/apply": {"source": "odd", "schedules": {NAMES: _SCHEDULE}},
    "/v1/schedules/bulk": {"filter": {"names": [STANDING]}, "action": "patch", "patch": {}},
}
"""Where the example of a body would not show what becomes of its fields."""

_DEEPEST = 4
_SPECS = ("cron", "every_seconds", "at")
_HOLE = "what stands here is put in its place"

Path = tuple[str | int, ...]


class Sent(NamedTuple):
    """A request: the field in it that is odd, as a path of keys."""

    method: str
    path: str
    field: Path
    body: str


def bodies(document: Mapping[str, Any], every: int = 1) -> Iterator[Sent]:
    """Each field with each value; of all that one in `every`, spread over fields and values."""
    numbers = count()
    step = count()
    for path, item in document["paths"].items():
        for verb, operation in item.items():
            if "requestBody" not in operation:
                continue
            content = next(iter(operation["requestBody"]["content"].values()))
            example = BODIES.get(path, content.get("example", {}))
            for field, schema in _fields(document, content["schema"], ()):
                for text in dict.fromkeys((*JSON_TEXTS, *around(schema))):
                    if next(step) % every == 0:
                        yield _filled(verb.upper(), path, field, text, example, next(numbers))


def _fields(
    document: Mapping[str, Any], schema: Mapping[str, Any], path: Path
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The value itself, and all that may be in it."""
    merged = _merged(document, schema, str(path[-1]) if path else "")
    yield path, merged
    if len(path) == _DEEPEST:
        return
    for name, each in merged.get("properties", {}).items():
        yield from _fields(document, each, (*path, name))
    for each in merged.get("patternProperties", {}).values():
        yield from _fields(document, each, (*path, NAMES))
    if isinstance(each := merged.get("additionalProperties"), dict):
        yield from _fields(document, each, (*path, NAMES))
    elif each is True:
        yield (*path, NAMES), {}
    if isinstance(each := merged.get("items"), dict):
        yield from _fields(document, each, (*path, 0))


def _merged(document: Mapping[str, Any], schema: Mapping[str, Any], name: str) -> dict[str, Any]:
    """All that a schema says, that it refers to, and that one of its alternatives says."""
    said = dict(schema)
    schemas = document["components"]["schemas"]
    if "$ref" in said:
        name = said.pop("$ref").rpartition("/")[2]
        said |= _merged(document, schemas[name], "")
    for each in said.pop("anyOf", ()):
        said |= _merged(document, each, name)
    if name in OPEN and "properties" not in said:
        said["properties"] = schemas[OPEN[name]]["properties"]
    return said


def _filled(method: str, path: str, field: Path, text: str, example: Any, number: int) -> Sent:
    body = _with_hole(example, field, number)
    name = STANDING if method == "PATCH" or path != "/v1/schedules/{name}" else f"{NAMES}{number}"
    target = path.replace("{name}", name)
    written = json.dumps(body).replace(f'"{NAMES}":', f'"{NAMES}{number}":')
    return Sent(method, target, field, written.replace(json.dumps(_HOLE), text))


def _with_hole(body: Any, field: Path, number: int) -> Any:
    """The body with a hole at the field, and what leads there."""
    if not field:
        return _HOLE
    key, *rest = field
    if key == 0:
        return [_with_hole(None, tuple(rest), number)]
    inside = body if isinstance(body, dict) else {}
    own = {"name": f"{NAMES}{number}"} if "name" in inside else {}
    kept = {name: value for name, value in (inside | own).items() if not (key in _SPECS and name in _SPECS)}
    return kept | {key: _with_hole(inside.get(key), tuple(rest), number)}
