"""docs/events.md says what is told: every type, field, key and parameter; and its subscriber is the example."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from api.shapes.event_json import EventQuery
from api.web.waits.room import ROOM
from config.settings import Settings
from models.events.cloud import as_cloud_event, routing_key
from models.events.reading import Change
from models.words.states import State
from tests.docs.pages import rows_of
from tests.end_to_end.deployment import ROOT

PAGE = (ROOT / "docs" / "events.md").read_text()
SUBSCRIBER = (ROOT / "docs" / "examples" / "subscriber" / "subscriber.py").read_text()
ACTS = (ROOT / "migrations" / "versions" / "0021_events.py").read_text()
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def change(kind: str, **fields: Any) -> Change:
    empty = dict.fromkeys(Change.__dataclass_fields__)
    return Change(**empty | {"position": 1, "place": 1, "event": 7, "at": NOW, "kind": kind} | fields)


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def first_cells(text: str) -> list[str]:
    return [row[0].strip("`") for row in rows_of(text) if row[0].startswith("`")]


def test_every_type_stands_in_the_table() -> None:
    acts = re.findall(r"\('\w+', '(\w+)'\)", ACTS)
    assert "paused" in acts
    told = {f"run.{state.value}" for state in State} | {f"schedule.{act}" for act in acts}
    told |= {"schedule.recovered", "scheduling.stalled", "scheduling.resumed"}
    assert sorted(first_cells(section("Types"))) == sorted(f"callsheet.{kind}" for kind in told)


def test_every_field_of_a_run_stands_in_the_table_in_its_order() -> None:
    event = as_cloud_event(change("run.running", run=UUID(int=1), attempt=1, schedule="nightly", actor="a"))
    assert first_cells(section("An event")) == list(event["data"])
    example = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert example is not None
    assert set(re.findall(r'^  "(\w+)"', example[1], re.MULTILINE)) == set(event)


def test_the_keys_are_as_it_says() -> None:
    assert routing_key(change("run.failed", run=UUID(int=1), attempt=1, actor="mail.send")) == "run.failed.mail.send"
    assert routing_key(change("schedule.paused", subject="nightly")) == "schedule.paused.nightly"
    assert routing_key(change("scheduling.stalled")) == "scheduling.stalled"
    long = routing_key(change("run.failed", run=UUID(int=1), attempt=1, actor="ä" * 200))
    assert len(long.encode()) <= 255
    assert long.startswith("run.failed.ää")


def test_every_parameter_stands_in_the_table() -> None:
    assert first_cells(section("By cursor")) == [name for name in EventQuery.model_fields if name != "limit"] + [
        "limit"
    ]
    assert "Two requests wait at a time" in PAGE
    assert ROOM._initial_value == 2


def test_the_defaults_are_as_it_says() -> None:
    events = Settings.model_fields["events"].default
    assert set(events.states) == {"running", "succeeded", "failed", "cancelled", "skipped"}
    assert (events.enabled, events.keep_seconds) == (True, 3600)


def test_its_subscriber_is_the_example() -> None:
    shown = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert shown is not None
    assert SUBSCRIBER.endswith(shown[1])
    assert len(shown[1].splitlines()) <= 10
