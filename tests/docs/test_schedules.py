"""What docs/schedules.md says of cron, policies, reasons and defaults is so."""

import re
from datetime import UTC, datetime

import pytest

from api.shapes.schedule_body import NewSchedule
from models.words.states import Catchup, Overlap, SkipReason, WaitingFor
from scheduling.cron import next_fire
from scheduling.explanations.verdict import Because
from tests.docs.pages import rows_of
from tests.end_to_end.deployment import ROOT

PAGE = (ROOT / "docs" / "schedules.md").read_text()


def section(heading: str) -> str:
    return PAGE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def named(text: str) -> set[str]:
    """What stands in backticks in the first cells of tables."""
    return {name for row in rows_of(text) for name in re.findall(r"`(\w+)`", row[0])}


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


EXAMPLES = [row for row in rows_of(section("The cron rule")) if row[0].startswith("`")]


@pytest.mark.parametrize(("expression", "zone", "after", "fires", "why"), EXAMPLES, ids=str)
def test_an_example_of_the_cron_rule_fires_as_it_says(
    expression: str, zone: str, after: str, fires: str, why: str
) -> None:
    at = instant(after)
    for fire in fires.split(", "):
        at = next_fire(expression.strip("`"), zone, at)
        assert at == instant(fire), why


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 10


def test_the_policies_are_those_of_the_code() -> None:
    assert named(section("Catch-up")) >= {each.value for each in Catchup}
    assert named(section("Overlap")) >= {each.value for each in Overlap}


def test_every_field_of_a_schedule_is_described() -> None:
    described = set().union(*(named(section(part)) for part in ("What it says", "When", "Retries and limits")))
    described |= {"overlap", "catchup", "catchup_window_seconds"}  # in prose and headings of their own
    assert described == set(NewSchedule.model_fields)


def test_the_words_of_explanations_and_holds_are_those_of_the_code() -> None:
    words = named(section("What became of a slot")) - {"outcome", "reason", "waiting_for"}
    not_yet = {SkipReason.CALENDAR.value}  # a word of the database that nothing uses
    assert words == {each.value for each in (*Because, *SkipReason, *WaitingFor)} - not_yet
