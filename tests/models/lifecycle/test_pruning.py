"""Prune: what is past its retention goes, with its output, and nothing else does."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from actors.prune_history import prune_history
from config.settings import load_settings
from models.lifecycle.pruning import FIRST_ID, Pruned, drop_partition, prune_runs
from models.verifying.results import whole_since
from models.words.ids import first_id_at, new_run_id
from models.words.states import State
from tests.models.rows import add_run, add_worker, set_run

AGES = {State.SUCCEEDED: timedelta(days=30), State.FAILED: timedelta(days=90), State.SKIPPED: timedelta(days=30)}
NOW = datetime.now(UTC)


@pytest.fixture
def ended(engine: sa.Engine) -> Callable[..., UUID]:
    """`ended(40, "failed")`: a run that ended so many days ago in this state, with output."""

    def add(days_ago: float, state: str = "succeeded") -> UUID:
        at = NOW - timedelta(days=days_ago)
        with engine.begin() as connection:
            run = add_run(connection, id=new_run_id(at))
            reason = ", reason = 'missed'" if state == "skipped" else ""
            finished = "NULL" if state == "planned" else f"'{at.isoformat()}'"
            set_run(connection, run, f"state = '{state}', finished_at = {finished}{reason}")
            connection.exec_driver_sql(
                "INSERT INTO run_outputs (run_id, attempt, output, output_truncated) VALUES (%(id)s, 1, 'x', false)",
                {"id": run},
            )
        return run

    return add


def left(engine: sa.Engine, table: str = "runs", column: str = "id") -> set[UUID]:
    with engine.begin() as connection:
        return set(connection.exec_driver_sql(f"SELECT {column} FROM {table}").scalars())


def prune(engine: sa.Engine, after: UUID = FIRST_ID, limit: int = 100) -> Pruned:
    with engine.begin() as connection:
        return prune_runs(connection, AGES, after, limit)


def test_what_is_past_the_retention_of_its_state_goes_with_its_output(
    engine: sa.Engine, ended: Callable[..., UUID]
) -> None:
    ended(31), ended(100, "failed"), ended(31, "skipped")
    kept = {ended(29), ended(31, "failed"), ended(29, "skipped"), ended(200, "planned"), ended(100, "cancelled")}
    pruned = prune(engine)
    assert pruned == Pruned({State.SUCCEEDED: 1, State.FAILED: 1, State.SKIPPED: 1}, None)
    assert left(engine) == kept
    assert left(engine, "run_outputs", "run_id") == kept


def test_a_run_that_ended_long_after_it_was_made_is_kept(engine: sa.Engine, ended: Callable[..., UUID]) -> None:
    run = ended(31)
    with engine.begin() as connection:
        set_run(connection, run, "finished_at = now()")
    assert prune(engine).deleted == {}


def test_batches_go_on_where_the_last_one_ended(engine: sa.Engine, ended: Callable[..., UUID]) -> None:
    runs = sorted(ended(40 + number, "failed" if number % 2 else "succeeded") for number in range(5))
    first = prune(engine, limit=2)
    assert first.last_id == runs[1]
    second = prune(engine, after=runs[1], limit=2)
    assert second.last_id == runs[3]
    assert prune(engine, after=runs[3], limit=2).last_id is None
    assert len(left(engine)) == 2


def add_month(engine: sa.Engine, year: int, month: int) -> None:
    """The partitions of a month in the past."""
    begin, end = datetime(year, month, 1, tzinfo=UTC), datetime(year, month + 1, 1, tzinfo=UTC)
    with engine.begin() as connection:
        for table in ("runs", "run_outputs"):
            connection.exec_driver_sql(
                f"CREATE TABLE {table}_{year}_{month:02} PARTITION OF {table}"
                f" FOR VALUES FROM ('{first_id_at(begin)}') TO ('{first_id_at(end)}')"
            )


def drop(engine: sa.Engine) -> str | None:
    with engine.begin() as connection:
        return drop_partition(connection, timedelta(days=90))


def test_a_month_that_is_past_every_retention_is_dropped_whole(engine: sa.Engine, ended: Callable[..., UUID]) -> None:
    add_month(engine, 2025, 3)
    add_month(engine, 2025, 5)
    for month in (3, 5):
        ended((NOW - datetime(2025, month, 9, tzinfo=UTC)).days, "failed")
    assert [drop(engine), drop(engine), drop(engine)] == ["2025_03", "2025_05", None]
    assert left(engine) == left(engine, "run_outputs", "run_id") == set()
    tables = "SELECT count(*) FROM pg_class WHERE relname LIKE '%%2025%%'"
    with engine.begin() as connection:
        assert connection.exec_driver_sql(tables).scalar_one() == 0


@pytest.mark.parametrize("assignment", ["state = 'planned', finished_at = NULL", "finished_at = now()"])
def test_a_month_with_a_run_that_lives_or_ended_lately_is_kept(
    engine: sa.Engine, ended: Callable[..., UUID], assignment: str
) -> None:
    add_month(engine, 2025, 3)
    run = ended((NOW - datetime(2025, 3, 9, tzinfo=UTC)).days)
    with engine.begin() as connection:
        set_run(connection, run, assignment)
    assert drop(engine) is None
    assert left(engine) == {run}


def test_the_actor_does_all_of_it(
    engine: sa.Engine, ended: Callable[..., UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.prune_history.BATCH", 2)
    monkeypatch.setattr("actors.prune_history.worker_engine", lambda: engine)
    add_month(engine, 2025, 3)
    add_failure(engine, ended((NOW - datetime(2025, 3, 9, tzinfo=UTC)).days, "failed"))
    for days in (31, 35, 40, 50, 60):
        ended(days)
    kept = ended(10)
    add_processes_and_gaps(engine)
    assert prune_history.fn() == {"succeeded": 5, "failed": 0, "cancelled": 0, "skipped": 0, "months": ["2025_03"]}
    assert left(engine) == {kept}
    assert {table: len(left(engine, table, "*")) for table in ("workers", "schedulers", "scheduling_gaps")} == {
        "workers": 1,
        "schedulers": 1,
        "scheduling_gaps": 1,
    }
    assert left(engine, "failed_runs", "run_id") == left(engine, "errors", "fingerprint") == set()


def add_failure(engine: sa.Engine, run: UUID) -> None:
    """What is known of a run that has failed once its kind is counted."""
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO failed_runs VALUES (%(id)s, 'x')", {"id": run})
        connection.exec_driver_sql(
            "INSERT INTO errors SELECT 'x', actor, 'E', '', finished_at, finished_at, 1, id FROM runs"
            " WHERE id = %(id)s",
            {"id": run},
        )


def add_processes_and_gaps(engine: sa.Engine) -> None:
    """Of each one that is to be kept, and one that is not; all schedulers have been gone for days."""
    with engine.begin() as connection:
        for queue, ago in (("kept", "1 hour"), ("gone", "25 hours")):
            worker = add_worker(connection, queue)
            connection.exec_driver_sql(
                f"UPDATE workers SET last_seen_at = now() - interval '{ago}' WHERE id = %(id)s", {"id": worker}
            )
        for days in (2, 3):
            connection.exec_driver_sql(
                "INSERT INTO schedulers (id, host, pid, started_at, ticked_at)"
                f" VALUES (gen_random_uuid(), 'h', 1, now(), now() - interval '{days} days')"
            )
        for days in (89, 91):
            connection.exec_driver_sql(
                "INSERT INTO scheduling_gaps"
                f" VALUES (now() - interval '{days + 1} days', now() - interval '{days} days')"
            )


def add_audit(engine: sa.Engine, *days: float) -> None:
    with engine.begin() as connection:
        for ago in days:
            connection.exec_driver_sql(
                "INSERT INTO audit (at, who, action, target) VALUES (now() - %(age)s, 'ann', 'run.cancel', 'runs/1')",
                {"age": timedelta(days=ago)},
            )


@pytest.mark.parametrize(("kept", "there"), [("400", 2), ("0", 5), ("0.5", 0)])
def test_the_audit_is_kept_as_long_as_the_setting_says(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, kept: str, there: int
) -> None:
    monkeypatch.setattr("actors.prune_history.BATCH", 2)
    monkeypatch.setattr("actors.prune_history.worker_engine", lambda: engine)
    settings = load_settings({"CALLSHEET_ACCESS__AUDIT_DAYS": kept})
    monkeypatch.setattr("actors.prune_history.get_settings", lambda: settings)
    add_audit(engine, 500, 401, 400.1, 399, 1)
    prune_history.fn()
    assert len(left(engine, "audit")) == there


def test_from_when_on_history_is_whole_is_noted_and_never_goes_back(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.prune_history.worker_engine", lambda: engine)
    whole = []
    for days in ("7", "60"):
        settings = load_settings({"CALLSHEET_RETENTION__SKIPPED_DAYS": days})
        monkeypatch.setattr("actors.prune_history.get_settings", lambda settings=settings: settings)
        prune_history.fn()
        with engine.begin() as connection:
            whole.append(whole_since(connection, NOW, settings.retention.whole))
    assert whole[0] == whole[1]
    assert timedelta(days=6, hours=22) < NOW - whole[0] < timedelta(days=7)


def test_schedules_that_were_deleted_are_forgotten_with_their_runs(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.prune_history.worker_engine", lambda: engine)
    with engine.begin() as connection:
        for days in (89, 91):
            connection.exec_driver_sql(
                "INSERT INTO deleted_schedules VALUES (gen_random_uuid(), 'a', 1, now(), now() - %(age)s)",
                {"age": timedelta(days=days)},
            )
    prune_history.fn()
    assert len(left(engine, "deleted_schedules")) == 1
