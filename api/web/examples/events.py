"""What stands in the log of events, as it is told."""

from typing import Any

from api.web.examples.bodies import NEW_SCHEDULE
from api.web.examples.runs import SUCCEEDED

NEXT = "48121-2"
TYPES = "callsheet.run.failed,callsheet.schedule.paused"

_OF_RUN = ("actor", "queue", "state", "reason", "attempt", "trigger", "slot_at", "due_at", "started_at", "finished_at")
_MEASURED = ("lateness_seconds", "duration_seconds")
ENDED = {
    "specversion": "1.0",
    "id": f"{SUCCEEDED['id']}.2.succeeded",
    "source": "/callsheet",
    "type": "callsheet.run.succeeded",
    "time": "2026-11-23T09:05:19.791200Z",
    "datacontenttype": "application/json",
    "data": {
        "run_id": SUCCEEDED["id"],
        "schedule": NEW_SCHEDULE["name"],
        **{name: SUCCEEDED[name] for name in (*_OF_RUN, *_MEASURED)},
        "error_type": None,
    },
    "subject": NEW_SCHEDULE["name"],
}

EVENTS: dict[str, Any] = {"EventPage": {"items": [ENDED], "next": NEXT}}
