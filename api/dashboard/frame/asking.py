"""What a visitor asks for, in the URL or a form, read by the shapes that the API has; and links that ask for it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ValidationError

from api.shapes.spans import read_span
from models.words.faults import faults_of
from scheduling.commands.faults import Refused

T = TypeVar("T", bound=BaseModel)

_MOST_SECONDS = 36500 * 86400


def asked(shape: type[T], given: Mapping[str, Any]) -> T:
    """These fields in that shape. Raises Refused."""
    try:
        return shape.model_validate(dict(given))
    except ValidationError as error:
        raise Refused(faults_of(error)) from None


def instant_of(text: str | None, *, ago: bool = False) -> str | None:
    """An instant that somebody has written, as the API takes it: a span from now (`2d`, `8h`, `1 h 30 min`), or with
    `ago` up to now, is one too. What is neither is left for the API's own words."""
    text = (text or "").strip()
    seconds = read_span(text)
    if seconds is None:
        return text or None
    span = timedelta(seconds=min(seconds, _MOST_SECONDS))
    return (datetime.now(UTC) + (-span if ago else span)).isoformat()


def link_with(path: str, chosen: Mapping[str, Any], **other: Any) -> str:
    """The path with these parameters, of which `other` replace or, where None, leave out some. A list is one
    that is given several times."""
    parameters = {name: value for name, value in (dict(chosen) | other).items() if value is not None}
    return quote(path) + (f"?{urlencode(parameters, doseq=True)}" if parameters else "")
