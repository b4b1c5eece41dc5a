"""Statistics: what processes have counted is added once, whatever becomes of the answers."""

import threading
from collections.abc import Iterable
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from models.statistics.adding import Statistics, add_noted, note_ended
from models.statistics.counts import EVER, FIVE_MINUTES, HOUR, Counted, Kind
from models.statistics.histogram import BOUNDS
from models.statistics.reading import _READ, WINDOWS, prune_statistics, read_outcomes
from models.words.states import State

WORKED = Kind("work", "default", "succeeded", "succeeded")
FAILED = Kind("work", "default", "failed", "timed_out")
OTHER = Kind("other", "slow", "succeeded", "succeeded")


def tell(engine: sa.Engine, statistics: Statistics) -> None:
    with engine.begin() as connection:
        then = statistics.tell(connection)
    then()


def told(engine: sa.Engine, *counted: Counted) -> None:
    statistics = Statistics(uuid4())
    statistics.count(counted)
    tell(engine, statistics)


def runs(engine: sa.Engine, span: int = EVER) -> dict[tuple[Any, ...], int]:
    statement = """SELECT actor, queue, state, outcome, sum(runs)::int FROM statistics
        WHERE span_seconds = %(span)s AND actor <> '' GROUP BY 1, 2, 3, 4"""
    with engine.begin() as connection:
        return {tuple(row[:4]): row[4] for row in connection.exec_driver_sql(statement, {"span": span})}


def lasting(kind: Kind, lateness: Iterable[float]) -> list[Counted]:
    return [Counted(kind, seconds, 1.0) for seconds in lateness]


def test_what_was_counted_is_there_for_each_span_and_for_all_together(engine: sa.Engine) -> None:
    told(
        engine, *lasting(WORKED, [0.5, 0.5]), Counted(FAILED), Counted(Kind("other", "slow", "succeeded", "succeeded"))
    )
    assert runs(engine) == runs(engine, FIVE_MINUTES)
    assert runs(engine)[WORKED] == 2
    with engine.begin() as connection:
        rows = connection.exec_driver_sql(
            "SELECT state, runs, begins_at <= now(), lateness_seconds, duration_seconds, cardinality(lateness)"
            f" FROM statistics WHERE span_seconds = {HOUR} ORDER BY 1"
        ).all()
    assert rows == [("failed", 1, True, 0.0, 0.0, 0), ("succeeded", 3, True, 1.0, 2.0, len(BOUNDS) + 1)]


def test_what_many_processes_have_counted_is_summed_up(engine: sa.Engine) -> None:
    """Each adds to the same rows at the same time, in whichever order it has counted."""
    kinds = [Kind("work", f"q{number}", "succeeded", "succeeded") for number in range(20)]

    def one(order: int) -> None:
        for _ in range(5):
            told(engine, *lasting(WORKED, [0.5]), *(Counted(kind, 0.1) for kind in kinds[::order]))

    threads = [threading.Thread(target=one, args=(order,)) for order in (1, -1, 1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = runs(engine)
    assert found[WORKED] == 20
    assert {found[kind] for kind in kinds} == {20}
    with engine.begin() as connection:
        day = read_outcomes(connection)[1]
    assert (day.runs[State.SUCCEEDED], len(day.lateness)) == (420, 420)


def test_what_was_heard_and_whose_answer_was_lost_is_added_once(engine: sa.Engine) -> None:
    statistics = Statistics(uuid4())
    statistics.count([Counted(WORKED)])
    for _ in range(3):
        with engine.begin() as connection:
            statistics.tell(connection)
    assert runs(engine) == {WORKED: 1}
    statistics.count([Counted(WORKED)])
    tell(engine, statistics)
    assert runs(engine) == {WORKED: 1}  # the piece that was told before, again
    tell(engine, statistics)
    tell(engine, statistics)
    assert runs(engine) == {WORKED: 2}


def test_what_was_not_heard_is_told_again_with_what_came_after_it(engine: sa.Engine) -> None:
    statistics = Statistics(uuid4())
    statistics.count([Counted(WORKED)])
    for _ in range(2):
        with engine.connect() as connection:
            statistics.tell(connection)
            connection.rollback()
    statistics.count([Counted(FAILED), Counted(WORKED)])
    tell(engine, statistics)
    assert runs(engine) == {WORKED: 1}
    tell(engine, statistics)
    assert runs(engine) == {WORKED: 2, FAILED: 1}


def test_what_a_command_has_ended_is_counted_if_it_commits(engine: sa.Engine) -> None:
    cancelled = Counted(Kind("work", "default", "cancelled"))
    with engine.connect() as connection:
        note_ended(connection, [cancelled])
        connection.rollback()
    for _ in range(3):
        with engine.begin() as connection:
            note_ended(connection, [cancelled, cancelled])
            note_ended(connection, [])
    with engine.begin() as connection:
        assert [add_noted(connection, 2), add_noted(connection, 2), add_noted(connection, 2)] == [2, 1, 0]
    assert runs(engine) == {cancelled.kind: 6}


def test_what_another_process_is_about_to_add_is_not_added_too(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        note_ended(connection, [Counted(Kind("work", "default", "skipped"))])
    with engine.begin() as first:
        assert add_noted(first, 10) == 1
        with engine.begin() as second:
            assert add_noted(second, 10) == 0
    assert list(runs(engine).values()) == [1]


def test_outcomes_are_those_of_each_window(engine: sa.Engine) -> None:
    told(engine, *lasting(WORKED, [0.3]))
    for age in ("2 hours", "30 hours", "6 days", "9 days"):
        with engine.begin() as connection:
            connection.exec_driver_sql(f"UPDATE statistics SET begins_at = begins_at - interval '{age}'")
        told(engine, Counted(FAILED, 20.0), Counted(Kind("work", "default", "retrying", "failed"), 40.0))
        with engine.begin() as connection:
            found = read_outcomes(connection)
        assert [each.window for each in found] == list(WINDOWS)
        last_hour = found[0]
        assert (last_hour.runs[State.FAILED], last_hour.runs[State.SUCCEEDED], len(last_hour.lateness)) == (1, 0, 2)
    numbers = [(each.runs[State.SUCCEEDED], each.runs[State.FAILED], len(each.lateness)) for each in found]
    assert numbers == [(0, 1, 2), (0, 1, 2), (0, 1, 2)]
    assert found[0].quantiles(0.5, 1.0) == [30.0, 60.0]


def test_spans_of_long_ago_are_pruned_in_batches_and_what_is_counted_since_ever_stays(engine: sa.Engine) -> None:
    told(engine, *[Counted(Kind("work", f"q{number}", "succeeded", "succeeded")) for number in range(5)])
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE statistics SET begins_at = begins_at - interval '193 hours'")
        connection.exec_driver_sql("UPDATE statistics_told SET told_at = told_at - interval '193 hours'")
    told(engine, Counted(WORKED))
    with engine.begin() as connection:
        assert [prune_statistics(connection, 3) for _ in range(3)] == [3, 2, 0]
        assert connection.exec_driver_sql("SELECT count(*) FROM statistics_told").scalar_one() == 1
    assert len(runs(engine)) == 6
    assert runs(engine, FIVE_MINUTES) == {WORKED: 1}


def test_what_is_read_of_all_does_not_grow_with_the_number_of_actors(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("""
            INSERT INTO statistics
            SELECT span, actor, actor, at, state, '', 1, '{1,2}', 1, '{1}', 1
            FROM (VALUES (300), (3600)) AS spans(span), unnest(ARRAY['failed', 'succeeded', 'skipped']) AS state,
                (SELECT CASE n WHEN 0 THEN '' ELSE 'actor-' || n END FROM generate_series(0, 20) n) AS actors(actor),
                LATERAL generate_series(now() - interval '8 days', now(), make_interval(secs => span)) AS at""")
        connection.exec_driver_sql("ANALYZE statistics")
        plan = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {_READ}").scalar_one()
    assert "Rows Removed by Filter" not in str(plan)
    read = sum(found["Actual Rows"] for found in plan[0]["Plan"]["Plans"])
    assert read == pytest.approx(3 * (24 * 12 + 1 + 7 * 24 + 1), abs=6)
