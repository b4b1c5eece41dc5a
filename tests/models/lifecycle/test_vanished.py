"""Messages that are gone: which queued runs are published again."""

import pytest
import sqlalchemy as sa

from models.lifecycle.confirming import note_confirmed
from models.lifecycle.publishing import queues_with_stale_runs, take_publishable_runs, take_vanished_runs
from tests.models.rows import add_run, announce, claim, set_run


def test_runs_whose_messages_vanished_are_taken_again(connection: sa.Connection) -> None:
    announce(connection)
    run = add_run(connection)
    note_confirmed(connection, take_publishable_runs(connection, 10, 1000))
    assert queues_with_stale_runs(connection, 10) == []
    set_run(connection, run, "queued_at = now() - interval '11 s'")
    assert queues_with_stale_runs(connection, 10) == ["default"]
    assert [row.id for row in take_vanished_runs(connection, "default", 10, 100, is_empty=True)] == [run]
    assert queues_with_stale_runs(connection, 10) == []
    assert len(claim(connection, run)) == 1


@pytest.mark.parametrize(
    ("columns", "is_taken"),
    [
        ({}, True),
        ({"queued_at": "now() - interval '35 s'"}, False),
        ({"queue": "'other'"}, False),
        ({"trigger": "'message'"}, False),
    ],
)
def test_a_message_that_a_later_one_has_overtaken_is_gone_though_its_queue_is_not_empty(
    connection: sa.Connection, columns: dict[str, str], is_taken: bool
) -> None:
    announce(connection)
    run, later = add_run(connection), add_run(connection)
    note_confirmed(connection, take_publishable_runs(connection, 10, 1000))
    set_run(connection, run, "queued_at = now() - interval '60 s'")
    assert take_vanished_runs(connection, "default", 10, 100, is_empty=False) == []
    claim(connection, later)
    set_run(connection, later, ", ".join(f"{k} = {v}" for k, v in ({"queued_at": "now()"} | columns).items()))
    taken = take_vanished_runs(connection, "default", 10, 100, is_empty=False)
    assert [row.id for row in taken] == ([run] if is_taken else [])
