"""What a visitor asks for, in the URL or a form, read by the shapes that the API has; and links that ask for it."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ValidationError

from models.words.faults import faults_of
from scheduling.commands.faults import Refused

T = TypeVar("T", bound=BaseModel)

_SPAN = re.compile(r"(?:(\d+)\s*d)?\s*(?:(\d+)\s*h)?\s*(?:(\d+)\s*m(?:in)?)?")
_MOST_DAYS = 36500


def asked(shape: type[T], given: Mapping[str, Any]) -> T:
    """These fields in that shape. Raises Refused."""
    try:
        return shape.model_validate(dict(given))
    except ValidationError as error:
        raise Refused(faults_of(error)) from None


def instant_of(text: str | None) -> str | None:
    """An instant that somebody has written, as the API takes it: a span from now (`2d`, `8h`, `1h 30m`) is one too.
    What is neither is left for the API's own words."""
    text = (text or "").strip()
    found = _SPAN.fullmatch(text)
    if not text or found is None or not any(found.groups()):
        return text or None
    days, hours, minutes = (min(int(part or 0), _MOST_DAYS) for part in found.groups())
    return (datetime.now(UTC) + timedelta(days=days, hours=hours, minutes=minutes)).isoformat()


def link_with(path: str, chosen: Mapping[str, Any], **other: Any) -> str:
    """The path with these parameters, of which `other` replace or, where None, leave out some."""
    parameters = {name: value for name, value in (dict(chosen) | other).items() if value is not None}
    return quote(path) + (f"?{urlencode(parameters)}" if parameters else "")
