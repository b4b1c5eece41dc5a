"""What charts are made of. `kind` is a run's state or `planned`: a colour, and a sign for who does not see colours."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Bar:
    """One bar of several; `note` stands beside its number."""

    label: str
    value: float
    kind: str
    link: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Series:
    """One line of several."""

    label: str
    points: Sequence[tuple[datetime, float]]


@dataclass(frozen=True)
class Mark:
    """One of several that stand in a row, such as a run or a slot. `label` is all that there is to say of it."""

    label: str
    kind: str
    value: float = 0
    link: str | None = None


@dataclass(frozen=True)
class Span:
    """What lasted from `start` to `end`; `count` of them, where they are so many that they are drawn as one."""

    start: datetime
    end: datetime
    kind: str
    label: str
    link: str | None = None
    count: int = 1


@dataclass(frozen=True)
class Row:
    """Spans that stand in one row."""

    label: str
    link: str | None
    spans: Sequence[Span]
