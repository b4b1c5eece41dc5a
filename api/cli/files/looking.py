"""Looking through files without a server: what is wrong with them, and what they ask for together."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from api.cli.failures import USAGE, Failure
from api.cli.files.reading import Document, Place
from api.shapes.file_body import ApplyBody
from models.words.faults import faults_of
from scheduling.commands.channels import edit
from scheduling.commands.rules import check_definition

_TABLES = ("schedules", "calendars", "limits", "channels")
_KNOWN = ("source", *_TABLES)


def faults_in(documents: Sequence[Document]) -> list[str]:
    """All that is wrong, a line each, with file and line. What only the server knows is not looked at."""
    return [*_twice(documents), *(fault for document in documents for fault in _faults(document))]


def by_source(documents: Sequence[Document]) -> list[dict[str, Any]]:
    """What is to be applied: files of one source together. Raises Failure where a name stands twice, or no source."""
    if twice := list(_twice(documents)):
        raise Failure("\n".join(twice), USAGE)
    bodies: dict[str, dict[str, Any]] = {}
    for document in documents:
        if unknown := [key for key in document.content if key not in _KNOWN]:
            raise Failure(_unknown(document, unknown[0]), USAGE)
        source = document.content.get("source")
        if not isinstance(source, str):
            raise Failure(f"{document.where(('source',))}: source: required, the name of the file's owner", USAGE)
        body = bodies.setdefault(source, {"source": source, "schedules": {}})
        for table in _TABLES:
            given = document.content.get(table) or {}
            if not isinstance(given, dict):
                raise Failure(f"{document.where((table,))}: {table} is a table of names", USAGE)
            if given or table == "schedules":
                body[table] = {**body.get(table, {}), **given}
    return list(bodies.values())


def _twice(documents: Sequence[Document]) -> Iterator[str]:
    seen: dict[Place, Document] = {}
    for document in documents:
        for table in _TABLES:
            given = document.content.get(table)
            for name in given if isinstance(given, dict) else ():
                place = (table, name)
                if first := seen.get(place):
                    yield f"{document.where(place)}: {table}.{name} is also in {first.where(place)}"
                seen.setdefault(place, document)


def _faults(document: Document) -> Iterator[str]:
    try:
        body = ApplyBody.model_validate({name: document.content[name] for name in _KNOWN if name in document.content})
    except ValidationError as error:
        found = [(fault.path, fault.message) for fault in faults_of(error)]
    else:
        now = datetime.now(UTC)
        found = [
            (("schedules", name, *fault.path), fault.message)
            for name, schedule in body.schedules.items()
            for fault in check_definition(schedule, None, now, {})
        ]
        found += [
            (("channels", name, *fault.path), fault.message)
            for name, channel in (body.channels or {}).items()
            for fault in edit.check_definition(name, channel)
        ]
    yield from (_unknown(document, key) for key in document.content if key not in _KNOWN)
    yield from (f"{document.where(place)}: {'.'.join(map(str, place))}: {message}" for place, message in found)


def _unknown(document: Document, key: str) -> str:
    return f"{document.where((key,))}: {key}: unknown, a file has {', '.join(_KNOWN)}"
