"""Events by a cursor: in their order, from anywhere, without those that a caller may not see."""

import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from falcon.testing import TestClient

from api.web.waits.room import ROOM
from models.events.relaying import be_relay, forget_events, number_events
from models.events.telling import choose_states
from models.words.states import State
from tests.api.access.conftest import GiveToken, give_token
from tests.models.failures.failing import end, start
from tests.waiting import eventually

__all__ = ["give_token"]

RELAY = uuid4()


def relay(engine: sa.Engine) -> None:
    """Give all that is new its positions, as scheduling does."""
    with engine.begin() as connection:
        assert be_relay(connection, RELAY) is not None
        number_events(connection, RELAY, 1000)


@pytest.fixture
def schedules(engine: sa.Engine, create: Callable[..., Any]) -> dict[str, UUID]:
    """Two of them, whose runs are told of in all states."""
    with engine.begin() as connection:
        choose_states(connection, [state.value for state in State])
    made = {"mine-a": UUID(create("mine-a")["id"]), "theirs": UUID(create("theirs", tags=["crm"])["id"])}
    relay(engine)
    return made


@pytest.fixture
def change(engine: sa.Engine, schedules: dict[str, UUID]) -> Callable[..., list[str]]:
    """Runs of a schedule that begin, and end together: two groups of changes besides the first of each."""

    def move(name: str = "mine-a", count: int = 1, state: State = State.SUCCEEDED) -> list[str]:
        columns = {"schedule_id": schedules[name], "schedule_name": name} if name else {}
        with engine.begin() as connection:
            runs = [start(connection, **columns) for _ in range(count)]
        with engine.begin() as connection:
            end(connection, runs, None if state is State.SUCCEEDED else "broken", state=state)
        relay(engine)
        return [str(run) for run in runs]

    return move


def read(client: TestClient, **query: Any) -> dict[str, Any]:
    answer = client.simulate_get("/v1/events", params=query)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json
    return page


def read_all(client: TestClient, after: str | None = None, **query: Any) -> list[dict[str, Any]]:
    """To the end, however many pages that takes."""
    found: list[dict[str, Any]] = []
    while True:
        page = read(client, **query, **({"after": after} if after else {}))
        found += page["items"]
        if page["next"] == after:
            return found
        after = page["next"]


def ids(events: list[dict[str, Any]]) -> list[str]:
    return [event["id"] for event in events]


def test_all_that_happened_is_there_in_its_order(client: TestClient, change: Callable[..., list[str]]) -> None:
    [run] = change()
    events = read_all(client)
    assert [event["type"] for event in events] == [
        "callsheet.schedule.created",
        "callsheet.schedule.created",
        "callsheet.run.planned",
        "callsheet.run.running",
        "callsheet.run.succeeded",
    ]
    assert ids(events)[2:] == [f"{run}.0.planned", f"{run}.1.running", f"{run}.1.succeeded"]
    last = events[-1]
    assert (last["source"], last["subject"], last["specversion"]) == ("/callsheet", "mine-a", "1.0")
    shown = client.simulate_get(f"/v1/runs/{run}").json
    named = ("due_at", "started_at", "finished_at", "lateness_seconds", "duration_seconds", "attempt", "trigger")
    assert {name: last["data"][name] for name in named} == {name: shown[name] for name in named}


def test_a_cursor_may_stand_within_a_group(client: TestClient, change: Callable[..., list[str]]) -> None:
    runs = change(count=5)
    whole = read_all(client)
    assert set(ids(whole)[-5:]) == {f"{run}.1.succeeded" for run in runs}, "they have ended together"
    for limit in (1, 2, 3, 500):
        assert read_all(client, limit=limit) == whole
    everywhere, after = [], None
    for _ in whole:
        page = read(client, limit=1, **({"after": after} if after else {}))
        after = page["next"]
        everywhere.append(after)
    assert len(set(everywhere)) == len(whole)
    for number, cursor in enumerate(everywhere, 1):
        assert read_all(client, after=cursor) == whole[number:]


def test_the_latest_is_behind_all_that_there_is(client: TestClient, change: Callable[..., list[str]]) -> None:
    change(count=3)
    page = read(client, after="latest")
    assert page["items"] == []
    assert read(client, after=page["next"]) == page, "it is a cursor like others"
    [run] = change()
    assert ids(read(client, after=page["next"])["items"]) == [
        f"{run}.0.planned",
        f"{run}.1.running",
        f"{run}.1.succeeded",
    ]


def test_a_list_without_events_has_a_cursor_too(client: TestClient) -> None:
    for query in ({}, {"after": "latest"}):
        page = read(client, **query)
        assert page["items"] == []
        assert read(client, after=page["next"]) == page


@pytest.mark.usefixtures("schedules")
def test_what_has_no_position_yet_is_not_shown(
    client: TestClient, engine: sa.Engine, create: Callable[..., Any]
) -> None:
    before = read_all(client)
    create("later")
    assert read_all(client) == before
    relay(engine)
    assert [event["subject"] for event in read_all(client)[len(before) :]] == ["later"]


def test_some_types_or_one_schedule_are_asked_for(client: TestClient, change: Callable[..., list[str]]) -> None:
    [mine], [theirs] = change("mine-a"), change("theirs", state=State.FAILED)
    assert ids(read_all(client, types="callsheet.run.failed")) == [f"{theirs}.1.failed"]
    two = read_all(client, types="callsheet.run.failed,callsheet.schedule.created")
    assert [event["subject"] for event in two] == ["mine-a", "theirs", "theirs"]
    first, *others = read_all(client, schedule="mine-a")
    assert first["type"] == "callsheet.schedule.created"
    assert ids(others) == [f"{mine}.{what}" for what in ("0.planned", "1.running", "1.succeeded")]
    assert read_all(client, schedule="mine-a", types="callsheet.run.failed") == []
    assert read_all(client, types="callsheet.run.nothing") == []
    failed = read(client, types="callsheet.run.failed")["items"][0]["data"]
    assert (failed["error_type"], failed["schedule"]) == ("ValueError", "theirs")
    assert "broken" not in str(failed), "an error's message may hold anything"


def test_whoever_sees_a_part_reads_of_that_part(
    client: TestClient, give_token: GiveToken, change: Callable[..., list[str]]
) -> None:
    [mine], [theirs], [nobodys] = change("mine-a"), change("theirs"), change("")
    by_prefix, by_tag = (
        give_token("viewer", "a", only={"prefix": "mine-"}),
        give_token("viewer", "b", only={"tags": ["crm"]}),
    )
    everything = str(read_all(client))
    for run in (mine, theirs, nobodys):
        assert run in everything
    assert {event["subject"] for event in read_all(by_prefix)} == {"mine-a"}
    assert {event["subject"] for event in read_all(by_tag)} == {"theirs"}
    assert theirs not in str(read_all(by_prefix))
    assert read_all(by_prefix, schedule="theirs") == []
    assert read(by_prefix, after="latest")["next"] == read(client, after="latest")["next"]


@pytest.mark.parametrize(
    "cursor", ["", "nothing", "1", "-1-2", "1-2-3", "1-", "-1", "9" * 19 + "-1", "1-" + "9" * 10, "\uff11-\uff11"]
)
def test_what_is_no_cursor_is_refused(shared_client: TestClient, cursor: str) -> None:
    answer = shared_client.simulate_get("/v1/events", params={"after": cursor})
    assert answer.status_code == 422, answer.text
    assert answer.json["errors"][0]["pointer"].endswith("after")


@pytest.mark.parametrize(
    "query", ["wait_seconds=21", "wait_seconds=-1", "limit=0", "limit=501", "wait_seconds=nan", "no=1"]
)
def test_bounds_are_kept(shared_client: TestClient, query: str) -> None:
    assert shared_client.simulate_get("/v1/events", query_string=query).status_code == 422


def test_a_cursor_of_what_is_to_come_or_is_gone_still_reads(
    client: TestClient, engine: sa.Engine, change: Callable[..., list[str]]
) -> None:
    change()
    after = read(client, limit=1)["next"]
    assert read(client, after="999999999999999999-1") == {"items": [], "next": "999999999999999999-1"}
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE events SET at = at - interval '2 hours'")
        assert forget_events(connection, 3600, 1000).groups
    [run] = change()
    assert f"{run}.1.succeeded" in ids(read_all(client, after=after))


def test_whoever_has_read_all_may_wait_for_more(client: TestClient, change: Callable[..., list[str]]) -> None:
    after = read(client, after="latest")["next"]
    pages: list[dict[str, Any]] = []
    waiting = threading.Thread(target=lambda: pages.append(read(client, after=after, wait_seconds=20)))
    began = time.monotonic()
    waiting.start()
    [run] = change()
    waiting.join()
    assert time.monotonic() - began < 15
    assert pages[0]["items"][0]["id"] == f"{run}.0.planned"


def test_a_wait_ends_when_it_is_over(client: TestClient, schedules: dict[str, UUID]) -> None:
    assert schedules
    page = read(client, after="latest", wait_seconds=0.7)
    assert page["items"] == []


def test_a_wait_passes_over_what_is_not_asked_for(client: TestClient, change: Callable[..., list[str]]) -> None:
    change("theirs", count=40)
    [run] = change("mine-a")
    page = read(client, schedule="mine-a", types="callsheet.run.succeeded", wait_seconds=20)
    assert ids(page["items"]) == [f"{run}.1.succeeded"]


def test_when_many_wait_the_next_is_answered_at_once(client: TestClient, schedules: dict[str, UUID]) -> None:
    assert schedules
    taken = 0
    while ROOM.acquire(blocking=False):
        taken += 1
    try:
        began = time.monotonic()
        assert read(client, after="latest", wait_seconds=20)["items"] == []
        assert time.monotonic() - began < 10
    finally:
        for _ in range(taken):
            ROOM.release()
    assert taken == 2
    eventually(lambda: read(client, after="latest")["items"] == [])
