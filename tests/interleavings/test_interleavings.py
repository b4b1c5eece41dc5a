"""Whatever clients, schedulers and workers do, in whatever order: every slot ends in one row, with the right fate."""

import os
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from psycopg.rows import namedtuple_row
from structlog.testing import capture_logs

from scheduling.plan import plan_due
from tests.interleavings.clock import Clock, make_faked_engine
from tests.interleavings.play import Play
from tests.interleavings.sequences import sequences
from tests.interleavings.shrink import shortest
from tests.interleavings.slots import SEASONS, Definition
from tests.interleavings.snapshot import take_snapshot
from tests.interleavings.steps import Finish, Pause, Plan, Put, Step, Trigger, When
from tests.interleavings.world import World

PARTS = 10
SEQUENCES_PER_PART = int(os.environ.get("INTERLEAVINGS_SEQUENCES", "60"))
FIRST_SEED = int(os.environ.get("INTERLEAVINGS_SEED", "0"))
"""Another number gives other sequences."""


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    clock = Clock(SEASONS[0])
    engine = make_faked_engine(database_url, clock)
    with psycopg.connect(database_url, autocommit=True, row_factory=namedtuple_row) as observer:
        yield World(engine, observer, clock)
    engine.dispose()


def test_the_database_goes_by_the_clock_of_the_test(world: World) -> None:
    world.clock.now += timedelta(days=1)
    world.put("a", Definition(every_seconds=60))
    world.clock.now += timedelta(minutes=5)
    with world.engine.begin() as connection:
        [(now, wall)] = connection.exec_driver_sql("SELECT now(), clock_timestamp()")
        plan_due(connection, 1)
        rows = connection.exec_driver_sql(
            "SELECT created_at, cursor_at, planned_at FROM schedules s JOIN runs r ON r.schedule_id = s.id"
        ).all()
    assert now == wall == world.clock.now
    assert set(rows) == {(world.clock.now - timedelta(minutes=5), world.clock.now, world.clock.now)}


def test_a_crash_leaves_nothing(world: World) -> None:
    world.put("a", Definition(every_seconds=60), crash=True)
    assert take_snapshot(world.observer).schedules == {}


EVERY_20_SECONDS = When(cron=("*/20 * * * * *",))


@pytest.mark.parametrize(
    "sequence",
    [
        pytest.param(
            [
                Step(Put(EVERY_20_SECONDS, {"pause_after_failures": 1})),
                Step(Trigger()),
                Step(Finish("failed"), wait=61),
                Step(Pause()),
            ],
            id="what was due before its failures paused a schedule is planned though a person pauses it too",
        ),
        pytest.param(
            [
                Step(Put(EVERY_20_SECONDS, {"pause_after_failures": 1, "catchup": "none"})),
                Step(Trigger()),
                Step(Finish("failed"), wait=40.5),
                Step(Pause(until=0.5), late=20),
                Step(Plan(), wait=3600),
            ],
            id="a pause that ends before it begins repeats nothing",
        ),
        pytest.param(
            [
                Step(Put(EVERY_20_SECONDS, {"overlap": "cancel_other"})),
                Step(Trigger(due=3600)),
                Step(Trigger()),
                Step(Plan(), wait=60),
            ],
            id="cancel_other leaves a run that is not due yet alone",
        ),
        pytest.param(
            [
                Step(Put(EVERY_20_SECONDS, {"overlap": "allow", "catchup": "all"})),
                Step(Put(EVERY_20_SECONDS, {"overlap": "allow", "catchup": "all", "max_runs": 9}), wait=80),
            ],
            id="a slot at the instant of an edit is one, though whoever verifies begins with it",
        ),
    ],
)
def test_these_orders_of_events_lose_nothing(world: World, sequence: list[Step]) -> None:
    Play(world).play(sequence)


@pytest.mark.parametrize("part", range(PARTS))
def test_no_order_of_events_loses_or_doubles_a_slot(world: World, part: int) -> None:
    def play(sequence: list[Step]) -> None:
        world.clock.now = SEASONS[part % len(SEASONS)] + timedelta(microseconds=123457)
        with capture_logs():
            Play(world).play(sequence)

    def fails(sequence: list[Step]) -> bool:
        try:
            play(sequence)
        except Exception:  # noqa: BLE001 - whatever it is, a shorter way to it is wanted
            return True
        return False

    @seed(FIRST_SEED * PARTS + part)
    @settings(
        max_examples=SEQUENCES_PER_PART,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(sequences)
    def play_all(sequence: list[Step]) -> None:
        if fails(sequence):
            play(shortest(sequence, fails))

    play_all()
