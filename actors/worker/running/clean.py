"""Text and results as the database can hold them: without NUL and lone surrogates, bounded."""

import json
import math
from typing import Any

from config.secrets import known_secrets
from models.words.numbers import write_large_out
from models.words.text import MAX_DEPTH, is_deep

MAX_RESULT_BYTES = 65536
_HEAD_SHOWN = 1000
_HEAD_CHARACTERS = 65536
MAX_MESSAGE_CHARACTERS = 4000
MAX_TRACEBACK_CHARACTERS = 32000
MAX_DOC_CHARACTERS = 20_000


def clean_text(text: str, limit: int) -> str:
    """The text without what PostgreSQL refuses; its middle is cut out where it is longer than `limit`."""
    text = text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", errors="replace").decode("utf-8")
    if len(text) <= limit:
        return text
    return f"{text[: limit // 2]}\n[… {len(text) - limit} characters dropped …]\n{text[-limit // 2 :]}"


def clean_result(value: Any) -> str | None:
    """A result as JSON text; what is not JSON is replaced by a description of what it was."""
    if value is None:
        return None
    try:
        text = json.dumps(value, default=_describe, ensure_ascii=True, allow_nan=False)
    except Exception as error:  # noqa: BLE001 - whatever a result's own code raises, the run has ended
        because = clean_text(known_secrets().mask(describe_error(error)), 200)
        return json.dumps({"unreadable": type(value).__name__, "because": because})
    if len(text) > MAX_RESULT_BYTES:
        head = known_secrets().mask(text[:_HEAD_CHARACTERS])[:_HEAD_SHOWN]
        return json.dumps({"truncated": True, "bytes": len(text), "head": clean_text(head, _HEAD_SHOWN)})
    if text[0] in "[{" and is_deep(json.loads(text)):
        return json.dumps({"unreadable": type(value).__name__, "because": f"nested deeper than {MAX_DEPTH} levels"})
    if known_secrets().may_be_in(text) or "\\u0000" in text or "\\ud" in text.lower():
        text = json.dumps(clean_json(known_secrets().mask_values(json.loads(text))), ensure_ascii=True)
    return write_large_out(text)


def clean_json(value: Any) -> Any:
    """The value as JSON that can be stored: text as `clean_text` has it, and in words what is no JSON, infinite numbers
    too."""
    match value:
        case str():
            return clean_text(value, MAX_RESULT_BYTES)
        case None | bool() | int():
            return value
        case float() if math.isfinite(value):
            return value
        case dict():
            return {clean_text(str(key), MAX_RESULT_BYTES): clean_json(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [clean_json(item) for item in value]
        case _:
            return clean_text(str(value), MAX_RESULT_BYTES)


def describe_error(error: BaseException) -> str:
    """The exception's own words, or what it is where it has none."""
    try:
        return str(error)
    except BaseException:  # noqa: BLE001 - __str__ is user code, and may even exit
        return f"<{type(error).__name__} whose message can't be read>"


def _describe(value: object) -> str:
    return str(value)
