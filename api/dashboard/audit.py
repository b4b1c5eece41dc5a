"""Audit: who did what, and what it changed."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from api.access.targets import check_target
from api.dashboard.frame.asking import asked, instant_of, link_with
from api.dashboard.frame.page import Page
from api.dashboard.frame.visits import PageRoute, Visit
from api.shapes.audit_json import AuditPage, AuditQuery, show_audit
from models.words.roles import Role
from models.words.values import is_same

ALL = "/audit"
FILTERS = ("who", "action", "target", "since", "until")
LINKED = ("schedules", "runs", "channels")
"""Kinds of targets that have a page of their own; others are on the one of their kind."""

LISTED = ("queues", "tokens", "workers")

FOLDED = ("args",)
"""Fields that may be shown when somebody asks for them alone."""


class Change(NamedTuple):
    """A field that an act has changed; None where there was none."""

    field: str
    before: Any
    after: Any


def show_acts(visit: Visit) -> Page:
    """Acts, newest first, with their filters as chips. Of all things an admin sees them, others those of one thing."""
    instants = {name: instant_of(visit.query.get(name), ago=True) for name in ("since", "until")}
    query = asked(AuditQuery, dict(visit.query) | {name: at for name, at in instants.items() if at})
    sees_all = visit.may(Role.ADMIN) and visit.only is None
    page = AuditPage(items=[], next=None)
    if sees_all or query.target:
        check_target(visit.engine, visit.caller, query.target or "")
        with visit.engine.connect() as connection:
            page = show_audit(connection, query)
    chosen = {name: visit.query[name] for name in FILTERS if name in visit.query}
    shown = {
        "items": [(act, changes(act.before, act.after), _link_of(act.target)) for act in page.items],
        "chosen": chosen,
        "chips": [(name, value, link_with(ALL, chosen, **{name: None})) for name, value in chosen.items()],
        "more": link_with(ALL, chosen, cursor=page.next) if page.next else None,
        "folded": () if visit.settings.dashboard.show_arguments else FOLDED,
        "is_asked": sees_all or bool(query.target),
        "is_cut": page.next is not None and len(page.items) < query.limit,
    }
    return Page("audit.html", "Audit", shown)


def changes(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[Change]:
    """The fields that are different, in the order in which they are written."""
    old, new = before or {}, after or {}
    fields = dict.fromkeys([*old, *new])
    return [Change(name, old.get(name), new.get(name)) for name in fields if not is_same(old.get(name), new.get(name))]


PAGES = (PageRoute("GET", ALL, show_acts, Role.VIEWER, heeds_scope=True),)


def _link_of(target: str) -> str | None:
    kind, _, name = target.partition("/")
    if kind in LINKED and name:
        return link_with(f"/{target}", {})
    if kind in LISTED:
        return f"/{kind}"
    return "/queues" if kind == "hold" else None
