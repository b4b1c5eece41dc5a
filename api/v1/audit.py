"""Audit: who did what."""

from api.access.targets import check_target
from api.shapes.audit_json import AuditPage, AuditQuery, show_audit
from api.web.routes import Answer, Call, Route
from models.words.roles import Role


def list_audit(call: Call, query: AuditQuery) -> Answer:
    """List who did what, newest first.

    What was done to one schedule (`target=schedules/nightly`), run or queue everybody may ask who sees it; for all else
    it takes an admin. A search for few among very many ends a page once it has looked at 10,000; `next` goes on from
    there.
    """
    assert call.caller is not None, "the route declares a role"
    check_target(call.engine, call.caller, query.target or "")
    with call.engine.connect() as connection:
        return Answer(show_audit(connection, query))


ROUTES = (Route("GET", "/v1/audit", list_audit, Role.VIEWER, {200: AuditPage}, problems=(404,), heeds_scope=True),)
