"""What code declares no longer: paused after a while, by whom it concerns, and never deleted."""

import pytest
import sqlalchemy as sa

from scheduling.commands import edit
from scheduling.commands.audit import By
from scheduling.commands.faults import Conflict
from scheduling.commands.pause import pause, resume
from scheduling.declare import apply_declared_schedules
from tests.models.rows import announce
from tests.scheduling.declaring import FORGET_SECONDS, add_worker, declare, row


def give_up(connection: sa.Connection, ago: str = "11 min") -> None:
    """Nobody has declared it for so long."""
    announce(connection, "work")
    connection.exec_driver_sql("UPDATE schedules SET announced_at = now() - %(ago)s::interval", {"ago": ago})
    apply_declared_schedules(connection, FORGET_SECONDS)


def test_what_is_no_longer_declared_is_paused_after_a_while_and_never_at_once(connection: sa.Connection) -> None:
    declare(connection)
    add_worker(connection)
    give_up(connection, "9 min")
    assert row(connection).paused_at is None
    connection.exec_driver_sql("UPDATE schedules SET slots_run = 7")
    give_up(connection)
    stopped = row(connection)
    assert (stopped.paused_by, stopped.pause_reason) == ("callsheet", "no worker declares it any more")
    assert (stopped.next_due_at, stopped.slots_run) == (None, 7)


@pytest.mark.parametrize("priority", [5, 9])
def test_what_is_declared_again_goes_on_and_does_not_fire_by_that(connection: sa.Connection, priority: int) -> None:
    declare(connection)
    add_worker(connection)
    give_up(connection)
    connection.exec_driver_sql(
        "UPDATE schedules SET cursor_at = now() - interval '2 days', paused_at = now() - interval '2 days'"
    )
    declare(connection, priority=priority)
    stored = row(connection)
    assert (stored.paused_at, stored.pause_reason, stored.priority) == (None, None, priority)
    assert stored.next_due_at > stored.cursor_at
    reasons = connection.exec_driver_sql("SELECT state, reason, slots FROM runs").all()
    assert reasons == [("skipped", "paused", 2)]


@pytest.mark.parametrize(("queue", "started"), [("other", "9 days"), ("default", "9 min")])
def test_workers_of_other_queues_and_those_that_have_just_started_do_not_judge(
    connection: sa.Connection, queue: str, started: str
) -> None:
    declare(connection)
    add_worker(connection, queue, started)
    give_up(connection, "9 days")
    assert row(connection).paused_at is None


def test_nothing_is_paused_while_no_worker_is_there(connection: sa.Connection) -> None:
    declare(connection)
    connection.exec_driver_sql("UPDATE schedules SET announced_at = now() - interval '9 days'")
    connection.exec_driver_sql("UPDATE actors SET announced_at = now() - interval '9 days'")
    connection.exec_driver_sql("UPDATE workers SET last_seen_at = now() - interval '9 days'")
    apply_declared_schedules(connection, FORGET_SECONDS)
    assert row(connection).paused_at is None


def test_a_pause_of_people_outlives_that_nobody_declares_it(connection: sa.Connection) -> None:
    declare(connection)
    add_worker(connection)
    pause(connection, edit.lock(connection, "nightly"), until=None, reason="holidays", by=By("ann"))
    give_up(connection)
    declare(connection)
    assert (row(connection).paused_by, row(connection).pause_reason) == ("ann", "holidays")


def test_what_is_stopped_is_peoples_to_resume_or_delete(connection: sa.Connection) -> None:
    declare(connection)
    add_worker(connection)
    with pytest.raises(Conflict):
        edit.delete(connection, edit.lock(connection, "nightly"), By("ann"))
    give_up(connection)
    resume(connection, edit.lock(connection, "nightly"), By("ann"))
    apply_declared_schedules(connection, FORGET_SECONDS)
    assert row(connection).paused_at is None
    edit.delete(connection, edit.lock(connection, "nightly"), By("ann"))
    assert row(connection) is None
