"""One schedule: how it stands, what became of its slots, what is to come, and how it was changed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from api.dashboard.channels.paths import path_to as path_to_channel
from api.dashboard.frame.asking import link_with
from api.dashboard.frame.page import Page
from api.dashboard.frame.visits import PageRoute, Visit
from api.dashboard.runs.repeating import lines_of_schedule
from api.dashboard.schedules.changes import acts_of, folded_fields, versions_of
from api.dashboard.schedules.listing import words_of
from api.dashboard.schedules.outcomes import draw_durations, draw_lateness, draw_strip, seconds_of, usual_seconds
from api.dashboard.schedules.paths import ONE, below, path_to
from api.dashboard.schedules.policies import policies_of
from api.dashboard.schedules.why import answer
from api.shapes.notices.channel_json import told_about
from api.shapes.run_json import lateness_seconds
from api.shapes.schedule_json import schedule_or_404, show_schedules
from api.shapes.slot_json import show_upcoming
from models.access.audit import list_audit
from models.access.versions import list_versions
from models.definition import DEFAULT_POLICIES
from models.schedules import StoredSchedule
from models.slots import recent_runs
from models.sql.clock import read_clock
from models.words.faults import Fault
from models.words.roles import Role
from models.words.states import LIVE_STATES, Overlap
from scheduling.commands.edit import CODE

UPCOMING, RUNS, VERSIONS, ACTS = 20, 20, 10, 20
"""So many of each are on the page."""

SOON, SELDOM = 2, 5
"""After so many seconds the page is asked for again: while something runs, and else."""


@dataclass(frozen=True)
class Typed:
    """A form that was refused: which one, what it had, and what is wrong with its fields."""

    form: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    faults: Sequence[Fault] = ()

    def value(self, form: str, name: str, otherwise: str = "") -> str:
        """What stands in a field of a form."""
        return self.fields.get(name, otherwise) if form == self.form else otherwise

    def wrong(self, form: str, name: str) -> list[str]:
        """What is wrong with it."""
        return [_in_words(each) for each in self.faults if form == self.form and each.path[:1] == (name,)]

    def other(self, form: str, names: Sequence[str]) -> list[str]:
        """What is wrong with the form beside these fields."""
        return [
            _in_words(each) for each in self.faults if form == self.form and each.path[:1] not in [(n,) for n in names]
        ]


def show_schedule(visit: Visit) -> Page:
    """One schedule; with `at`, what became of that instant."""
    return page_of_schedule(visit, Typed())


def page_of_schedule(visit: Visit, typed: Typed) -> Page:
    """The page, with a form that was refused, if one was."""
    name, at = visit.params["name"], visit.query.get("at", "")
    with visit.engine.connect() as connection:
        row = schedule_or_404(connection, name)
        shown = _read(connection, row, folded_fields(visit)) | {"why": answer(connection, row, at) if at else None}
    shown |= {
        "here": below(name),
        "page": path_to(name),
        "typed": typed,
        "show_arguments": visit.settings.dashboard.show_arguments,
        "lines": lines_of_schedule(name, visit.site),
        "may_operate": visit.may(Role.OPERATOR),
        "may_edit": visit.may(Role.EDITOR),
        "channel_links": {} if visit.only else {each.name: path_to_channel(each.name) for each in shown["told"]},
        "all_runs": link_with("/runs", {"schedule": name}),
        "all_acts": link_with("/audit", {"target": f"schedules/{name}"}),
    }
    return Page("schedules/one.html", name, shown, 422 if typed.faults else 200)


PAGES = (PageRoute("GET", ONE, show_schedule, Role.VIEWER),)


def _read(connection: sa.Connection, row: StoredSchedule, folded: Collection[str]) -> dict[str, Any]:
    """All that the page shows of it."""
    [schedule] = show_schedules(connection, [row])
    runs = recent_runs(connection, row.id)
    versions = list_versions(connection, row.name, VERSIONS + 1)
    return {
        "schedule": schedule,
        "words": words_of(row),
        "is_code": row.source == CODE,
        "is_declared": row.source == CODE and row.announced_at is not None,
        "file": row.source.removeprefix("file:") if row.source.startswith("file:") else None,
        "strip": draw_strip(runs),
        "durations": draw_durations(runs),
        "lateness": draw_lateness(runs),
        "usual_seconds": usual_seconds(map(seconds_of, runs)),
        "runs": [_run(each) for each in runs[:RUNS]],
        "seconds": SOON if any(each.state in LIVE_STATES for each in runs) else SELDOM,
        "upcoming": show_upcoming(row, read_clock(connection), UPCOMING),
        "policies": list(policies_of(schedule)),
        "own": {name for name in DEFAULT_POLICIES if getattr(row, name) is not None},
        "versions": versions_of(versions[:VERSIONS], folded),
        "has_more_versions": len(versions) > VERSIONS,
        "told": told_about(connection, row),
        "acts": acts_of(list_audit(connection, ACTS, target=f"schedules/{row.name}"), folded),
        "overlaps": [each.value for each in Overlap],
    }


def _run(row: sa.Row[Any]) -> dict[str, Any]:
    return {**row._mapping, "duration": seconds_of(row), "lateness": lateness_seconds(row)}


def _in_words(fault: Fault) -> str:
    below = ".".join(str(each) for each in fault.path[1:])
    return f"{below}: {fault.message}" if below else fault.message
