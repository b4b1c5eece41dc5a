"""Jobs of APScheduler: what they become, and that a slow walk of them finds what the report says."""

from typing import Any

import pytest

from api.cli.importing.apscheduler import read_jobs
from api.cli.importing.report import compare_year, faults_in, write_report
from models.words.bounds import TEN_YEARS
from tests.api.cli.importing.walks import NOW, by_both, walk_clock_faces, walk_like_debian

ZONE = "Europe/Berlin"


def job(**fields: Any) -> dict[str, Any]:
    return {"id": "one", "func": "shop.jobs:clean", "trigger": "cron", **fields}


def only(**fields: Any) -> dict[str, Any]:
    found = read_jobs([job(**fields)], ZONE)
    assert found.refused == []
    definition = found.schedules[0].definition
    assert faults_in({name: value for name, value in definition.items() if name != "paused"}) == ""
    return definition


def test_fields_that_are_finer_than_those_given_are_the_least() -> None:
    assert only(hour="3")["cron"] == "0 3 * * *"
    assert only(minute="*/5")["cron"] == "*/5 * * * *"
    assert only(month=6)["cron"] == "0 0 1 6 *"
    assert only(second="*/10")["cron"] == "*/10 * * * * *"
    assert only(day_of_week="mon-fri", hour=9)["cron"] == "0 9 * * 1-5"


def test_weekdays_count_from_monday() -> None:
    assert only(day_of_week="0,6", hour=9)["cron"] == "0 9 * * 0-1"


def test_days_by_number_and_the_last() -> None:
    assert only(day="2nd fri", hour=9)["cron"] == "0 9 * * 5#2"
    assert only(day="last sun", hour=9)["cron"] == "0 9 * * 0L"
    assert only(day="last", hour=9)["cron"] == "0 9 L * *"


def test_triggers_in_each_form() -> None:
    assert only(trigger={"type": "cron", "hour": 3, "timezone": "Asia/Tokyo"})["timezone"] == "Asia/Tokyo"
    assert only(trigger="cron[hour='3', minute='30']")["cron"] == "30 3 * * *"
    assert only(trigger="interval", hours=1, minutes=30)["every_seconds"] == 5400
    assert only(trigger="interval[1 day, 1:00:00]")["every_seconds"] == 90000
    assert only(trigger="date", run_date="2037-01-01T08:00:00")["at"] == "2037-01-01T07:00:00Z"
    assert only(trigger="date[2037-01-01 08:00:00 CET]")["at"] == "2037-01-01T07:00:00Z"


def test_policies() -> None:
    usual = only(hour=3)
    assert (usual["overlap"], usual["catchup"], usual["catchup_window_seconds"]) == ("skip", "latest", 1)
    other = only(hour=3, max_instances=3, coalesce=False, misfire_grace_time=None, jitter=60, next_run_time=None)
    assert (other["overlap"], other["catchup"], other["catchup_window_seconds"]) == ("allow", "all", TEN_YEARS)
    assert (other["paused"], usual["actor"]) == (True, "clean")
    dated = only(hour=3, start_date="2027-01-01", args=[1], kwargs={"a": 2}, name="Clean up")
    assert (dated["starts_at"], dated["args"]) == ("2026-12-31T23:00:00Z", {"a": 2, "*": [1]})


def test_what_has_no_counterpart_is_not_imported() -> None:
    odd: list[dict[str, Any]] = [
        {"year": "2030"}, {"week": "1"}, {"day": "13", "day_of_week": "fri"}, {"day": "1,2nd fri"}, {"hour": "22-6"},
        {"trigger": "combining"}, {"trigger": "interval", "seconds": 0.5}, {"hour": 3, "timezone": "Mars/Base"},
    ]  # fmt: skip
    found = read_jobs({"jobs": [job(**fields) for fields in odd]}, ZONE)
    assert (found.schedules, len(found.refused)) == ([], len(odd))


@pytest.mark.parametrize(
    ("fields", "expression"),
    [
        ({"hour": "2", "minute": "30"}, "30 2 * * *"),
        ({"day_of_week": "mon-fri", "hour": "*/4"}, "0 */4 * * mon-fri"),
        ({"day": "1-7", "day_of_week": "6", "hour": 5}, "0 5 1-7 * sun"),
    ],
)
def test_a_slow_walk_agrees_with_the_report(fields: dict[str, Any], expression: str) -> None:
    read = read_jobs([job(**fields)], ZONE).schedules[0]
    before = walk_clock_faces(expression, ZONE, by_both, twice=True)
    after = walk_like_debian(read.definition["cron"], ZONE)
    found = compare_year(read, NOW)
    assert (set(found.gone), set(found.added)) == (before - after, after - before)


def test_the_report_names_what_is_different() -> None:
    jobs = [job(day_of_week="0", hour=2, minute=30), job(second="*/10"), job(trigger="interval", hours=1, jitter=5)]
    report = write_report(read_jobs([*jobs, job(day="1-7", day_of_week="mon", hour=1)]), NOW)
    assert "count from Monday" in report
    assert "it has seconds" in report
    assert "jitter there goes either way" in report
    assert "counted from when the job was added" in report
    assert "misfire_grace_time is 1" in report
    assert "where the date and the weekday match" in report
