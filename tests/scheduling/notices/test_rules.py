"""The rules of notices: facts go in, and what a channel is told comes out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from models.notices.channels import Channel, Filter
from models.notices.facts import Fact, What
from models.notices.standing import Key, Standing
from models.words.notices import NoticeKind
from scheduling.notices.rules import Decision, decide, runs_that_tell

T0 = datetime(2030, 1, 1, tzinfo=UTC)
ALL = tuple(NoticeKind)


def channel(*events: str, name: str = "ops", **fields: Any) -> Channel:
    given = {"events": events or ALL, "filter": None, "after_failures": 1, "quiet_seconds": 0.0, "slow_factor": 3.0}
    where = {"kind": "webhook", "url": "https://example.com/x", "to": None, "secret": None, "description": ""}
    made = {"source": "api", "version": 1, "created_at": T0, "updated_at": T0, "updated_by": "ann"}
    return Channel(**{"name": name, **given, **where, **made, **fields})


def fact(what: What, minute: float = 1, **fields: Any) -> Fact:
    at = T0 + timedelta(minutes=minute)
    given = {"schedule": "nightly", "tags": ["crm"], "actor": "work", "run_id": UUID(int=int(minute * 60))}
    return Fact(what, f"{what}-{minute}", at, at, **{**given, **fields})


def failed(minute: float, **fields: Any) -> Fact:
    return fact(What.FAILED, minute, **fields)


def succeeded(minute: float, **fields: Any) -> Fact:
    return fact(What.SUCCEEDED, minute, **fields)


def kinds(decision: Decision) -> list[str]:
    return [each.notice.kind for each in decision.told]


def told(*facts: Fact, to: Channel | None = None) -> list[str]:
    """What a channel is told of facts that come one by one, with what it knows kept in between."""
    known: dict[Key, Standing] = {}
    found: list[str] = []
    for each in facts:
        decision = decide([each], [to or channel()], known)
        known |= decision.standings
        found += kinds(decision)
    assert found == kinds(decide(facts, [to or channel()], {})), "the same as all at once"
    return found


def test_a_failure_is_told_and_its_end() -> None:
    assert told(failed(1), failed(2), succeeded(3), succeeded(4)) == ["failed", "failed", "recovered"]


def test_the_notice_says_how_many_have_failed_in_a_row() -> None:
    decision = decide([failed(1), failed(2), succeeded(3), failed(4)], [channel()], {})
    assert [(each.notice.kind, each.notice.streak) for each in decision.told] == [
        ("failed", 1),
        ("failed", 2),
        ("recovered", 2),
        ("failed", 1),
    ]


def test_a_channel_waits_for_so_many_failures() -> None:
    third = channel(after_failures=3)
    assert told(failed(1), failed(2), succeeded(3), failed(4), failed(5), to=third) == []
    assert told(*[failed(minute) for minute in range(1, 5)], succeeded(6), to=third) == [
        "failed",
        "failed",
        "recovered",
    ]


def test_recovered_follows_only_what_was_told() -> None:
    assert told(succeeded(1), failed(2), succeeded(3), to=channel("recovered")) == []
    assert told(failed(2), succeeded(3), to=channel("failed")) == ["failed"]
    assert told(failed(1), succeeded(2), to=channel("failed", "recovered", after_failures=2)) == []


def test_a_channel_is_quiet_for_a_while_after_it_has_told() -> None:
    quiet = channel(quiet_seconds=300)
    assert told(failed(1), failed(3), fact(What.LATE, 4), failed(6.5), to=quiet) == ["failed", "failed"]


def test_what_ends_something_is_told_while_it_is_quiet() -> None:
    quiet = channel(quiet_seconds=3600)
    found = told(failed(1), failed(2), fact(What.PAUSED, 2), succeeded(5), failed(6), succeeded(7), to=quiet)
    assert found == ["failed", "auto_paused", "recovered"]


def test_quiet_is_of_one_schedule_and_one_channel() -> None:
    channels = [channel(quiet_seconds=600), channel(name="all")]
    decision = decide([failed(1), failed(2), failed(3, schedule="hourly")], channels, {})
    assert [(each.channel, each.notice.schedule) for each in decision.told] == [
        ("ops", "nightly"),
        ("all", "nightly"),
        ("all", "nightly"),
        ("ops", "hourly"),
        ("all", "hourly"),
    ]


@pytest.mark.parametrize(
    ("chosen", "is_told"),
    [
        (Filter(prefix="night"), True),
        (Filter(prefix="day"), False),
        (Filter(tags=("crm", "x")), True),
        (Filter(tags=("x",)), False),
        (Filter(schedules=("nightly",)), True),
        (Filter(schedules=("night",)), False),
        (Filter(prefix="day", schedules=("nightly",)), True),
    ],
)
def test_a_channel_is_about_the_schedules_of_its_filter(chosen: Filter, *, is_told: bool) -> None:
    assert bool(told(failed(1), to=channel(filter=chosen))) is is_told


def test_a_run_without_a_schedule_is_told_of_where_there_is_no_filter() -> None:
    alone = failed(1, schedule=None, tags=[])
    assert told(alone, replace(succeeded(2), schedule=None)) == ["failed", "recovered"]
    assert told(alone, to=channel(filter=Filter(prefix="a"))) == []


def test_scheduling_that_stood_still_concerns_everybody() -> None:
    stalled = fact(What.STALLED, schedule=None, tags=[], actor=None, run_id=None, duration_seconds=90.0)
    assert told(stalled, to=channel(filter=Filter(prefix="a"))) == ["stalled"]


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        (What.LATE, "late"),
        (What.MISSED, "missed"),
        (What.PAUSED, "auto_paused"),
        (What.QUARANTINED, "quarantined"),
        (What.STALLED, "stalled"),
        (What.FAILED, "failed"),
    ],
)
def test_a_channel_is_told_of_what_it_asks_for_alone(what: What, kind: str) -> None:
    assert told(fact(what), to=channel(kind)) == [kind]
    assert told(fact(what), to=channel(*[each for each in ALL if each != kind])) == []


@pytest.mark.parametrize(("duration", "median", "found"), [(31, 10, ["slow"]), (30, 10, []), (31, None, [])])
def test_slow_is_so_many_times_the_median(duration: float, median: float | None, found: list[str]) -> None:
    run = succeeded(1, duration_seconds=duration, median_seconds=median)
    assert told(run) == found
    assert told(run, to=channel(slow_factor=3.2)) == []


def test_a_notice_says_how_slow() -> None:
    (slow,) = decide([succeeded(1, duration_seconds=40.0, median_seconds=10.0)], [channel()], {}).told
    assert (slow.notice.duration_seconds, slow.notice.median_seconds, slow.notice.lateness_seconds) == (40, 10, None)


def test_what_is_paused_by_callsheet_has_not_recovered_before_it_goes_on() -> None:
    paused = [failed(1), fact(What.PAUSED, 1), succeeded(2, is_paused=True)]
    assert told(*paused) == ["failed", "auto_paused"]
    assert told(*paused, succeeded(9)) == ["failed", "auto_paused", "recovered"]


def test_what_was_set_aside_recovers_by_being_mended() -> None:
    aside = [fact(What.QUARANTINED, 1), succeeded(2, is_set_aside=True)]
    assert told(*aside, fact(What.MENDED, 3), fact(What.MENDED, 4)) == ["quarantined", "recovered"]
    assert told(*aside, succeeded(3)) == ["quarantined", "recovered"]


def test_of_a_schedule_that_is_gone_nothing_is_remembered() -> None:
    decision = decide([failed(1), fact(What.DELETED, 2, tags=[])], [channel(filter=Filter(tags=("crm",)))], {})
    assert not any(decision.standings.values())
    assert told(failed(1), fact(What.DELETED, 2), succeeded(3)) == ["failed"]


def test_nobody_is_told_of_what_tells() -> None:
    assert told(failed(1, actor="notify"), fact(What.PAUSED, actor="notify")) == []


def test_a_channel_is_told_of_nothing_that_was_before_it() -> None:
    assert told(failed(1), failed(3), to=channel(created_at=T0 + timedelta(minutes=2))) == ["failed"]


def test_one_fact_is_told_once_to_each_channel_however_often_it_is_found() -> None:
    late = fact(What.LATE)
    channels = [channel(), channel(name="other")]
    first = decide([late, replace(late, at=late.at + timedelta(minutes=1))], channels, {})
    assert [each.channel for each in first.told] == ["ops", "other"]
    assert [(each.channel, each.run) for each in first.told] == runs_that_tell([late], NoticeKind.LATE, channels)
    assert decide([late], channels, {}, {each.run for each in first.told}).told == []


def test_ids_differ_by_channel_and_fact_and_are_ordered_by_time() -> None:
    decision = decide([failed(1), failed(2)], [channel(), channel(name="b")], {})
    runs = [each.run for each in decision.told]
    assert len(set(runs)) == 4
    assert max(runs[:2]) < min(runs[2:])
    assert [each.notice.id for each in decision.told] == [str(run) for run in runs]
