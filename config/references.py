"""The grammar of references in arguments: `${secret:NAME}` and `${run:FIELD}`."""

import re
from collections.abc import Iterable

REFERENCE = re.compile(r"\$\{(secret|run):([A-Za-z0-9_]+)\}")
"""A reference; its kind and its name."""

RUN_FIELDS = (
    "id", "actor", "schedule", "slot_at", "slot_local", "slot_date", "previous_slot_at", "next_slot_at", "due_at",
    "attempt", "trigger",
)  # fmt: skip
"""The fields of a run that `${run:FIELD}` may name. Those of slots are of runs that stand for one."""

_BEGINNING = re.compile(r"\$\{(?:secret|run):")


def has_reference(text: str) -> bool:
    """Whether the text holds a reference."""
    return REFERENCE.search(text) is not None


def unknown_fields(texts: Iterable[str]) -> list[str]:
    """What the texts name as fields of a run that no run has; the first."""
    named = (name for text in texts for kind, name in REFERENCE.findall(text) if kind == "run")
    return [name for name in named if name not in RUN_FIELDS][:1]


def secrets_in(texts: Iterable[str]) -> list[str]:
    """The names of the secrets that the texts refer to."""
    named = (name for text in texts for kind, name in REFERENCE.findall(text) if kind == "secret")
    return list(dict.fromkeys(named))


def is_misspelt(text: str) -> bool:
    """Whether something in the text begins like a reference and is none, so that it would be handed on as it stands."""
    return len(_BEGINNING.findall(text)) > len(REFERENCE.findall(text))
