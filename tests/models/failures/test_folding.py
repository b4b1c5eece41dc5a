"""Each run that has failed for good is counted once, whoever ends it and whoever dies."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from config.database import make_engine
from config.sections import Database
from models.failures import folding
from models.failures.listing import list_failures
from models.lifecycle.adopting import ARGUMENTS_NOT_STORED, adopt_as_failed
from models.lifecycle.new_runs import NewRun
from models.sql.clock import read_clock
from models.sql.locks import PATIENCE_MILLISECONDS
from models.statistics.adding import Statistics
from models.words.fingerprints import OTHERS
from models.words.ids import new_run_id
from models.words.states import State, Trigger
from scheduling.rescue import rescue_runs
from tests.models.failures.failing import end, fail, fold, start, succeed
from tests.models.rows import add_schedule, set_run


def test_what_fails_alike_is_one_failure(connection: sa.Connection) -> None:
    first, second = fail(connection, "order 1 failed"), fail(connection, "order 2 failed")
    other = fail(connection, "order 3 failed", kind="KeyError")
    counted = {each.error_type: each for each in fold(connection)}
    assert {kind: each.count for kind, each in counted.items()} == {"ValueError": 2, "KeyError": 1}
    found = counted["ValueError"]
    assert (found.actor, found.message, found.schedules) == ("work", "order # failed", [])
    assert found.example_run_id == second
    assert counted["KeyError"].example_run_id == other
    by_run = dict(connection.exec_driver_sql("SELECT run_id, fingerprint FROM failed_runs").all())
    assert by_run[first] == by_run[second] == found.fingerprint


def test_later_failures_are_added(connection: sa.Connection) -> None:
    fail(connection)
    (before,) = fold(connection)
    run = fail(connection)
    (after,) = fold(connection)
    assert (after.count, after.example_run_id, after.first_at) == (2, run, before.first_at)
    assert fold(connection) == [after]


def test_attempts_that_are_tried_again_and_cancelled_runs_do_not_count(connection: sa.Connection) -> None:
    end(connection, [start(connection, max_retries=3)], "no", state=State.RETRYING)
    end(connection, [start(connection)], "cancelled", state=State.CANCELLED)
    succeed(connection)
    assert fold(connection) == []


def test_whatever_ends_a_run_as_failed_notes_it(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        set_run(connection, start(connection), "lease_until = now() - interval '1 s'")
        now = read_clock(connection)
        message = NewRun(new_run_id(now), Trigger.MESSAGE, now, now, actor="work")
        adopt_as_failed(connection, message, "no row can hold it")
        adopt_as_failed(connection, message, "no row can hold it")
    rescue_runs(engine, 10, Statistics(uuid4()))
    with engine.begin() as connection:
        counted = {each.error_type: each.count for each in fold(connection)}
    assert counted == {"WorkerLost": 1, ARGUMENTS_NOT_STORED: 1}


def test_a_schedule_has_its_own_share(connection: sa.Connection) -> None:
    one, two = add_schedule(connection, "one"), add_schedule(connection, "two")
    for schedule in (one, two, two, None):
        fail(connection, **({"schedule_id": schedule, "schedule_name": "x"} if schedule else {}))
    fold(connection)
    counts = {schedule: list_failures(connection, 10, schedule_id=schedule)[0].count for schedule in (one, two)}
    assert counts == {one: 1, two: 2}
    assert list_failures(connection, 10)[0].count == 4


def test_what_is_noted_and_gone_is_no_failure(connection: sa.Connection) -> None:
    run = fail(connection)
    connection.exec_driver_sql("DELETE FROM runs WHERE id = %(id)s", {"id": run})
    assert fold(connection) == []
    assert connection.exec_driver_sql("SELECT count(*) FROM failed_runs").scalar_one() == 0


def test_what_was_undone_is_counted_once(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        for _ in range(3):
            fail(connection)
    with engine.connect() as dies:
        assert [each.count for each in fold(dies)] == [3]
    with engine.begin() as connection:
        assert [each.count for each in fold(connection)] == [3]


def test_one_process_counts_at_a_time(engine: sa.Engine) -> None:
    with engine.begin() as one, engine.begin() as other:
        assert folding.be_alone(one)
        assert not folding.be_alone(other)
    with engine.begin() as other:
        assert folding.be_alone(other)


@pytest.fixture
def impatient(database_url: str) -> Callable[[], sa.Engine]:
    """Engines as workers have them, which wait for a lock but a moment."""
    return lambda: make_engine(
        Database(url=SecretStr(database_url)),
        pool_size=1,
        application="test",
        patience_milliseconds=PATIENCE_MILLISECONDS,
    )


WORKERS, GROUPS, GROUP = 8, 10, 20


def test_many_that_fail_alike_at_once_wait_for_nobody_and_are_counted_exactly(
    engine: sa.Engine, impatient: Callable[[], sa.Engine]
) -> None:
    have_ended = threading.Event()

    def work(schedule: UUID) -> None:
        worker, mine = uuid4(), impatient()
        for _ in range(GROUPS):
            with mine.begin() as connection:
                columns = {"schedule_id": schedule, "schedule_name": "x"}
                runs = [start(connection, worker, **columns) for _ in range(GROUP)]
            with mine.begin() as connection:
                end(connection, runs, "order 7 failed", schedule=schedule, worker=worker)
        mine.dispose()

    def count() -> None:
        mine = impatient()
        while not have_ended.is_set():
            with mine.begin() as connection:
                if folding.be_alone(connection):
                    folding.fold_failures(connection, 50)
        mine.dispose()

    with engine.begin() as connection:
        schedules = [add_schedule(connection, f"s{number}") for number in range(2)]
    with ThreadPoolExecutor(WORKERS + 2) as pool:
        counting = [pool.submit(count) for _ in range(2)]
        working = [pool.submit(work, schedules[number % 2]) for number in range(WORKERS)]
        wait(working)
        have_ended.set()
    for done in (*working, *counting):
        done.result()
    with engine.begin() as connection:
        (found,) = fold(connection)
        shares = connection.exec_driver_sql("SELECT count, streak FROM error_schedules").all()
    total = WORKERS * GROUPS * GROUP
    assert found.count == total
    assert [tuple(share) for share in shares] == [(total // 2, total // 2)] * 2


def test_an_actor_has_so_many_kinds_at_most(connection: sa.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "MOST_KINDS", 3)
    monkeypatch.setattr(folding, "MOST_TYPES", 5)
    words = ("one", "two", "three", "four", "five", "six", "seven")
    for word in words:
        fail(connection, f"it is {word}")
    fail(connection, "it is one", actor="other")
    for word in words:
        fail(connection, "no", kind=f"Kind{word}")
    fail(connection, "it is nine")
    rows = [each for each in fold(connection) if each.actor == "work"]
    assert len(rows) == 6
    assert sum(each.count for each in rows) == 15
    of_type = next(each for each in rows if (each.error_type, each.message) == ("ValueError", OTHERS))
    assert of_type.count >= 4
    assert [each.message for each in rows if each.error_type == OTHERS] == [OTHERS]
    fail(connection, "it is one", actor="other")
    assert next(each for each in fold(connection) if each.actor == "other").count == 2


@pytest.mark.parametrize("message", ["", "x" * 4000, "\N{REPLACEMENT CHARACTER}\ue000 \U0001f4a5", "%s {} \\ ' \" `"])
def test_odd_errors_are_counted(connection: sa.Connection, message: str) -> None:
    fail(connection, message, kind="K" * 5000)
    assert [each.count for each in fold(connection)] == [1]
