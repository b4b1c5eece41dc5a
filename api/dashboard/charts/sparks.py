"""A sparkline: the outcomes of a row of runs, small. What is well stands up, what has failed hangs down."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby

from markupsafe import Markup, escape

from api.dashboard.charts.kinds import BAD, FLAT, HOLLOW, class_of
from api.dashboard.charts.marks import Mark
from api.dashboard.charts.scales import finite, share
from api.dashboard.charts.svg import empty, figure, table_of, tag, trusted

STEP, WIDE, MIDDLE, HIGH, LEAST = 4, 3, 15, 24, 3
FEWEST = 20
"""So much room there is at least, so that few marks do not become large."""


def sparkline(key: str, title: str, marks: Sequence[Mark]) -> Markup:
    """The marks in their order, the newest last; the higher, the larger is its value."""
    if not marks:
        return empty("sparkline", title, "none yet", has_caption=False)
    most = max(finite(each.value) for each in marks)
    room = max(len(marks), FEWEST)
    drawing = trusted(
        _mark(STEP * (room - len(marks) + index), each, share(finite(each.value), most))
        for index, each in enumerate(marks)
    )
    baseline = tag("line", x1=0, x2=STEP * room, y1=MIDDLE, y2=MIDDLE, class_="grid")
    return figure(
        key, "sparkline", title, count_kinds(marks), (STEP * room, HIGH), baseline + drawing,
        table_of(title, ("Outcome", "How often in a row"), _stretches(marks)),
        has_links=any(each.link for each in marks), has_caption=False,
    )  # fmt: skip


def count_kinds(marks: Sequence[Mark]) -> str:
    """How many there are of each kind, and the last one."""
    kinds = [each.kind for each in marks]
    counts = sorted(((kinds.count(kind), kind) for kind in set(kinds)), key=lambda each: (-each[0], each[1]))
    return f"{len(marks)}: {', '.join(f'{count} {kind}' for count, kind in counts)}; the last one {kinds[-1]}."


def _mark(x: int, each: Mark, part: float) -> str:
    height = LEAST + round(part * (MIDDLE - LEAST))
    link = f'<a href="{escape(each.link)}" tabindex="-1">' if each.link else ""
    return f"{link}{_shape(x, each.kind, height)}<title>{escape(each.label)}</title></rect>{'</a>' if link else ''}"


@lru_cache(maxsize=8192)
def _shape(x: int, kind: str, height: int) -> str:
    """The beginning of a rectangle: a page has thousands of them, and few that differ."""
    y, hollow = MIDDLE - height, " hollow" if kind in HOLLOW else ""
    if kind in BAD:
        y, height = MIDDLE, HIGH - MIDDLE
    if kind in FLAT:
        y, height = MIDDLE - 1, 2
    return f'<rect x="{x}" y="{y}" width="{WIDE}" height="{height}" class="{class_of(kind)}{hollow}">'


def _stretches(marks: Sequence[Mark]) -> Iterator[tuple[str, int]]:
    """Those of one kind that follow each other are one row: very many charts of this kind are on one page."""
    return ((kind, len(list(those))) for kind, those in groupby(marks, key=lambda each: each.kind))
