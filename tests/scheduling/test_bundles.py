"""One message for several runs: in floods, of actors that are known to be short, to workers that all take them."""

import json
from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pika
import pytest
import sqlalchemy as sa

from models.announcing import Announcement, announce_actors
from models.lifecycle.bundling import SHORT_SECONDS, find_short_actors
from models.lifecycle.new_runs import NewRun, insert_runs
from models.lifecycle.publishing import LeasedRun
from models.sql.clock import read_clock
from models.words.ids import new_run_id
from models.words.states import Trigger
from scheduling.bundles import MESSAGES, bundle
from scheduling.publish import Publishing
from scheduling.publishers.rabbitmq import RabbitPublisher
from tests.models.rows import WORKER, add_worker
from tests.scheduling.ticking import FakePublisher

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def runs(
    count: int, actor: str = "work", queue: str = "default", attempt: int = 0, priority: int = 5
) -> list[LeasedRun]:
    return [
        LeasedRun(uuid4(), actor, queue, attempt, priority, NOW + timedelta(seconds=number)) for number in range(count)
    ]


def all_short(actors: Collection[str]) -> Collection[str]:
    return actors


def sizes(given: list[LeasedRun], most: int = 8, short: Collection[str] = ("work",)) -> Counter[int]:
    return Counter(len(message) for message in bundle(given, most, lambda actors: set(short) & set(actors)))


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (20, {1: 20}),
        (2 * MESSAGES - 1, {1: 2 * MESSAGES - 1}),
        (2 * MESSAGES, {2: MESSAGES}),
        (3 * MESSAGES + 1, {3: MESSAGES, 1: 1}),
        (1000, {8: 125}),
    ],
)
def test_the_larger_the_flood_the_larger_the_bundles(count: int, expected: dict[int, int]) -> None:
    assert sizes(runs(count)) == expected


def test_runs_that_may_take_long_have_messages_of_their_own() -> None:
    assert sizes(runs(1000), short=()) == {1: 1000}
    assert sizes(runs(1000), most=1) == {1: 1000}


def test_nobody_is_asked_where_there_is_no_flood() -> None:
    def ask(actors: Collection[str]) -> Collection[str]:
        raise AssertionError(actors)

    assert len(bundle([*runs(40), *runs(40, "other"), *runs(40, attempt=1)], 8, ask)) == 120


def test_a_bundle_is_of_one_queue_actor_attempt_and_priority_and_keeps_the_order() -> None:
    kinds = [("a", "one", 0, 5), ("b", "one", 0, 5), ("a", "two", 0, 5), ("a", "one", 1, 5), ("a", "one", 0, 9)]
    given = [run for kind in kinds for run in runs(100, *kind)]
    given.sort(key=lambda run: (-run.priority, run.due_at))
    messages = bundle(given, 8, all_short)
    assert len(messages) < 200
    assert sorted(run.id for message in messages for run in message) == sorted(run.id for run in given)
    for message in messages:
        assert len({(run.queue, run.actor, run.attempt, run.priority) for run in message}) == 1
    firsts = [(-message[0].priority, message[0].due_at) for message in messages]
    assert firsts == sorted(firsts)


def flood(connection: sa.Connection, count: int = 300) -> list[str]:
    now = read_clock(connection)
    new = [
        NewRun(id=new_run_id(now), actor="work", trigger=Trigger.MANUAL, due_at=now, planned_at=now)
        for _ in range(count)
    ]
    insert_runs(connection, new)
    return [str(run.id) for run in new]


def known(connection: sa.Connection, seconds: float | None) -> None:
    add_worker(connection, "default", actors=["work"])
    announce_actors(connection, [Announcement("work", "default", "", {}, {}, seconds)], WORKER)


def bodies(publisher: FakePublisher) -> list[dict[str, Any]]:
    return [json.loads(message.body)["options"] for message in publisher.messages]


def test_a_bundle_names_its_first_run_as_a_plain_message_would(engine: sa.Engine) -> None:
    publisher = FakePublisher()
    with engine.begin() as connection:
        known(connection, 0.001)
        given = flood(connection)
    assert Publishing(engine, publisher, 8).publish_due(1000, 1000) == 300
    options = bodies(publisher)
    assert len(options) == 38
    assert all(each["run_id"] == each["run_ids"][0] for each in options)
    assert sorted(run for each in options for run in each["run_ids"]) == sorted(given)


GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_message_says_the_trace_that_its_first_run_was_given(engine: sa.Engine) -> None:
    publisher = FakePublisher()
    with engine.begin() as connection:
        known(connection, 0.001)
        flood(connection)
        connection.exec_driver_sql("UPDATE runs SET trace = %(given)s", {"given": GIVEN})
    Publishing(engine, publisher, 8).publish_due(1000, 1000)
    assert {each["traceparent"] for each in bodies(publisher)} == {GIVEN}
    assert {len(each["run_ids"]) for each in bodies(publisher)} == {8, 4}


def test_a_message_of_a_run_that_was_given_none_says_nothing_of_it(engine: sa.Engine) -> None:
    publisher = FakePublisher()
    with engine.begin() as connection:
        known(connection, None)
        flood(connection, 2)
    Publishing(engine, publisher, 8).publish_due(1000, 1000)
    assert [sorted(each) for each in bodies(publisher)] == [["attempt", "run_id"]] * 2


OLD_WORKER = """
INSERT INTO workers (id, host, pid, queues, threads, version, started_at, last_seen_at, running)
VALUES (gen_random_uuid(), 'h', 1, '["other"]', 1, '1', now(), now() - make_interval(secs => %(ago)s), 0)
"""
"""As the release before reports it."""


@pytest.mark.parametrize(("ago", "single"), [(1, True), (61, False)])
def test_while_a_worker_of_the_release_before_lives_there_are_no_bundles(
    engine: sa.Engine, ago: float, single: bool
) -> None:
    publisher = FakePublisher()
    with engine.begin() as connection:
        known(connection, 0.001)
        connection.exec_driver_sql(OLD_WORKER, {"ago": ago})
        flood(connection)
    Publishing(engine, publisher, 8).publish_due(1000, 1000)
    assert all("run_ids" not in each for each in bodies(publisher)) is single
    assert (len(publisher.messages) == 300) is single


@pytest.mark.parametrize(("seconds", "is_short"), [(None, False), (SHORT_SECONDS, False), (SHORT_SECONDS / 2, True)])
def test_short_is_what_workers_have_said_to_be_short(
    connection: sa.Connection, seconds: float | None, is_short: bool
) -> None:
    known(connection, seconds)
    assert find_short_actors(connection, ["work", "unknown"]) == ({"work"} if is_short else set())


def test_a_worker_without_news_changes_nothing_of_what_is_known(connection: sa.Connection) -> None:
    known(connection, 0.001)
    known(connection, None)
    assert find_short_actors(connection, ["work"]) == {"work"}
    known(connection, 5)
    assert find_short_actors(connection, ["work"]) == set()


class Deaf(FakePublisher):
    """A broker that confirms nothing."""

    def publish(self, messages: Any) -> set[Any]:
        super().publish(messages)
        return set()


def test_what_is_not_confirmed_is_every_run_of_the_bundle(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        known(connection, 0.001)
        flood(connection)
    assert Publishing(engine, Deaf(), 8).publish_due(1000, 1000) == 0
    publisher = FakePublisher()
    assert Publishing(engine, publisher, 8).publish_due(1000, 1000) == 300
    assert len(set(publisher.published)) == 300


def test_a_confirm_and_a_return_stand_for_all_runs_of_a_bundle(
    engine: sa.Engine, publisher: RabbitPublisher, amqp_url: str
) -> None:
    with engine.begin() as connection:
        known(connection, 0.001)
        flood(connection)
    publishing = Publishing(engine, publisher, 8)
    assert publishing.publish_due(1000, 1000) == 300
    assert publisher.count_messages("default") == 38
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as broker:
        broker.channel().queue_delete("default")
    with engine.begin() as connection:
        flood(connection)
    assert publishing.publish_due(1000, 1000) == 0
    assert publishing.publish_due(1000, 1000) == 300
