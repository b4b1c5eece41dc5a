"""What the fields of a definition mean, and the choices of policies, in the words of somebody who has to choose."""

from collections.abc import Mapping
from typing import Any

from models.definition import Definition
from models.words.states import Catchup, Overlap

MEANINGS: Mapping[str, Mapping[str, str]] = {
    "overlap": {
        Overlap.SKIP: "the slot is skipped: at most one run at a time, and nothing piles up",
        Overlap.BUFFER_ONE: "one slot waits until the earlier run has ended, further ones are skipped",
        Overlap.BUFFER_ALL: "slots wait for each other and run one by one, up to 1,000 of them",
        Overlap.CANCEL_OTHER: "the earlier run is cancelled, and this one starts when that is gone",
        Overlap.ALLOW: "it starts beside the earlier run",
    },
    "catchup": {
        Catchup.NONE: "none of the slots that passed while nobody planned runs",
        Catchup.LATEST: "only the newest of them runs: what one run brings up to date",
        Catchup.EARLIEST: "only the oldest of them runs",
        Catchup.ALL: "all of them run, oldest first, the newest 100 at most: for work that each slot needs",
    },
}
"""By field, what each of its words means."""

BEGINNINGS: Mapping[str, str] = {
    "overlap": "When a slot is due and an earlier run is still active:",
    "catchup": "After a time in which nobody planned, such as an outage:",
}
"""What such a list begins with."""

EXAMPLES: Mapping[str, str] = {
    "cron": "Minute, hour, day, month, weekday, such as `30 2 * * 1-5`; several in lines below each other.",
    "at": "Such as `2030-01-31T09:00:00Z`, or with another offset.",
    "tags": "With commas between them.",
}
"""How what is written in a field looks, where its description does not say."""

_SCHEMAS = Definition.model_json_schema()["properties"]


def meaning_of(field: str, value: Any) -> str:
    """What a value of a field means: of a policy with words this one's, else what is said of the field."""
    if field in MEANINGS:
        return f"{BEGINNINGS[field]} {MEANINGS[field].get(value, '')}"
    said = [_SCHEMAS[field], *_SCHEMAS[field].get("anyOf", ())]
    return next((each["description"] for each in said if "description" in each), "")
