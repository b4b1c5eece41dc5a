"""What is said to somebody who chooses a minute."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from api.shapes.forecast import LoadHint, load_hint
from models.schedules import StoredSchedule
from scheduling.slots.spec import Spec
from tests.scheduling.slots.standing import NOON, schedule


def many(number: int, **fields: Any) -> list[StoredSchedule]:
    return [schedule(**fields, name=f"s{each}") for each in range(number)]


def hint(schedules: list[StoredSchedule], *cron: str, zone: str = "UTC", without: str | None = None) -> LoadHint:
    found = load_hint(schedules, Spec(cron=cron, timezone=zone), NOON, without=without)
    assert found is not None
    return found


def test_a_minute_that_others_have_is_named_with_a_quiet_one_near_it() -> None:
    found = hint(many(41, cron=["0 3 * * *", "1-9 3 * * *", "45-59 2 * * *"]), "0 3 * * *")
    assert (found.minute, found.starts, found.quiet, found.quiet_starts) == ("03:00", 41, "03:10", 0)
    assert found.words == "At 03:00 this minute already has 41 starts; 03:10 has none."


def test_the_worst_of_its_minutes_counts_by_the_clock_of_its_zone() -> None:
    others = [*many(3, cron=["30 9 * * 2"], timezone="Europe/Berlin"), *many(5, cron=["30 8 * * 4"])]
    found = hint(others, "30 9 * * *", zone="Europe/Berlin")
    assert (found.minute, found.starts, found.at) == ("09:30", 5, datetime.fromisoformat("2026-12-03T08:30:00Z"))
    assert found.words == "At 09:30 this minute already has 5 starts; 09:29 has none."


def test_a_free_minute_is_said_to_be_free() -> None:
    assert hint([], "17 3 * * *").words == "At 03:17 no other schedule starts."


def test_the_schedule_itself_is_no_other() -> None:
    assert hint(many(1, cron=["17 3 * * *"]), "17 3 * * *", without="s0").starts == 0
    assert hint(many(2, cron=["17 3 * * *"]), "17 3 * * *", without="s0").words == (
        "At 03:17 this minute already has 1 start; 03:16 has none."
    )


def test_where_all_minutes_are_alike_none_is_better() -> None:
    assert hint(many(2, cron=["* * * * *"]), "0 0 * * *").words == "At 00:00 this minute already has 2 starts."


def test_a_busy_neighbour_is_better_than_a_busier_minute() -> None:
    others = [*many(9, cron=["0 0 * * *"]), *many(2, cron=["* * * * *"])]
    assert hint(others, "@daily").words == "At 00:00 this minute already has 11 starts; 23:59 has 2."


@pytest.mark.parametrize(
    "spec",
    [
        Spec(),
        Spec(at=NOON - timedelta(days=1)),
        Spec(at=NOON + timedelta(days=30)),
        Spec(cron=("*/10 * * * *",)),
        Spec(every_seconds=1),
    ],
)
def test_what_starts_never_or_very_often_has_no_minute_of_its_own(spec: Spec) -> None:
    assert load_hint(many(1, cron=["* * * * *"]), spec, NOON) is None


@pytest.mark.parametrize("spec", [Spec(cron=("61 * * * *",)), Spec(cron=("0 0 * * *",), timezone="Mars/Olympus")])
def test_what_is_not_valid_is_refused(spec: Spec) -> None:
    with pytest.raises(ValueError):
        load_hint([], spec, NOON)


def test_hourly_and_once_have_a_hint() -> None:
    assert hint(many(4, cron=["0 12 * * *"]), "0 * * * *").minute == "12:00"
    once = load_hint(many(4, cron=["0 12 * * *"]), Spec(at=NOON + timedelta(days=1)), NOON)
    assert once is not None
    assert once.starts == 4
