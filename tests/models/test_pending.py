"""Whether migrations are missing, and waiting for them."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
import sqlalchemy as sa
import structlog
from alembic.config import Config
from alembic.script import ScriptDirectory

from config.database import make_engine
from config.settings import load_settings
from migrations import LACKING, is_behind, pending, revisions
from migrations.pending import wait_until_migrated
from tests.end_to_end.deployment import ROOT
from tests.models.releasing import alembic


@pytest.fixture
def engine(empty_database_url: str) -> Iterator[sa.Engine]:
    engine = make_engine(load_settings({"DATABASE_URL": empty_database_url}).database, pool_size=1, application="test")
    yield engine
    engine.dispose()


def told(engine: sa.Engine, *meanwhile: Callable[[], object]) -> list[str]:
    """What is logged while these happen, one before each look, until it gives up or goes on."""
    steps = iter(meanwhile)

    def rest(_seconds: float) -> bool:
        step = next(steps, None)
        if step is not None:
            step()
        return step is None

    with structlog.testing.capture_logs() as logs:
        went_on = wait_until_migrated(engine, rest, "test")
    return [each.get("why", each["event"]) for each in logs] + ["went on" if went_on else "gave up"]


def test_the_versions_are_those_that_alembic_sees() -> None:
    script = ScriptDirectory.from_config(Config(toml_file=ROOT / "pyproject.toml"))
    assert list(reversed(revisions())) == [each.revision for each in script.walk_revisions()]
    assert [is_behind(each) for each in (None, revisions()[0], revisions()[-2])] == [True] * 3
    assert [is_behind(each) for each in (revisions()[-1], "9999")] == [False, False]


def test_an_empty_database_and_an_older_one_are_waited_for_and_said_once(
    engine: sa.Engine, empty_database_url: str
) -> None:
    def upgrade(version: str) -> Callable[[], None]:
        return lambda: alembic(empty_database_url, "upgrade", version)

    assert told(engine, print, print) == [LACKING, "gave up"]
    assert told(engine, print, upgrade(revisions()[-2]), print, upgrade("head")) == [LACKING, "migrated", "went on"]
    assert told(engine) == ["went on"]


def test_a_newer_database_is_not_waited_for(engine: sa.Engine, empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url) as connection:
        connection.execute(
            "CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('9999')"
        )
    assert told(engine) == ["went on"]


def test_a_database_that_does_not_answer_is_waited_for() -> None:
    away = make_engine(
        load_settings({"DATABASE_URL": "postgresql://callsheet@127.0.0.1:1/none"}).database,
        pool_size=1,
        application="test",
    )
    [said, end] = told(away, print)
    assert said.startswith(f"{pending.SILENT}: connection")
    assert end == "gave up"


def test_what_is_waited_for_is_said_again_after_a_while(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending, "SAY_SECONDS", 0)
    assert told(engine, print, print) == [LACKING] * 3 + ["gave up"]
