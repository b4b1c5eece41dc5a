"""Commands hold without the API before them."""

import pytest
import sqlalchemy as sa

from models.declarations import mark_announced
from models.definition import Definition
from scheduling.commands import edit
from scheduling.commands.audit import By
from scheduling.commands.edit import CODE
from scheduling.commands.faults import Conflict, Refused
from scheduling.commands.trigger import Request, trigger

BY = By("ann")
DEFINITION = Definition(actor="work", every_seconds=60)


@pytest.mark.parametrize("name", ["BAD NAME", "", "a" * 129, "nul\0"])
def test_a_name_is_checked_by_whoever_creates(engine: sa.Engine, name: str) -> None:
    with engine.begin() as connection, pytest.raises(Refused, match="name"):
        edit.create(connection, name, DEFINITION, BY)


def test_code_decides_what_it_declares_and_nothing_else(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        edit.create(connection, "people", DEFINITION, BY)
        edit.create(connection, "code", DEFINITION, BY, source=CODE)
        for name, source in (("people", CODE), ("code", edit.PEOPLE)):
            with pytest.raises(Conflict):
                edit.replace(connection, edit.lock(connection, name), DEFINITION, BY, source=source)
        mark_announced(connection, ["code"])
        with pytest.raises(Conflict):
            edit.delete(connection, edit.lock(connection, "code"), BY)


@pytest.mark.parametrize("args", [{"a": "\0"}, {"a": float("nan")}, {"a": "x" * 70_000}])
def test_the_arguments_of_a_trigger_are_checked_by_whoever_triggers(engine: sa.Engine, args: dict[str, object]) -> None:
    with engine.begin() as connection:
        edit.create(connection, "tick", DEFINITION, BY)
        with pytest.raises(Refused, match="args"):
            trigger(connection, edit.lock(connection, "tick"), Request(args))
