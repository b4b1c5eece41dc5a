"""Many runs at once: all that a filter finds are cancelled, or run again. First it is said how many those are."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from api.dashboard.frame.asking import link_with
from api.dashboard.frame.page import Page, Redirect
from api.dashboard.frame.visits import PageRoute, Visit
from api.dashboard.runs.chosen import Chosen, chosen_of
from api.dashboard.runs.listing import ALL, SHOWN
from api.shapes.run_query import filters_of
from models.words.roles import Role
from models.words.states import FINAL_STATES, LIVE_STATES, State
from scheduling.commands import bulk


@dataclass(frozen=True)
class Act:
    """What is done to many: its verb, what has been done then, to runs in which states, how, and how many it finds."""

    verb: str
    done: str
    states: tuple[State, ...]
    do: Callable[..., bulk.Changed]
    expect: Callable[[sa.Engine, dict[str, Any]], bulk.Expected]

    @property
    def path(self) -> str:
        """Where it is asked for."""
        return f"{ALL}/{self.verb}"


CANCEL = Act("cancel", "cancelled", LIVE_STATES, bulk.cancel_runs, bulk.expect_cancelled)
RETRY = Act("retry", "run again", FINAL_STATES, bulk.retry_runs, bulk.expect_retried)


def ask_to_cancel(visit: Visit) -> Page:
    """How many runs would be cancelled."""
    return _ask(visit, CANCEL)


def cancel_runs(visit: Visit) -> Redirect:
    """Cancel all that the filter finds and that have not ended."""
    return _do(visit, CANCEL)


def ask_to_retry(visit: Visit) -> Page:
    """How many would be run again."""
    return _ask(visit, RETRY)


def retry_runs(visit: Visit) -> Redirect:
    """Run all again that the filter finds and that have ended."""
    return _do(visit, RETRY)


PAGES = (
    PageRoute("GET", CANCEL.path, ask_to_cancel, Role.OPERATOR, heeds_scope=True),
    PageRoute("POST", CANCEL.path, cancel_runs, Role.OPERATOR, heeds_scope=True),
    PageRoute("GET", RETRY.path, ask_to_retry, Role.OPERATOR, heeds_scope=True),
    PageRoute("POST", RETRY.path, retry_runs, Role.OPERATOR, heeds_scope=True),
)


def _ask(visit: Visit, act: Act) -> Page:
    chosen = chosen_of(visit, SHOWN)
    expected = act.expect(visit.engine, _filters(visit, chosen))
    wanted = chosen.query.state
    shown = {
        "act": act,
        "expected": expected,
        "most": bulk.MOST,
        "possible": [state.value for state in act.states if wanted is None or state in wanted],
        "names_states": wanted is not None,
        "chips": chosen.chips(act.path),
        "confirm": link_with(act.path, chosen.lasting),
        "back": link_with(ALL, chosen.given),
    }
    return Page("runs/sure.html", f"{act.verb.capitalize()} runs", shown)


def _do(visit: Visit, act: Act) -> Redirect:
    chosen = chosen_of(visit, SHOWN)
    done = act.do(visit.engine, _filters(visit, chosen), visit.by, bulk.MOST, dry_run=False)
    return Redirect(link_with(ALL, chosen.given), _say(act, done))


def _filters(visit: Visit, chosen: Chosen) -> dict[str, Any]:
    with visit.engine.connect() as connection:
        return filters_of(connection, chosen.query, visit.only) | {"before": None}


def _say(act: Act, done: bulk.Changed) -> str:
    """How many have changed; why not those that have not, in the words of the first."""
    count = len(done.changed)
    said = f"{count:,} run{' was' if count == 1 else 's were'} {act.done}."
    if not done.refused:
        return said
    _, faults = done.refused[0]
    return f"{said} {len(done.refused):,} could not be: {faults[0].message}."
