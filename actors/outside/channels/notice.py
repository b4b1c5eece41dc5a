"""Reading a notice from the arguments of the run that tells it."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from models.notices.notice import Notice

_READ: dict[str, Callable[[str], Any]] = {
    "at": datetime.fromisoformat,
    "slot_at": datetime.fromisoformat,
    "run_id": UUID,
}


def read_notice(data: Mapping[str, Any]) -> Notice:
    """The notice. A newer release may have written it: what is not known is left out."""
    known = {each.name: data[each.name] for each in fields(Notice) if data.get(each.name) is not None}
    return Notice(**{name: _READ[name](value) if name in _READ else value for name, value in known.items()})
