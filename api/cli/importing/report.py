"""What an import changes in meaning, for people to read before they apply it. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from pydantic import ValidationError

from api.cli.importing.compare import Comparison, compare
from api.cli.importing.found import Found, Imported
from models.definition import Definition
from models.words.faults import faults_of, in_words
from models.words.instants import say_instant

YEAR = timedelta(days=366)
_SHOWN = 4


def write_report(found: Found, now: datetime) -> str:
    """The report, with old and new slots of the year from `now` on."""
    return "\n".join(_lines(found, now)) + "\n"


def _lines(found: Found, now: datetime) -> Iterator[str]:
    yield f"{len(found.schedules)} schedules, {len(found.refused)} that can't be imported."
    yield ""
    yield "For all of them:"
    yield from (f"  - {remark}" for remark in found.remarks)
    for schedule in found.schedules:
        yield ""
        yield f"{schedule.name}: {schedule.place}"
        yield f"  was {schedule.was}"
        yield f"  is  {_timing(schedule)}"
        yield from (f"  - {line}" for line in (*_slots(schedule, now), *schedule.remarks))
    if found.refused:
        yield ""
        yield "Not imported:"
        yield from (f"  - {place}: {why}" for place, why in found.refused)


def _timing(schedule: Imported) -> str:
    given = schedule.definition
    for name in ("cron", "every_seconds", "at"):
        if name in given:
            zone = f" ({given['timezone']})" if "timezone" in given else ""
            return f"{name} {given[name]}{zone}"
    return "run by hand alone"


def _slots(schedule: Imported, now: datetime) -> Iterator[str]:
    given = {name: value for name, value in schedule.definition.items() if name != "paused"}
    if faults := faults_in(given):
        yield f"it can't be applied as it is: {faults}"
    if schedule.rule is None:
        return
    found = compare_year(schedule, now)
    span = f"{say_instant(now)[:10]} to {say_instant(now + YEAR)[:10]}"
    if found.is_same:
        yield f"slots from {span}: {found.old} before, {found.new} now, the same ones"
        return
    yield f"slots from {span}: {found.old} before, {found.new} now, DIFFERENT"
    yield from _different("no more at", found.gone)
    yield from _different("new at", found.added)
    yield f"clock changes there: {schedule.rule.clock.value}"


def compare_year(schedule: Imported, now: datetime) -> Comparison:
    """The slots of a schedule with a rule in the year from `now` on, before and after."""
    assert schedule.rule is not None, "only asked of those that have a rule"
    return compare(schedule.rule, schedule.definition, now, now + YEAR)


def faults_in(definition: dict[str, object]) -> str:
    """What is wrong with a definition, in words; empty if nothing is."""
    try:
        Definition.model_validate(definition)
    except ValidationError as error:
        return in_words(faults_of(error))
    return ""


def _different(what: str, slots: tuple[datetime, ...]) -> Iterator[str]:
    if slots:
        shown = ", ".join(say_instant(slot) for slot in slots[:_SHOWN])
        more = f" and {len(slots) - _SHOWN} more" if len(slots) > _SHOWN else ""
        yield f"{what} {shown}{more}"
