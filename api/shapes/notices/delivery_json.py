"""Deliveries as the API shows them."""

from uuid import UUID

from pydantic import BaseModel, Field

from api.shapes.run_json import RunError
from api.web.fields import Moment
from models.notices.deliveries import StoredDelivery
from models.words.states import State


class DeliveryJson(BaseModel):
    """A notice that a channel is told, and how far that is. It is a run of the actor `notify`, which
    `GET /v1/runs/{id}` has whole."""

    id: UUID
    kind: str = Field(description="One of the events of channels, or `test`.")
    schedule: str | None
    run_id: UUID | None = Field(description="The run that it is about.")
    at: Moment
    state: State
    attempt: int
    max_retries: int
    due_at: Moment = Field(description="When the next attempt is due, or the latest was.")
    finished_at: Moment | None
    error: RunError | None


class DeliveryPage(BaseModel):
    """What a channel has been told, the newest first."""

    items: list[DeliveryJson]
    next: UUID | None


def show_delivery(row: StoredDelivery) -> DeliveryJson:
    """A delivery as JSON."""
    error = None if row.error_type is None else RunError(type=row.error_type, message=row.error_message)
    return DeliveryJson(**{name: getattr(row, name, None) for name in DeliveryJson.model_fields} | {"error": error})
