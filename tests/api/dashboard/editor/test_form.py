"""The form: what stands in its fields says all that a definition does, and comes back as it went out."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.dashboard.editor.arguments import Argument
from api.dashboard.editor.fields import FIELDS, EditorField, Kind, fields_of, groups_of
from api.dashboard.editor.form import defaults, read_form, read_spec, texts_of
from api.dashboard.editor.texts import text_of, value_of
from api.dashboard.frame.meanings import MEANINGS
from models.definition import COLUMNS, Definition
from scheduling.commands.audit import differences
from tests.api.dashboard.editor.definitions import ARGUMENTS, DEFINITIONS, as_browsers_send


@settings(max_examples=60)
@given(DEFINITIONS, st.sampled_from([ARGUMENTS, []]))
def test_what_nobody_changes_comes_back_as_it_was(definition: Definition, arguments: list[Argument]) -> None:
    before = definition.columns()
    sent = as_browsers_send(texts_of(before, arguments), arguments)
    back, faults = read_form(sent, before, arguments).definition()
    assert faults == []
    assert back is not None
    assert differences(before, back.columns()) == []
    assert json.dumps(back.args, sort_keys=True) == json.dumps(definition.args, sort_keys=True)


@settings(max_examples=60)
@given(DEFINITIONS, st.integers(0, 9))
def test_a_change_of_one_field_changes_no_other(definition: Definition, priority: int) -> None:
    before = definition.columns()
    sent = as_browsers_send(texts_of(before, ARGUMENTS), ARGUMENTS) | {"priority": str(priority)}
    back, _ = read_form(sent, before, ARGUMENTS).definition()
    assert back is not None
    assert differences(before | {"priority": priority}, back.columns()) == []


def test_every_field_of_a_definition_has_its_place() -> None:
    placed = [field.name for _, fields in groups_of(FIELDS) for field in fields]
    assert sorted(placed) == sorted(COLUMNS)


def test_a_field_that_is_new_is_not_forgotten() -> None:
    class Later(Definition):
        grace_seconds: float | None = None

    groups = groups_of(fields_of(Later))
    assert [(title, [each.name for each in fields]) for title, fields in groups][-1] == ("More", ["grace_seconds"])


@pytest.mark.parametrize(
    ("name", "kind", "label"),
    [
        ("every_seconds", Kind.NUMBER, "Every seconds"),
        ("catchup_window_seconds", Kind.NUMBER, "Catchup window seconds"),
        ("max_runs", Kind.WHOLE, "Max runs"),
        ("cron", Kind.LINES, "Cron"),
        ("tags", Kind.WORDS, "Tags"),
        ("at", Kind.INSTANT, "At"),
        ("overlap", Kind.CHOICE, "Overlap"),
        ("description", Kind.LONG, "Description"),
        ("timezone", Kind.TEXT, "Timezone"),
        ("args", Kind.ARGS, "Args"),
    ],
)
def test_fields_are_what_the_definition_says(name: str, kind: Kind, label: str) -> None:
    assert (FIELDS[name].kind, FIELDS[name].label) == (kind, label)


def test_fields_say_their_bounds_and_what_they_are_for() -> None:
    assert "0 to 9" in FIELDS["priority"].help
    assert "Above 0, up to 2,592,000" in FIELDS["time_limit_seconds"].help
    assert [name for name, field in FIELDS.items() if not (field.help or field.meanings)] == []


def test_each_choice_of_a_policy_has_its_meaning() -> None:
    choices = {name: field for name, field in FIELDS.items() if field.kind is Kind.CHOICE}
    assert {name: set(field.choices) for name, field in choices.items()} == {
        name: set(meanings) for name, meanings in MEANINGS.items()
    }


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("every_seconds", " 900 ", 900),
        ("every_seconds", "0.5", 0.5),
        ("every_seconds", "", None),
        ("priority", "", 5),
        ("priority", "7", 7),
        ("timezone", " ", "UTC"),
        ("cron", "0 3 * * *", ["0 3 * * *"]),
        ("cron", "0 3 * * *\r\n\r\n 0 4 * * * ", ["0 3 * * *", "0 4 * * *"]),
        ("cron", "", None),
        ("tags", "crm, nightly,\r\nbig", ["crm", "nightly", "big"]),
        ("tags", '["a, b"]', ["a, b"]),
        ("tags", "", []),
        ("description", "one\r\ntwo ", "one\ntwo "),
    ],
)
def test_fields_are_read(name: str, text: str, value: Any) -> None:
    assert value_of(FIELDS[name], text, defaults().get(name)) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("every_seconds", "15m"),
        ("every_seconds", "1e999"),
        ("max_runs", "1.5"),
        ("max_runs", "9" * 999),
        ("tags", "[1"),
    ],
)
def test_what_is_none_is_said(name: str, text: str) -> None:
    [fault] = read_form({name: text}, defaults() | {"actor": "x"}, []).faults
    assert fault.path == (name,)


def test_all_that_is_wrong_is_said_at_once() -> None:
    sent = {"actor": "", "priority": "99", "max_runs": "many", "at": "tomorrow", "overlap": "maybe", "args": "[]"}
    definition, faults = read_form(sent, defaults(), []).definition()
    assert definition is None
    assert {fault.path[0] for fault in faults} == {"actor", "priority", "max_runs", "at", "overlap", "args"}
    assert len(faults) == 6


def test_numbers_stand_as_people_write_them() -> None:
    field = FIELDS["every_seconds"]
    assert [text_of(field, value) for value in (900.0, 0.25, 1e10)] == ["900", "0.25", "10000000000"]


def test_when_is_read_whatever_else_is_wrong() -> None:
    spec, faults = read_spec({"cron": "0 3 * * *", "timezone": "Europe/Berlin", "priority": "high", "actor": ""})
    assert (spec and spec.cron, spec and spec.timezone, faults) == (("0 3 * * *",), "Europe/Berlin", [])
    assert [fault.path for fault in read_spec({"every_seconds": "0"})[1]] == [("every_seconds",)]


def test_a_field_says_what_is_typed_there_alone() -> None:
    field = EditorField("x", "X", Kind.TEXT, "", None)
    assert (value_of(field, "  ", "before"), value_of(field, " a ", "before")) == (None, "a")
