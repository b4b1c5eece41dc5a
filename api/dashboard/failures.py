"""Failures: what fails alike, and running all of it again."""

from typing import Any

from api.dashboard.frame.asking import asked, instant_of, link_with
from api.dashboard.frame.page import Page, Redirect
from api.dashboard.frame.visits import PageRoute, Visit
from api.shapes.failure_json import FailureQuery, of_schedule, show_failures
from models.sql.scope import scope_parameters
from models.words.roles import Role
from scheduling.commands import bulk
from scheduling.commands.bulk import MOST, Changed
from scheduling.commands.faults import NotFound

ALL = "/failures"
RETRY = "/failures/{fingerprint}/retry"
FILTERS = ("q", "actor", "schedule", "since")


def list_failures(visit: Visit) -> Page:
    """Failures by their kinds, those that were seen last first, with their filters as chips."""
    since = instant_of(visit.query.get("since"), ago=True)
    query = asked(FailureQuery, dict(visit.query) | ({"since": since} if since else {}))
    chosen = {name: visit.query[name] for name in FILTERS if name in visit.query}
    with visit.engine.connect() as connection:
        page = show_failures(connection, query, visit.only)
    shown = {
        "items": page.items,
        "more": link_with(ALL, chosen, cursor=page.next) if page.next else None,
        "chosen": chosen,
        "chips": [(name, value, link_with(ALL, chosen, **{name: None})) for name, value in chosen.items()],
        "may_operate": visit.may(Role.OPERATOR),
    }
    return Page("failures.html", "Failures", shown)


def confirm_retry(visit: Visit) -> Page:
    """How many runs would be run again."""
    fingerprint = visit.params["fingerprint"]
    query = asked(FailureQuery, {"schedule": visit.query.get("schedule")})
    with visit.engine.connect() as connection:
        items = show_failures(connection, query, visit.only, fingerprint).items
    if not items:
        raise NotFound("failure")
    found = _retry(visit, query, dry_run=True)
    shown = {
        "failure": items[0],
        "schedule": query.schedule,
        "matched": found.matched,
        "is_cut": found.matched == MOST,
        "here": link_with(RETRY.format(fingerprint=fingerprint), {}),
        "back": link_with(ALL, {"schedule": query.schedule}),
    }
    return Page("failures_retry.html", "Retry all", shown)


def retry_all(visit: Visit) -> Redirect:
    """Run them again: those that have failed so, and that the visitor sees."""
    query = asked(FailureQuery, {"schedule": visit.form.get("schedule") or None})
    done = _retry(visit, query, dry_run=False)
    refused = f" {len(done.refused):,} were not: {done.refused[0][1][0].message}." if done.refused else ""
    note = f"{len(done.changed):,} of {done.matched:,} runs are run again.{refused}"
    return Redirect(link_with(ALL, {"schedule": query.schedule}), note)


PAGES = (
    PageRoute("GET", ALL, list_failures, Role.VIEWER, heeds_scope=True),
    PageRoute("GET", RETRY, confirm_retry, Role.OPERATOR, heeds_scope=True),
    PageRoute("POST", RETRY, retry_all, Role.OPERATOR, heeds_scope=True),
)


def _retry(visit: Visit, query: FailureQuery, *, dry_run: bool) -> Changed:
    filters: dict[str, Any] = {"fingerprint": visit.params["fingerprint"]}
    if visit.only is not None:
        filters |= scope_parameters(visit.only)
    with visit.engine.connect() as connection:
        filters |= of_schedule(connection, query.schedule)
    return bulk.retry_runs(visit.engine, filters, visit.by, MOST, dry_run=dry_run)
