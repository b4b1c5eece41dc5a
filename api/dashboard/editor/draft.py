"""A form that was sent: what it says, and how it is shown again, with all that was typed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from api.dashboard.editor.arguments import Argument, arguments_of
from api.dashboard.editor.form import ARGS, KINDS, OF_ARGUMENT, Read, kinds_in, read_form, read_spec, texts_of
from api.dashboard.editor.texts import with_line_feeds
from models.processes import get_actor
from models.sql.clock import read_clock
from models.words.faults import Fault
from models.words.text import is_storable
from scheduling.commands.arguments import check_arguments
from scheduling.commands.rules import check_spec


@dataclass(frozen=True)
class Draft:
    """What was read of a form, and what is to stand in its fields; `arguments` are those that have one."""

    read: Read
    texts: Mapping[str, str]
    arguments: list[Argument]
    actor: sa.Row[Any] | None


def draft_of(connection: sa.Connection, sent: Mapping[str, str], before: Mapping[str, Any]) -> Draft:
    """The form that was sent, of one that had shown what was `before`.

    Where another actor is named than that whose arguments it has, they go over into the fields of that one; but while
    something is wrong with them they stay in those in which they were written.
    """
    actor, known = find_actor(connection, sent.get("actor", str(before.get("actor", ""))))
    read = read_form(sent, before, known)
    kinds = kinds_in(sent, known)
    typed = {name: with_line_feeds(text) for name, text in sent.items()}
    if not any(fault.path[0] == ARGS for fault in read.faults) and kinds != {each.name: each.kind for each in known}:
        others = {name: text for name, text in typed.items() if not (name == KINDS or _is_of_arguments(name))}
        return Draft(read, texts_of(dict(before) | {ARGS: read.values[ARGS]}, known) | others, known, actor)
    by_name = {each.name: each for each in known if kinds.get(each.name) == each.kind}
    arguments = [by_name.get(name, Argument(name, kind)) for name, kind in kinds.items()]
    return Draft(read, texts_of(before, arguments) | typed | {KINDS: json.dumps(kinds)}, arguments, actor)


def all_faults(connection: sa.Connection, sent: Mapping[str, str], draft: Draft) -> list[Fault]:
    """All that is wrong with a form that is no definition, as far as that can be told of one part without another."""
    _, faults = draft.read.definition()
    spec, _ = read_spec(sent)
    more = [] if spec is None else check_spec(spec, read_clock(connection))
    if not any(fault.path[:1] == (ARGS,) for fault in faults):
        more += check_arguments(draft.actor.parameters if draft.actor else {}, draft.read.values[ARGS])
    known = {fault.path[:1] for fault in faults}
    return [*faults, *(fault for fault in more if fault.path[:1] not in known)]


def find_actor(connection: sa.Connection, name: str) -> tuple[sa.Row[Any] | None, list[Argument]]:
    """What workers announced of an actor, if any has, and the arguments that have a field then."""
    actor = get_actor(connection, name.strip()) if name.strip() and is_storable(name) else None
    return actor, arguments_of(actor.parameters) if actor else []


def _is_of_arguments(name: str) -> bool:
    return name == ARGS or name.startswith(OF_ARGUMENT)
