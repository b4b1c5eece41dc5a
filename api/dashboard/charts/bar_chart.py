"""Bars, one below the other: which is most, and by how much."""

from collections.abc import Sequence

from markupsafe import Markup

from api.dashboard.charts.kinds import class_of, sign_of
from api.dashboard.charts.marks import Bar
from api.dashboard.charts.scales import cut, finite, say, share
from api.dashboard.charts.svg import box, empty, figure, linked, many, table_of, tag, text

WIDTH, HIGH = 360, 38
_LETTERS = 30


def bars(key: str, title: str, items: Sequence[Bar], unit: str) -> Markup:
    """The bars in the order that they are given in; the longest is as wide as the chart."""
    if not items:
        return empty("bars", title, f"No {unit}.")
    most = max(0, *(finite(each.value) for each in items))
    drawing = many(_bar(index, each, most, unit) for index, each in enumerate(items))
    rows = [(each.label, say(each.value, unit), each.note) for each in items]
    return figure(
        key, "bars", title, _description(items, unit), (WIDTH, HIGH * len(items)), drawing,
        table_of(title, ("What", unit.capitalize(), "Note"), rows), has_links=any(each.link for each in items),
    )  # fmt: skip


def _bar(index: int, each: Bar, most: float, unit: str) -> Markup:
    value = finite(each.value)
    width = max(1.0, share(value, most) * WIDTH) if value > 0 else 0.0
    said, y = say(value, unit), index * HIGH
    whole = f"{each.label}: {said}{f' ({each.note})' if each.note else ''}"
    label = f"{sign_of(each.kind)} {cut(each.label, _LETTERS)}".strip()
    shapes = (
        box(0, y, WIDTH, HIGH - 4, class_="hit"),
        text(0, y + 14, label, class_="label"),
        text(WIDTH, y + 14, f"{said} {cut(each.note, 16)}".strip(), text_anchor="end", class_="value"),
        box(0, y + 20, WIDTH, 10, class_="rail"),
        box(0, y + 20, width, 10, class_=f"bar {class_of(each.kind)}"),
    )
    return linked(each.link, tag("g", tag("title", whole), *shapes))


def _description(items: Sequence[Bar], unit: str) -> str:
    most, least = (pick(items, key=lambda each: finite(each.value)) for pick in (max, min))
    if len(items) == 1:
        return f"One bar: {most.label} with {say(most.value, unit)}."
    if finite(most.value) == finite(least.value):
        return f"{len(items)} bars, each with {say(most.value, unit)}."
    return (
        f"{len(items)} bars; {most.label} has most with {say(most.value, unit)}, "
        f"{least.label} least with {say(least.value, unit)}."
    )
