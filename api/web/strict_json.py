"""Reading request bodies: bounded, JSON only, and no JSON that other readers would understand differently."""

import json
import math
import re
import sys
from typing import Any, NoReturn

import falcon

from api.web.problems import Problem
from models.words.text import MAX_DEPTH, is_storable

MAX_BODY_BYTES = 256 * 1024
_ANYTHING = re.compile("[1-9]")


def read_json(req: falcon.Request, media_types: tuple[str, ...], max_bytes: int = MAX_BODY_BYTES) -> Any:
    """The JSON value of the request's body; an empty body counts as `{}`. Raises Problem (400, 413, 415, 422)."""
    raw = _read_bounded(req, max_bytes)
    if not raw and not req.content_type:
        return {}
    _check_media_type(req.content_type or "", media_types)
    return parse_json(raw) if raw else {}


def parse_json(raw: bytes) -> Any:
    """The value of a JSON text. Raises Problem 400 for one that is not valid, too deep, or ambiguous, 422 for one
    with a number that can't be kept."""
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_float,
            parse_int=_int,
        )
    except UnicodeDecodeError:
        raise Problem(400, "the body is not valid UTF-8") from None
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Problem(400, f"the body is not valid JSON: {error.msg} at {where}") from None
    except ValueError as error:
        raise Problem(400, f"the body is not valid JSON: {error}") from None
    _check_values(value)
    return value


def _read_bounded(req: falcon.Request, max_bytes: int) -> bytes:
    if (req.content_length or 0) > max_bytes:
        raise _too_large(max_bytes)
    raw: bytes = req.bounded_stream.read(max_bytes + 1)
    if len(raw) > max_bytes:
        raise _too_large(max_bytes)
    return raw


def _check_media_type(content_type: str, media_types: tuple[str, ...]) -> None:
    media_type, parameters = falcon.parse_header(content_type)
    charset = parameters.get("charset", "utf-8").lower()
    if media_type.lower() not in media_types or charset not in ("utf-8", "utf8"):
        raise Problem(415, f"the body must be {' or '.join(media_types)}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("an object has the same key twice")
    return value


def _refuse_constant(_text: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def _float(text: str) -> float:
    """Raises Problem 422 for a number that would become infinite, or nothing."""
    value = float(text)
    if math.isinf(value) or (value == 0 and _ANYTHING.search(text.lower().partition("e")[0])):
        raise _out_of_range()
    return value


def _int(text: str) -> int:
    """Of any length, within the range of floats: many readers of JSON know no other numbers."""
    if len(text) > sys.float_info.max_10_exp and math.isinf(float(text)):
        raise _out_of_range()
    return int(text)


def _check_values(value: Any) -> None:
    """Depth and characters, without recursion."""
    level, depth = [value], 0
    while level:
        if depth == MAX_DEPTH and any(isinstance(each, dict | list) for each in level):
            raise _too_deep()
        deeper: list[Any] = []
        for each in level:
            if isinstance(each, str):
                _check_text(each)
            elif isinstance(each, dict):
                for key in each:
                    _check_text(key)
                deeper += each.values()
            elif isinstance(each, list):
                deeper += each
        level, depth = deeper, depth + 1


def _check_text(text: str) -> None:
    if not is_storable(text):
        raise Problem(400, "a string holds NUL or half of a surrogate pair")


def _out_of_range() -> Problem:
    return Problem(422, "a number is out of range: its size must be between 5e-324 and 1.8e308, or zero")


def _too_large(max_bytes: int) -> Problem:
    return Problem(413, f"the body is larger than {max_bytes // 1024} KiB")


def _too_deep() -> Problem:
    return Problem(400, f"the body is nested more than {MAX_DEPTH} levels deep")
