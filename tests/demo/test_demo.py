"""The demo: what it makes is what callsheet itself would have made, and nobody else's database is touched."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from config.database import make_engine
from config.sections import Database
from models.words.ids import slot_run_id
from scheduling.cron import next_fire
from tests.demo.catalog import HEAVY, entries
from tests.demo.fill import fill, schedule_id
from tests.end_to_end.deployment import ROOT
from tests.servers import databases
from tests.servers.places import free_port
from tests.waiting import eventually

RUNS = 6000


@pytest.fixture(scope="module")
def filled() -> Iterator[sa.Engine]:
    with databases.database(migrated=True) as url:
        engine = make_engine(Database(url=SecretStr(url)), pool_size=3, application="test")
        made = fill(engine, RUNS)
        assert 0.9 * RUNS < made < 1.1 * RUNS
        yield engine
        engine.dispose()


def ask(engine: sa.Engine, statement: str) -> list[tuple[object, ...]]:
    with engine.begin() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(statement)]


def test_there_is_some_of_everything(filled: sa.Engine) -> None:
    assert ask(filled, "SELECT count(*) FROM schedules") == [(300,)]
    states = dict(ask(filled, "SELECT state, count(*) FROM runs GROUP BY state"))
    assert {"succeeded", "failed", "skipped", "cancelled", "planned"} <= set(states)
    for what in (
        "tokens",
        "errors",
        "error_schedules",
        "run_outputs",
        "audit",
        "schedule_versions",
        "queues",
        "statistics",
        "channels",
        "deliveries",
    ):
        assert ask(filled, f"SELECT count(*) > 0 FROM {what}") == [(True,)], what
    assert ask(filled, "SELECT count(*) FROM schedules WHERE paused_at IS NOT NULL") == [(8,)]
    assert ask(filled, "SELECT count(*) > 0 FROM runs WHERE retries > 0 AND state = 'succeeded'") == [(True,)]
    assert ask(filled, "SELECT to_regclass('demo_slots')") == [(None,)]


def test_what_is_counted_of_the_past_is_what_there_is(filled: sa.Engine) -> None:
    ended = "SELECT state, count(*) FROM runs WHERE finished_at > now() - interval '8 days' GROUP BY state ORDER BY 1"
    counted = """SELECT state, sum(runs)::int, sum((SELECT sum(n) FROM unnest(duration) AS n)) > 0 FROM statistics
        WHERE span_seconds = 3600 GROUP BY state ORDER BY 1"""
    assert [row[:2] for row in ask(filled, counted)] == ask(filled, ended)
    assert {"failed", "succeeded"} <= {row[0] for row in ask(filled, counted) if row[2]}


def test_slots_and_ids_are_those_that_planning_would_have_made(filled: sa.Engine) -> None:
    rows = ask(filled, "SELECT schedule_name, id, slot_at, previous_slot_at FROM runs WHERE trigger = 'schedule'")
    known = {entry.name: entry for entry in entries()}
    looked: Counter[str] = Counter()
    for name, run, slot, before in rows:
        entry = known[str(name)]
        assert run == slot_run_id(schedule_id(str(name)), slot)
        if entry.rhythm.cron and before:
            looked[str(name)] += 1
            zone = entry.definition()["timezone"]
            assert next_fire(entry.rhythm.cron, zone, before) == slot, name
    assert len(looked) > 50


def test_the_same_seed_makes_the_same(filled: sa.Engine, database_url: str) -> None:
    def dice(engine: sa.Engine) -> list[tuple[object, ...]]:
        return ask(
            engine,
            f"SELECT count(*), count(*) FILTER (WHERE state = 'failed') FROM runs WHERE schedule_name = '{HEAVY}'",
        )

    engine = make_engine(Database(url=SecretStr(database_url)), pool_size=3, application="test")
    fill(engine, RUNS // 4)
    assert ask(engine, "SELECT count(*) FROM schedules") == [(300,)]
    assert {row[0] for row in ask(engine, "SELECT id FROM schedules")} == {
        row[0] for row in ask(filled, "SELECT id FROM schedules")
    }
    with pytest.raises(RuntimeError, match="empty ones alone"):
        fill(engine, RUNS)
    engine.dispose()


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that a PostgreSQL of another user can reach, with a path short enough for its socket."""
    with tempfile.TemporaryDirectory(prefix="cs-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_it_starts_signs_in_and_goes_on_where_it_stopped(folder: Path) -> None:
    environment = os.environ | {"DATA": str(folder / "data"), "RUNS": "2000", "PORT": str(free_port()),
                                "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}  # fmt: skip
    log = folder / "demo.log"
    for said in ("the demo fills", "the demo goes on"):
        with log.open("w") as out:
            demo = subprocess.Popen(
                [sys.executable, "-m", "tests.demo"], cwd=ROOT, env=environment, stdout=out, stderr=out
            )
        try:
            link = eventually(lambda: re.search(r"open +(\S+)", log.read_text()), 120, "it did not start")
            with httpx.Client(follow_redirects=True) as browser:
                assert browser.get(link[1]).url.path != "/sign-in"
            assert said in log.read_text()
        finally:
            demo.send_signal(signal.SIGTERM)
            demo.wait(60)
