"""Lines over time. They differ by their dashes and their points, not by colour alone."""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

from markupsafe import Markup

from api.dashboard.charts.marks import Series
from api.dashboard.charts.scales import clock, cut, finite, place, say, share, short, ticks, time_ticks
from api.dashboard.charts.svg import NOTHING, box, empty, figure, many, table_of, tag, text
from api.dashboard.frame.words import instant

WIDTH, LEFT, RIGHT, TOP, PLOT = 640, 84, 16, 10, 160
_FOOT, _LEGEND = 26, 20
_LOOKS = 6
_MOST_POINTS = 80

Points = list[tuple[datetime, float]]


def line(key: str, title: str, series: Sequence[Series], unit: str, zone: tzinfo = UTC) -> Markup:
    """The lines over one axis of time. It begins at 0, or below where a value is."""
    lines = [(each.label, sorted((at, finite(value)) for at, value in each.points)) for each in series]
    points = [point for _, those in lines for point in those]
    if not points:
        return empty("line", title, f"No {unit} in this time.")
    since, until = min(at for at, _ in points), max(at for at, _ in points)
    low = min(0.0, *(value for _, value in points))
    axis = [low + step for step in ticks(max(value for _, value in points) - low, unit=unit)]
    scale = (since, until, axis[0], axis[-1])
    drawing = many(
        [_values(axis, unit), _times(since, until, zone)]
        + [_line(index, label, those, scale, unit, zone) for index, (label, those) in enumerate(lines)]
        + [_legend(index, label) for index, (label, _) in enumerate(lines)]
    )
    return figure(
        key, "line", title, _description(points, len(lines), unit, zone),
        (WIDTH, TOP + PLOT + _FOOT + _LEGEND * len(lines)), drawing, _table(title, lines, unit), scrolls=True,
    )  # fmt: skip


def _values(axis: Sequence[float], unit: str) -> Markup:
    parts = []
    for value in axis:
        y = TOP + PLOT * (1 - share(value - axis[0], axis[-1] - axis[0]))
        parts.append(tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="grid"))
        parts.append(text(LEFT - 6, y + 4, short(value, unit), text_anchor="end", class_="tick"))
    return many(parts)


def _times(since: datetime, until: datetime, zone: tzinfo) -> Markup:
    y = TOP + PLOT + 18
    return many(
        text(_x(at, since, until), y, said, text_anchor="middle", class_="tick")
        for at, said in time_ticks(since, until, zone, 6)
    )


def _x(at: datetime, since: datetime, until: datetime) -> float:
    return LEFT + place(at, since, until) * (WIDTH - LEFT - RIGHT)


def _line(
    index: int, label: str, points: Points, scale: tuple[datetime, datetime, float, float], unit: str, zone: tzinfo
) -> Markup:
    if not points:
        return NOTHING
    since, until, low, high = scale
    places = [(_x(at, since, until), TOP + PLOT * (1 - share(value - low, high - low))) for at, value in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    look = f"series-{index % _LOOKS}"
    every = -(-len(points) // _MOST_POINTS)
    signs = [
        _sign(index, *where, look, f"{label}: {say(value, unit)} at {clock(at, zone)}")
        for number, (where, (at, value)) in enumerate(zip(places, points, strict=True))
        if number % every == 0 or number == len(points) - 1
    ]
    return many([tag("polyline", points=path, class_=f"series {look}"), *signs])


def _sign(index: int, x: float, y: float, look: str, whole: str = "") -> Markup:
    title, look = tag("title", whole) if whole else NOTHING, f"point {look}"
    if index % 3 == 0:
        return tag("circle", title, cx=x, cy=y, r=3, class_=look)
    if index % 3 == 1:
        return box(x - 3, y - 3, 6, 6, title, class_=look)
    return tag(
        "polygon", title, points=f"{x:.1f},{y - 4:.1f} {x + 4:.1f},{y + 3:.1f} {x - 4:.1f},{y + 3:.1f}", class_=look
    )


def _legend(index: int, label: str) -> Markup:
    y, look = TOP + PLOT + _FOOT + 10 + _LEGEND * index, f"series-{index % _LOOKS}"
    return many([
        tag("polyline", points=f"{LEFT},{y} {LEFT + 36},{y}", class_=f"series {look}"),
        _sign(index, LEFT + 18.0, float(y), look),
        text(LEFT + 44, y + 4, cut(label, 70), class_="label"),
    ])  # fmt: skip


def _description(points: Points, lines: int, unit: str, zone: tzinfo) -> str:
    most, least = (pick(points, key=lambda point: point[1]) for pick in (max, min))
    which = "One line" if lines == 1 else f"{lines} lines"
    return (
        f"{which} with {len(points)} point{'' if len(points) == 1 else 's'}; "
        f"most is {say(most[1], unit)} at {clock(most[0], zone)}, least {say(least[1], unit)}."
    )


def _table(title: str, lines: Sequence[tuple[str, Points]], unit: str) -> Markup:
    found: dict[datetime, dict[int, str]] = {}
    for index, (_, points) in enumerate(lines):
        for at, value in points:
            found.setdefault(at, {})[index] = say(value, unit)
    rows = [(instant(at), *(found[at].get(index, "") for index in range(len(lines)))) for at in sorted(found)]
    return table_of(title, ("When", *(label for label, _ in lines)), rows)
