"""One definition: table, bodies, answers and declarations have what it has, and no defaults of their own."""

import typing
from collections.abc import Callable
from typing import Any

import pytest
from falcon.testing import TestClient
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from api.shapes.schedule_body import NewSchedule, ScheduleBody
from api.shapes.schedule_json import ScheduleJson
from models.declarations import Declaration
from models.definition import COLUMNS, DEFAULT_POLICIES, Definition, effective_policy
from models.schedules import StoredSchedule
from models.tables import Schedule


def may_be_null(field: FieldInfo) -> bool:
    return type(None) in typing.get_args(field.annotation)


@pytest.mark.parametrize("name", COLUMNS)
def test_the_table_has_the_column_without_a_default_of_its_own(name: str) -> None:
    column = Schedule.__table__.columns[name]  # type: ignore[attr-defined]
    assert column.nullable is may_be_null(Definition.model_fields[name])
    assert Schedule.model_fields[name].default in (None, PydanticUndefined)
    assert column.default is None


@pytest.mark.parametrize("model", [ScheduleBody, NewSchedule, Declaration, StoredSchedule])
def test_what_people_write_and_what_is_stored_derive_from_it(model: type[BaseModel]) -> None:
    assert issubclass(model, Definition)
    for name, field in Definition.model_fields.items():
        if (model, name) != (Declaration, "cron"):
            assert model.model_fields[name].default == field.default
            assert model.model_fields[name].annotation == field.annotation


def test_answers_show_every_field_without_its_bounds() -> None:
    assert set(COLUMNS) <= set(ScheduleJson.model_fields)
    for name in COLUMNS:
        assert "Ge(" not in repr(ScheduleJson.model_fields[name])
        assert "pattern" not in repr(ScheduleJson.model_fields[name])


def test_what_an_older_release_has_stored_is_shown_though_this_one_would_refuse_it(
    client: TestClient, create: Callable[..., Any], execute: Callable[..., Any]
) -> None:
    create("old", every_seconds=5)
    execute("UPDATE schedules SET jitter_seconds = 1e12, max_retries = 5000, description = repeat('x', 20000)")
    shown = client.simulate_get("/v1/schedules/old")
    assert (shown.status_code, shown.json["jitter_seconds"], shown.json["max_retries"]) == (200, 1e12, 5000)


@pytest.mark.parametrize(
    ("given", "options", "policy"),
    [(5, {"max_retries": 3}, 5), (None, {"max_retries": 3}, 3), (None, {"max_retries": None}, 0), (None, None, 0)],
)
def test_a_policy_is_the_schedules_or_the_actors_or_the_default(given: Any, options: Any, policy: float) -> None:
    assert effective_policy("max_retries", given, options) == policy
    assert DEFAULT_POLICIES["max_retries"] == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"description": "a NUL \0"},
        {"description": "half \ud800"},
        {"tags": ["\0"]},
        {"args": {"deep": [{"er": "\0"}]}},
        {"args": {"\ud800": 1}},
        {"args": {"*": 5}},
        {"queue": "late.DQ"},
        {"queue": "late.XQ"},
        {"args": {"*": {"a": 1}}},
        {"args": {"nan": float("nan")}},
        {"args": {"object": object()}},
        {"args": {"much": "x" * 70_000}},
        {"at": "2030-01-01T00:00:00"},
        {"unknown": 1},
    ],
    ids="-".join,
)
def test_what_could_not_be_stored_or_sent_is_refused_whoever_writes_it(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Definition.model_validate({"actor": "x"} | fields)
    with pytest.raises(ValidationError):
        Declaration.model_validate({"name": "x", "actor": "x", "cron": "* * * * *"} | fields)
