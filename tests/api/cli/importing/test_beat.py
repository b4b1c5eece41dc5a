"""Celery's beat: what a fixture of every kind becomes, and that a slow walk of it finds what the report says."""

from typing import Any

import pytest

from api.cli.importing.beat import read_beat
from api.cli.importing.report import compare_year, faults_in, write_report
from tests.api.cli.importing.walks import NOW, by_both, walk_clock_faces, walk_like_debian

ZONE = "Europe/Berlin"


def row(model: str, pk: int, **fields: Any) -> dict[str, Any]:
    return {"model": f"django_celery_beat.{model}", "pk": pk, "fields": fields}


def crontab(pk: int, text: str, zone: str = ZONE) -> dict[str, Any]:
    names = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
    return row("crontabschedule", pk, timezone=zone, **dict(zip(names, text.split(), strict=True)))


def task(name: str, **fields: Any) -> dict[str, Any]:
    given = {"name": name, "task": f"shop.{name}", "args": "[]", "kwargs": "{}", "enabled": True, "one_off": False}
    return row("periodictask", hash(name), **given | fields)


FIXTURE = [
    crontab(1, "30 2 * * *"),
    row("intervalschedule", 1, every=15, period="minutes"),
    row("intervalschedule", 2, every=100, period="microseconds"),
    row("solarschedule", 1, event="sunrise", latitude=52, longitude=13),
    row("clockedschedule", 1, clocked_time="2037-01-01T06:00:00Z"),
    task("nightly", crontab=1, args="[1, 2]", kwargs='{"a": true}', queue="slow", priority=3, expire_seconds=90),
    task("often", interval=1, enabled=False, start_time="2027-01-01T00:00:00Z"),
    task("too-often", interval=2),
    task("morning", solar=1),
    task("once", clocked=1, one_off=True),
    task("first", crontab=1, one_off=True, expires="2037-01-01 00:00:00"),
    task("nothing"),
    {"model": "auth.user", "pk": 1, "fields": {}},
]


def test_a_fixture_with_every_kind_of_schedule() -> None:
    found = read_beat(FIXTURE)
    read = found.definitions()
    assert list(read) == ["nightly", "often", "once", "first"]
    nightly = read["nightly"]
    assert (nightly["actor"], nightly["args"]) == ("shop.nightly", {"a": True, "*": [1, 2]})
    assert (nightly["cron"], nightly["timezone"], nightly["overlap"]) == ("30 2 * * *", ZONE, "allow")
    assert (nightly["queue"], nightly["priority"], nightly["start_deadline_seconds"]) == ("slow", 3, 90)
    assert (read["often"]["every_seconds"], read["often"]["paused"]) == (900, True)
    assert read["often"]["starts_at"].startswith("2027-01-01T00:00:00")
    assert read["once"]["at"].startswith("2037-01-01T06:00:00")
    assert "max_runs" not in read["once"]
    assert (read["first"]["max_runs"], read["first"]["ends_at"][:10]) == (1, "2037-01-01")
    assert [place for place, _ in found.refused] == ["task too-often", "task morning", "task nothing"]
    assert "the sun's events (sunrise)" in found.refused[1][1]
    for definition in read.values():
        assert faults_in({name: value for name, value in definition.items() if name != "paused"}) == ""


@pytest.mark.parametrize(
    "text",
    [
        "30 2 * * *",
        "*/15 * * * *",
        "0 0 1-7 * mon",
        "0 0 1,13 * 5",
        "0 6 13 * sun,fri",
        "0 0 */3 * 1",
        "0 22-4/2 * * *",
    ],
)
def test_a_slow_walk_agrees_with_the_report(text: str) -> None:
    read = read_beat([crontab(1, text), task("one", crontab=1)]).schedules[0]
    before = walk_clock_faces(text, ZONE, by_both)
    after = walk_like_debian(read.definition["cron"], ZONE)
    found = compare_year(read, NOW)
    assert set(found.gone) == before - after
    assert set(found.added) == after - before


def test_a_day_that_must_match_twice_is_refused_where_no_expression_says_so() -> None:
    found = read_beat([crontab(1, "0 0 13 * 5"), task("friday", crontab=1)])
    assert found.schedules == []
    assert "where both the date and the weekday match" in found.refused[0][1]


def test_a_dump_of_beat_schedule() -> None:
    dump = {
        "beat_schedule": {
            "every-30": {"task": "a.b", "schedule": 30.0, "args": [16, 16]},
            "fields": {
                "task": "a.c",
                "schedule": {"minute": "0", "hour": "*/3"},
                "options": {"queue": "q", "expires": 60},
            },
            "text": {"task": "a.d", "schedule": "<crontab: 0 4 * * 1 (m/h/dM/MY/d)>"},
            "older": {"task": "a.d", "schedule": "<crontab: 0 4 1 * * (m/h/d/dM/MY)>"},
            "freq": {"task": "a.e", "schedule": "<freq: 2.00 minutes>"},
            "delta": {"task": "a.f", "schedule": {"days": 1, "seconds": 0}},
            "sun": {"task": "a.g", "schedule": {"event": "sunset", "lat": 1, "lon": 1}},
            "wrong": {"task": "a.h", "schedule": "whenever"},
        }
    }
    found = read_beat(dump, ZONE)
    read = found.definitions()
    assert (read["every-30"]["every_seconds"], read["every-30"]["args"]) == (30, {"*": [16, 16]})
    assert (read["fields"]["cron"], read["fields"]["queue"], read["fields"]["start_deadline_seconds"]) == (
        "0 */3 * * *",
        "q",
        60,
    )
    assert (read["text"]["cron"], read["older"]["cron"]) == ("0 4 * * 1", "0 4 * * 1")
    assert (read["freq"]["every_seconds"], read["delta"]["every_seconds"]) == (120, 86400)
    assert [place for place, _ in found.refused] == ["beat_schedule sun", "beat_schedule wrong"]


def test_the_report_names_what_is_different() -> None:
    rows = [crontab(1, "30 2 1-7 * mon"), crontab(2, "0 22-4 * * *"), *FIXTURE[1:2]]
    tasks = [task("a", crontab=1), task("b", crontab=2), task("c", interval=1)]
    report = write_report(read_beat([*rows, *tasks]), NOW)
    assert "where the date and the weekday match" in report
    assert "the range 22-4 runs backwards: Celery goes round" in report
    assert "counts an interval from the last time" in report
    assert "catchup = latest" in report
    assert "overlap = allow" in report
