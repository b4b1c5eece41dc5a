"""Instants and spans as people write and read them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from api.shapes.spans import read_span

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_STEPS = ((86400 * 2, 86400, "d"), (3600 * 2, 3600, "h"), (120, 60, "min"), (0, 1, "s"))


class Span(click.ParamType):  # type: ignore[type-arg]
    """A span such as 90s, 5m, 2h, 1d12h; a bare number is seconds."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Its seconds."""
        seconds = read_span(str(value))
        if seconds is None:
            if not _NUMBER.fullmatch(str(value)):
                self.fail(f"{value!r} is no span such as 90s, 5m, 2h or 1d12h", param, ctx)
            seconds = float(value)
        return seconds


class When(click.ParamType):  # type: ignore[type-arg]
    """An instant: a span from now, a clock time of today or tomorrow, or a date and time; local without an offset.

    A clock time of `until` is the first after `since`, where both are given: from 22:00 until 06:00.
    """

    name = "instant"

    def __init__(self, *, ahead: bool = False) -> None:
        self._ahead = ahead

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The instant as the API takes it."""
        try:
            text = str(value).strip()
            instant = _read(text, *self._from(text, param, ctx))
            return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
        except (ValueError, OverflowError):
            example = "2h, 06:00 or 2026-11-23T09:05:00Z"
            self.fail(f"{value!r} is no instant such as {example}", param, ctx)

    def _from(self, text: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[datetime, bool]:
        """From when on, and in which direction, the text is read."""
        since = ctx.params.get("since") if ctx and param and param.name == "until" else None
        if isinstance(since, str) and _CLOCK.fullmatch(text):
            return datetime.fromisoformat(since), True
        return datetime.now(UTC), self._ahead


def show_instant(text: str, how: str, now: datetime | None = None) -> str:
    """An instant of the API's, `relative`, `local` or `utc`."""
    instant = datetime.fromisoformat(text)
    if how == "utc":
        return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if how == "local":
        return instant.astimezone().isoformat(" ", "seconds")
    seconds = round((instant - (now or datetime.now(UTC))).total_seconds())
    return f"in {show_span(seconds)}" if seconds > 0 else f"{show_span(-seconds)} ago"


def show_span(seconds: float) -> str:
    """About how long, in its largest unit; short ones to the hundredth."""
    if 0 < seconds < 0.1:
        return f"{max(1, round(seconds * 1000))} ms"
    if seconds < 10:
        return f"{seconds:.2f}".rstrip("0").rstrip(".") + " s"
    size, unit = next((size, unit) for least, size, unit in _STEPS if seconds >= least)
    return f"{seconds / size:.0f} {unit}"


def _read(text: str, now: datetime, ahead: bool) -> datetime:
    if text == "now":
        return now
    if (seconds := read_span(text)) is not None:
        return now + timedelta(seconds=seconds if ahead else -seconds)
    if clock := _CLOCK.fullmatch(text):
        return _at_clock(now, [int(part or 0) for part in clock.groups()], ahead)
    return datetime.fromisoformat(text).astimezone(UTC)


def _at_clock(now: datetime, clock: list[int], ahead: bool) -> datetime:
    """The next time, or the last one, that a clock on this wall shows this."""
    wall = now.astimezone().replace(tzinfo=None)
    hour, minute, second = clock
    at = wall.replace(hour=hour, minute=minute, second=second, microsecond=0)
    if ahead and at <= wall:
        at += timedelta(days=1)
    elif not ahead and at > wall:
        at -= timedelta(days=1)
    return at.astimezone(UTC)
