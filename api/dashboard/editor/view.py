"""The page of the editor: each field with its label, what stands in it, help, and what is wrong with it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from api.dashboard.editor.ahead import look_ahead
from api.dashboard.editor.arguments import Argument, ArgumentKind
from api.dashboard.editor.fields import FIELDS, EditorField, Kind, groups_of, label_of
from api.dashboard.editor.form import ARGS, KINDS, OF_ARGUMENT
from api.dashboard.editor.meanwhile import Meanwhile
from api.dashboard.frame.page import Page
from models.definition import DEFAULT_POLICIES, effective_policy
from models.processes import list_actors
from models.words.faults import Fault
from models.words.roles import Scope
from scheduling.cron.zones import zone_names

KNOWN_ACTORS = 500
_MODES = {Kind.WHOLE: "numeric", Kind.NUMBER: "decimal", ArgumentKind.NUMBER: "text"}
_BESIDE = "As JSON: what has no field above, and what a field can't say, such as null or an empty text."
_LISTS = {"actor": "known-actors", "timezone": "known-zones"}


@dataclass(frozen=True)
class Entry:
    """One field as it stands in the page."""

    id: str
    name: str
    label: str
    kind: str
    text: str
    help: str = ""
    errors: tuple[str, ...] = ()
    is_required: bool = False
    options: tuple[tuple[str, str], ...] = ()
    mode: str = ""
    suggestions: str = ""
    field: EditorField | None = None

    @property
    def described_by(self) -> str:
        """The ids of what says more about it: first what is wrong."""
        parts = (("error", self.errors), ("help", self.help), ("meanings", self.field and self.field.meanings))
        return " ".join(f"{self.id}-{part}" for part, is_there in parts if is_there)


@dataclass(frozen=True)
class Sheet:
    """What a page of the editor shows. `name` is that of a new schedule as it stands in its field, `of` that of one
    that is there; `trouble` is what keeps it from being saved besides its fields, `only` what the visitor sees.
    With `folds` arguments are shown when somebody asks for them."""

    title: str
    action: str
    texts: Mapping[str, str]
    arguments: Sequence[Argument]
    actor: sa.Row[Any] | None
    name: str | None = None
    version: str = ""
    faults: Sequence[Fault] = ()
    trouble: str | None = None
    hints: Sequence[str] = ()
    links: Sequence[tuple[str, str]] = ()
    meanwhile: Meanwhile | None = None
    may_save: bool = True
    status: int = 200
    only: Scope | None = None
    of: str | None = None
    folds: bool = False

    @property
    def follow_actor(self) -> str:
        """What besides the arguments changes with the actor."""
        return ",".join(f"#{name}-help" for name in DEFAULT_POLICIES)


def page_of_sheet(connection: sa.Connection, sheet: Sheet) -> Page:
    """The page."""
    entries = {entry.name: entry for entry in _entries(sheet)}
    own = [entries[f"{OF_ARGUMENT}{each.name}"] for each in sheet.arguments]
    placed = _placed(sheet.faults, entries)
    wrong = [entry for entry in entries.values() if entry.errors]
    shown = {
        "sheet": sheet,
        "groups": [
            (title, [entries[each.name] for each in fields if each.kind is not Kind.ARGS])
            for title, fields in groups_of(FIELDS)
        ],
        "named": entries.get("name"),
        "own": own,
        "rest": entries[ARGS],
        "is_folded": sheet.folds and not any(each.errors for each in (*own, entries[ARGS])),
        "arg_kinds": sheet.texts.get(KINDS, "{}"),
        "wrong": wrong,
        "loose": [fault.message for fault in placed.get("", [])],
        "first": wrong[0].name if wrong else "name" if sheet.name is not None else None,
        "paused": sheet.texts.get("paused") == "true",
        "ahead": look_ahead(connection, sheet.texts, sheet.only, sheet.of),
        "actors": [row.name for row in list_actors(connection, KNOWN_ACTORS, None)],
        "zones": sorted(zone_names()),
    }
    return Page("editor/editor.html", sheet.title, shown, sheet.status)


def _entries(sheet: Sheet) -> Iterator[Entry]:
    names = {*FIELDS, *(f"{OF_ARGUMENT}{each.name}" for each in sheet.arguments), "name"}
    placed = _placed(sheet.faults, names)

    def errors(name: str) -> tuple[str, ...]:
        return tuple(_message(name, fault) for fault in placed.get(name, []))

    if sheet.name is not None:
        words = "Lower-case letters, digits, dots, dashes and underscores, at most 128. It never changes."
        yield Entry("name", "name", "Name", "text", sheet.name, words, errors("name"), is_required=True)
    for _, fields in groups_of(FIELDS):
        yield from (_of_field(field, sheet, errors(field.name)) for field in fields if field.kind is not Kind.ARGS)
        if ARGS in (field.name for field in fields):
            for number, argument in enumerate(sheet.arguments):
                name = f"{OF_ARGUMENT}{argument.name}"
                yield _of_argument(f"argument-{number}", name, argument, sheet.texts.get(name, ""), errors(name))
            yield Entry(ARGS, ARGS, label_of(ARGS), "json", sheet.texts.get(ARGS, ""), _about_rest(sheet), errors(ARGS))


def _about_rest(sheet: Sheet) -> str:
    words = FIELDS[ARGS].help
    return f"{_BESIDE} {words}" if sheet.arguments else f"As JSON. {words}"


def _of_field(field: EditorField, sheet: Sheet, errors: tuple[str, ...]) -> Entry:
    options = tuple((word, word) for word in field.choices)
    return Entry(
        id=field.name,
        name=field.name,
        label=field.label,
        kind=field.kind,
        text=sheet.texts.get(field.name, ""),
        help=" ".join(filter(None, (field.help, _when_empty(field, sheet.actor)))),
        errors=errors,
        is_required=field.is_required,
        options=options,
        mode=_MODES.get(field.kind, ""),
        suggestions=_LISTS.get(field.name, ""),
        field=field,
    )


def _of_argument(id_: str, name: str, argument: Argument, text: str, errors: tuple[str, ...]) -> Entry:
    kind = "long" if argument.kind is ArgumentKind.TEXT and "\n" in text else argument.kind
    choices = argument.choices if text in ("", *argument.choices) else (*argument.choices, text)
    options = (("", "not given"), *((choice, _say(choice)) for choice in choices))
    label = label_of(argument.name)
    return Entry(id_, name, label, kind, text, argument.help, errors, argument.is_required, options)


def _when_empty(field: EditorField, actor: sa.Row[Any] | None) -> str:
    """What holds where nothing is written, if the description does not say it."""
    if field.name in DEFAULT_POLICIES:
        options = actor.options if actor else {}
        whose = "the actor's" if (options or {}).get(field.name) is not None else "the default"
        return f"Empty: {effective_policy(field.name, None, options):g}, {whose}."
    if field.kind in (Kind.WHOLE, Kind.NUMBER) and field.empty is not None:
        return f"Empty: {field.empty:g}."
    return ""


def _say(choice: str) -> str:
    """A text without its quotes."""
    try:
        value = json.loads(choice)
    except ValueError:
        return choice
    return value if isinstance(value, str) and value else choice


def _placed(faults: Sequence[Fault], names: Any) -> dict[str, list[Fault]]:
    """The faults by the field beside which they stand; those of none under an empty name."""
    placed: dict[str, list[Fault]] = {}
    for fault in faults:
        path = [str(part) for part in fault.path]
        own = f"{OF_ARGUMENT}{path[1]}" if path[:1] == [ARGS] and len(path) > 1 else ""
        name = own if own in names else path[0] if path and path[0] in names else ""
        placed.setdefault(name, []).append(fault)
    return placed


def _message(name: str, fault: Fault) -> str:
    """With where it is inside of the field."""
    inside = fault.path[2 if name.startswith(OF_ARGUMENT) else 1 :]
    where = ".".join(str(part + 1) if isinstance(part, int) else part for part in inside)
    return f"{where}: {fault.message}" if where else fault.message
