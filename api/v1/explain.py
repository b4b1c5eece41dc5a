"""Explain: why a schedule did or did not run at a time."""

from pydantic import Field

from api.shapes.explaining.explanation import ExplanationJson, explain
from api.shapes.schedule_json import schedule_or_404
from api.v1.schedules import ONE
from api.web.fields import Query
from api.web.routes import Answer, Call, Route
from models.words.kinds import Instant
from models.words.roles import Role


class ExplanationQuery(Query):
    """Which instant."""

    at: Instant = Field(description="Any instant within the second of the slot.")


def explain_slot(call: Call, query: ExplanationQuery) -> Answer:
    """Say why a schedule did or did not run at a time, in words and data.

    Rows of what happened win over what the present definition says; earlier definitions are not known.
    """
    with call.engine.connect() as connection:
        return Answer(explain(connection, schedule_or_404(connection, call.params["name"]), query.at))


ROUTES = (Route("GET", f"{ONE}/explain", explain_slot, Role.VIEWER, {200: ExplanationJson}),)
