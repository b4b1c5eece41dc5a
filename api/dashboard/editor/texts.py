"""Values as texts of a form, and back: what nobody has changed comes back as it was."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from api.dashboard.editor.fields import EditorField, Kind
from api.web.problems import Problem
from api.web.strict_json import parse_json
from models.words.instants import write_instant

_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,300}", re.ASCII)
_BREAK = re.compile("\r\n|\r")
_EXACT = 2**53
_LINES, _WORDS = re.compile("[\r\n]+"), re.compile("[\r\n,]+")


def text_of(field: EditorField, value: Any) -> str:
    """How a value stands in its field; nothing where there is none."""
    if value is None:
        return ""
    match field.kind:
        case Kind.INSTANT:
            return write_instant(value)
        case Kind.WHOLE | Kind.NUMBER:
            return write_number(int(value) if float(value).is_integer() and abs(value) < _EXACT else value)
        case Kind.LINES:
            return _write_list(value, _LINES, "\n")
        case Kind.WORDS:
            return _write_list(value, _WORDS, ", ")
    return str(value)


def value_of(field: EditorField, text: str, before: Any) -> Any:
    """What stands in a field, of which nothing that the browser changes by itself is a change. Raises ValueError."""
    if as_sent(field, text) == as_sent(field, text_of(field, before)):
        return before
    if not text.strip():
        return field.empty
    return _READERS.get(field.kind, str.strip)(text)


def as_sent(field: EditorField, text: str) -> str:
    """As browsers send it: with their own ends of lines, or in one line."""
    one_line = field.kind not in (Kind.LONG, Kind.LINES)
    return re.sub("[\r\n]", "", text) if one_line else with_line_feeds(text)


def with_line_feeds(text: str) -> str:
    """The text with ends of lines as everybody but forms has them."""
    return _BREAK.sub("\n", text)


def write_number(value: float) -> str:
    """A number as JSON has it: whole ones exact."""
    return json.dumps(value)


def read_number(text: str) -> Any:
    """The number: whole ones exact, and no other than JSON can hold. Raises ValueError."""
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        raise ValueError("must be a number")
    return read_json_text(text)


def write_json_text(value: Any) -> str:
    """JSON to be changed by people."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def read_json_text(text: str) -> Any:
    """The value of JSON that somebody has written. Raises ValueError."""
    try:
        return parse_json(text.encode("utf-8", "surrogatepass"))
    except Problem as problem:
        raise ValueError(str(problem).removeprefix("the body ")) from None


def _read_whole(text: str) -> int:
    if not _WHOLE.fullmatch(text.strip()):
        raise ValueError("must be a whole number")
    return int(text)


def _write_list(values: list[str], separator: re.Pattern[str], between: str) -> str:
    """As a list of JSON where it could not be told otherwise."""
    plain = between.join(values)
    is_plain = not plain.lstrip().startswith("[") and _read_list(plain, separator) == values
    return plain if is_plain else json.dumps(values, ensure_ascii=False)


def _read_list(text: str, separator: re.Pattern[str]) -> list[str]:
    if text.lstrip().startswith("["):
        found = read_json_text(text)
        if not isinstance(found, list):
            raise ValueError("must be a list")
        return found
    return [each.strip() for each in separator.split(text) if each.strip()]


_READERS: Mapping[Kind, Callable[[str], Any]] = {
    Kind.LONG: with_line_feeds,
    Kind.WHOLE: _read_whole,
    Kind.NUMBER: read_number,
    Kind.LINES: lambda text: _read_list(text, _LINES),
    Kind.WORDS: lambda text: _read_list(text, _WORDS),
}
