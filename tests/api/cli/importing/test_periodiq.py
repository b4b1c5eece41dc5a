"""Actors with a schedule of periodiq: what they become, and that periodiq itself agrees with the report."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import pendulum
import pytest
from dramatiq import actor as declare
from dramatiq.brokers.stub import StubBroker
from periodiq import PeriodiqMiddleware, cron

from api.cli.importing.periodiq import read_actors
from api.cli.importing.report import compare_year, faults_in, write_report
from tests.api.cli.importing.walks import NOW, walk_like_debian

ZONE = "Europe/Berlin"
BEGINS = [datetime(2027, 3, 11, tzinfo=UTC), datetime(2027, 10, 12, tzinfo=UTC)]
DAYS = 22


@lru_cache(maxsize=1)
def minutes() -> dict[datetime, pendulum.DateTime]:
    """Each minute of some weeks around the changes of the clocks, as periodiq sees it."""
    each = (begin + timedelta(minutes=number) for begin in BEGINS for number in range(DAYS * 24 * 60))
    return {at: pendulum.instance(at).in_timezone(ZONE) for at in each}


def read(**specs: str) -> Any:
    broker = StubBroker(middleware=[PeriodiqMiddleware()])
    for name, spec in specs.items():
        declare(lambda: None, broker=broker, actor_name=name, periodic=cron(spec))
    declare(lambda: None, broker=broker, actor_name="without")
    return read_actors(broker.actors.values(), ZONE)


@pytest.mark.parametrize(
    "spec",
    [
        "30 2 * * *",
        "*/20 * * * *",
        "0 9 * * 1-5",
        "0 9 * * sun",
        "0 9 * * 7",
        "0 9 13 * 5",
        "0 9 */2 * 1",
        "0 3 * * 0-6",
    ],
)
def test_periodiq_agrees_with_the_report(spec: str) -> None:
    found = read(one=spec)
    schedule = found.schedules[0]
    assert faults_in(schedule.definition) == ""
    asked = cron(spec)
    difference = compare_year(schedule, NOW)
    after = walk_like_debian(schedule.definition["cron"], ZONE)
    walked = minutes()
    before = {at for at, local in walked.items() if asked.validate(local)}
    now = after & walked.keys()
    assert {slot for slot in difference.gone if slot in walked} == before - now
    assert {slot for slot in difference.added if slot in walked} == now - before


def test_what_is_imported() -> None:
    found = read(nightly="30 2 * * *", weekly="@weekly")
    assert found.definitions()["nightly"] == {
        "actor": "nightly",
        "cron": "30 2 * * *",
        "timezone": ZONE,
        "overlap": "allow",
        "catchup": "none",
        "start_deadline_seconds": 30,
    }
    assert found.definitions()["weekly"]["cron"] == "@weekly"


def test_the_report_names_what_is_different() -> None:
    report = write_report(read(sunday="0 9 * * sun", both="0 9 */2 * 1", night="30 2 * * *"), NOW)
    assert "never ran it on a Sunday" in report
    assert "with a * first here both had to" in report
    assert "0 before, 52 now, DIFFERENT" in report or "0 before, 53 now, DIFFERENT" in report
    assert "new at 2027-03-28T01:00:00Z" in report
