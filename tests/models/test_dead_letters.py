"""What is known of dead letters: what workers tell, and what scheduling counts."""

from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from models import queues
from models.dead_letters import LATEST, get_dead_letters, note_counts, note_dead_letters, queues_to_count
from tests.models.rows import announce

WORKER = uuid4()


def letter(number: int = 1) -> dict[str, Any]:
    return {"reason": "not_json", "because": f"number {number}", "bytes": number}


def known(connection: sa.Connection, queue: str = "mail") -> tuple[int, int]:
    row = get_dead_letters(connection, queue)
    assert row is not None
    return row.letters, len(row.latest)


def age(connection: sa.Connection) -> None:
    connection.exec_driver_sql(
        "UPDATE dead_letters SET came_at = came_at - interval '1 hour', counted_at = counted_at - interval '1 hour'"
    )


def test_nothing_is_known_before_anybody_has_told_or_counted(connection: sa.Connection) -> None:
    assert get_dead_letters(connection, "mail") is None
    assert queues.get_queue(connection, "mail").dead_letters is None


def test_what_came_is_added_and_the_latest_are_kept_the_last_first(connection: sa.Connection) -> None:
    note_dead_letters(connection, "mail", WORKER, [letter(number) for number in range(3)])
    note_dead_letters(connection, "mail", WORKER, [letter(number) for number in range(3, 40)])
    row = get_dead_letters(connection, "mail")
    assert row is not None
    assert (row.letters, row.counted_at) == (40, None)
    assert [each["bytes"] for each in row.latest] == list(range(39, 39 - LATEST, -1))
    assert {UUID(each["worker_id"]) for each in row.latest} == {WORKER}


def test_what_the_broker_says_is_so(connection: sa.Connection) -> None:
    announce(connection, "sum_up", queue="reports")
    note_dead_letters(connection, "mail", WORKER, [letter()])
    note_counts(connection, {"mail": 7, "reports": 0})
    assert (known(connection), known(connection, "reports")) == ((7, 1), (0, 0))
    assert queues.get_queue(connection, "mail").dead_letters == 7


def test_reasons_go_with_the_last_letter_but_not_those_of_one_that_has_just_come(connection: sa.Connection) -> None:
    announce(connection, "send", queue="mail")
    note_dead_letters(connection, "mail", WORKER, [letter()])
    note_counts(connection, {"mail": 0})
    assert known(connection) == (0, 1)
    age(connection)
    note_counts(connection, {"mail": 0})
    assert known(connection) == (0, 0)


def test_a_queue_that_nobody_uses_is_listed_while_it_has_some_and_then_forgotten(connection: sa.Connection) -> None:
    note_dead_letters(connection, "old", WORKER, [letter()])
    assert [row.name for row in queues.list_queues(connection, 10)] == ["old"]
    assert queues.count_queues(connection, 10) == 1
    assert queues_to_count(connection) == ["old"]
    age(connection)
    note_counts(connection, {"old": 0})
    assert get_dead_letters(connection, "old") is None
    assert queues.list_queues(connection, 10) == []


def test_a_count_that_is_as_before_is_not_written_each_time(connection: sa.Connection) -> None:
    def version() -> Any:
        return connection.exec_driver_sql("SELECT xmin, cmin, ctid FROM dead_letters").one()

    note_counts(connection, {"mail": 3})
    first = version()
    note_counts(connection, {"mail": 3})
    assert version() == first
    age(connection)
    note_counts(connection, {"mail": 3})
    assert version() != first


@pytest.mark.parametrize("counts", [{}, {"mail": 2**40}])
def test_odd_counts(connection: sa.Connection, counts: dict[str, int]) -> None:
    note_counts(connection, counts)
    assert [known(connection, queue)[0] for queue in counts] == list(counts.values())
