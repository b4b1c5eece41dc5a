"""Definitions and arguments as anybody may write them, to be tried in the form."""

import re
from datetime import UTC, datetime
from math import ceil

from hypothesis import strategies as st

from api.dashboard.editor.arguments import Argument, ArgumentKind, arguments_of
from api.dashboard.editor.fields import FIELDS, Kind
from models.definition import Definition
from models.words.states import Catchup, Overlap

TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=40)
ODD = st.sampled_from(
    ["", " ", "a, b", "a\nb", "a\r\nb", "\nfirst", " edge ", "[1]", "${secret:KEY}", "<b>&amp;", "\x85", "null"]
)
WORDS = TEXT | ODD
NUMBERS = st.integers(-(2**300), 2**300) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["message", "count", "is_on", "level", "headers", "other", "", "*", "a b", "a\nb"])
INSTANTS = st.datetimes(datetime(1000, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - of hypothesis
SCHEMA = {
    "type": "object",
    "properties": {
        "message": {"type": "string", "description": "What to say."},
        "count": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": 3},
        "is_on": {"type": ["boolean", "null"]},
        "level": {"$ref": "#/$defs/Level"},
        "headers": {"type": "object", "additionalProperties": {"type": "string"}},
        "either": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
    },
    "required": ["message"],
    "$defs": {"Level": {"enum": ["info", "warning", 3]}},
}
ARGUMENTS = arguments_of(SCHEMA)


def seconds(least: float, most: float) -> st.SearchStrategy[float]:
    return st.floats(least, most) | st.integers(ceil(least), int(most))


DEFINITIONS = st.fixed_dictionaries(
    {"actor": st.sampled_from(["log_message", "a b", "a\rb", "ä"])},
    optional={
        "description": WORDS,
        "args": st.dictionaries(NAMES, VALUES, max_size=6).filter(lambda args: isinstance(args.get("*", []), list)),
        "queue": st.none() | st.just("mail"),
        "priority": st.integers(0, 9),
        "cron": st.none() | st.lists(WORDS.filter(bool), min_size=1, max_size=3),
        "every_seconds": st.none() | seconds(1, 315_360_000),
        "at": st.none() | INSTANTS,
        "timezone": st.sampled_from(["UTC", "Europe/Berlin"]),
        "starts_at": st.none() | INSTANTS,
        "ends_at": st.none() | INSTANTS,
        "max_runs": st.none() | st.integers(1, 2**31 - 1),
        "jitter_seconds": seconds(0, 604_800),
        "overlap": st.sampled_from(Overlap),
        "catchup": st.sampled_from(Catchup),
        "catchup_window_seconds": seconds(0, 315_360_000),
        "max_retries": st.none() | st.integers(0, 1000),
        "min_backoff_seconds": st.none() | seconds(0, 2_592_000),
        "time_limit_seconds": st.none() | seconds(0.001, 2_592_000),
        "tags": st.lists(WORDS.filter(bool), max_size=4, unique=True),
    },
).map(Definition.model_validate)


def as_browsers_send(texts: dict[str, str], arguments: list[Argument]) -> dict[str, str]:
    """Each in what the page has for it: a line, or several."""
    lines = {name for name, field in FIELDS.items() if field.kind in (Kind.LONG, Kind.LINES)} | {"args"}
    lines |= {f"args.{each.name}" for each in arguments if each.kind in (ArgumentKind.JSON, ArgumentKind.TEXT)}
    return {
        name: re.sub("\r\n|\r|\n", "\r\n", text) if name in lines else re.sub("[\r\n]", "", text)
        for name, text in texts.items()
    }
