"""A Gantt chart: what lasted how long, in rows, around now."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from functools import lru_cache

from markupsafe import Markup

from api.dashboard.charts.kinds import BAD, HOLLOW, class_of, sign_of
from api.dashboard.charts.marks import Row, Span
from api.dashboard.charts.scales import clock, cut, place, short, time_ticks
from api.dashboard.charts.svg import NOTHING, box, empty, figure, linked, many, rows_of, table_of, tag, text
from api.dashboard.frame.words import instant

WIDTH, LEFT, TOP, HIGH = 960, 210, 24, 28
PLOT = WIDTH - LEFT - 6
TARGET = 24
"""What can be pressed is at least as wide and high, and does not overlap."""

_LETTERS = 28
_LEAST = 3.0
_WIDE = 12
"""What is as wide has room for dashes."""


def gantt(
    key: str, title: str, rows: Sequence[Row], since: datetime, until: datetime, now: datetime | None = None,
    zone: tzinfo = UTC,
) -> Markup:  # fmt: skip
    """The rows in their order, of each the spans that touch the time from `since` to `until`."""
    since, until = min(since, until), max(since, until)
    seen = [
        Row(row.label, row.link, tuple(span for span in row.spans if span.start <= until and span.end >= since))
        for row in rows
    ]
    if not any(row.spans for row in seen):
        return empty("gantt", title, "There is nothing in this time.")
    bottom = TOP + HIGH * len(seen)
    drawing = many([
        _times(since, until, bottom, zone),
        *(_row(index, row, (since, until), zone) for index, row in enumerate(seen)),
        _now(now, since, until, bottom),
    ])  # fmt: skip
    return figure(
        key, "gantt", title, _description(seen, since, until, zone), (WIDTH, bottom + 4), drawing,
        table_of(title, ("Row", "What", "State", "From", "To"), many(_cells(row) for row in seen)),
        has_links=any(row.link or any(span.link for span in row.spans) for row in seen), scrolls=True,
    )  # fmt: skip


def _x(at: datetime, since: datetime, until: datetime) -> float:
    return LEFT + place(at, since, until) * PLOT


def _times(since: datetime, until: datetime, bottom: int, zone: tzinfo) -> Markup:
    parts = []
    for at, said in time_ticks(since, until, zone, 10):
        x = _x(at, since, until)
        parts.append(tag("line", x1=x, x2=x, y1=TOP - 4, y2=bottom, class_="grid"))
        near_end = x > WIDTH - 40
        parts.append(text(min(x, WIDTH), 14, said, text_anchor="end" if near_end else "middle", class_="tick"))
    return many(parts)


def _now(now: datetime | None, since: datetime, until: datetime, bottom: int) -> Markup:
    if now is None or not since <= now <= until:
        return NOTHING
    x = _x(now, since, until)
    return tag("line", tag("title", "now"), x1=x, x2=x, y1=TOP - 8, y2=bottom, class_="now")


# A chart is drawn time and again while runs go on, and most of its rows are as they were.
@lru_cache(maxsize=2048)
def _row(index: int, row: Row, within: tuple[datetime, datetime], zone: tzinfo) -> Markup:
    y = TOP + HIGH * index
    name = tag("g", tag("title", row.label), box(0, y + 2, LEFT - 8, TARGET, class_="hit"),
               text(LEFT - 12, y + 18, cut(row.label, _LETTERS), text_anchor="end", class_="label"))  # fmt: skip
    parts = [
        box(LEFT, y, PLOT, HIGH, class_="row odd" if index % 2 else "row"),
        linked(row.link, name),
    ]
    free = float("-inf")
    for span in sorted(row.spans, key=lambda each: (each.start, each.end)):
        x = _x(span.start, *within)
        width = max(_LEAST, _x(span.end, *within) - x)
        begin = x + width / 2 - max(width, TARGET) / 2
        link = span.link if begin >= free else None
        if link:
            free = begin + max(width, TARGET)
        parts.append(_span(span, y, (x, width, begin), link, zone))
    return many(parts)


def _span(span: Span, y: int, where: tuple[float, float, float], link: str | None, zone: tzinfo) -> Markup:
    """A failed one has a foot, one that has not ended is hollow, and where there is room it has its sign."""
    x, width, begin = where
    look = f"{class_of(span.kind)}{' hollow' if span.kind in HOLLOW else ''}{' wide' if width >= _WIDE else ''}"
    whole = f"{span.label}: {span.kind}, {clock(span.start, zone)} to {clock(span.end, zone)}"
    shapes = [tag("title", whole), box(x, y + 6, width, 16, rx=2, class_=f"span {look}")]
    if span.kind in BAD:
        shapes.append(box(x, y + 22, max(width, 6), 3, class_=f"span {look}"))
    if link:
        shapes.append(box(begin, y + 2, max(width, TARGET), TARGET, class_="hit"))
    sign = short(span.count) if span.count > 1 else sign_of(span.kind)
    if width >= 18 and sign:
        shapes.append(text(x + width / 2, y + 18, sign, text_anchor="middle", class_=f"sign {look}"))
    return linked(link, tag("g", *shapes))


def _description(seen: Sequence[Row], since: datetime, until: datetime, zone: tzinfo) -> str:
    busiest = max(seen, key=lambda row: len(row.spans))
    kinds = Counter(span.kind for row in seen for span in row.spans)
    return (
        f"{len(seen)} row{'' if len(seen) == 1 else 's'} from {clock(since, zone)} to {clock(until, zone)}: "
        f"{', '.join(f'{number} {kind}' for kind, number in kinds.items())}; "
        f"most are in {busiest.label} with {len(busiest.spans)}."
    )


@lru_cache(maxsize=2048)
def _cells(row: Row) -> Markup:
    return rows_of((row.label, each.label, each.kind, instant(each.start), instant(each.end)) for each in row.spans)
