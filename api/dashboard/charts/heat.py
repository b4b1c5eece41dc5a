"""A heat map: how much there is in each cell, by shade and by number."""

from collections.abc import Sequence

from markupsafe import Markup

from api.dashboard.charts.scales import cut, finite, number, say, share, short
from api.dashboard.charts.svg import box, empty, figure, many, table_of, tag, text

LEFT, TOP, WIDE, HIGH = 84, 22, 36, 28
LEVELS = 5


def heat_map(
    key: str, title: str, cells: Sequence[Sequence[float]], rows: Sequence[str], columns: Sequence[str], unit: str
) -> Markup:
    """A cell for each row and column; what is not given counts as 0."""
    if not rows or not columns:
        return empty("heat", title, f"No {unit}.")
    values = [[_cell(cells, row, column) for column in range(len(columns))] for row in range(len(rows))]
    flat = [value for line in values for value in line]
    most, least = max(flat), min((value for value in flat if value > 0), default=0)
    if most <= 0:
        return empty("heat", title, f"No {unit} in this time.")
    heads = [text(LEFT + WIDE * (index + 0.5), 14, cut(each, 6), text_anchor="middle", class_="tick")
             for index, each in enumerate(columns)]  # fmt: skip
    sides = [text(LEFT - 8, TOP + HIGH * index + 18, cut(each, 11), text_anchor="end", class_="tick")
             for index, each in enumerate(rows)]  # fmt: skip
    drawn = [
        _draw(row, column, value, level_of(value, least, most), f"{rows[row]} {columns[column]}: {say(value, unit)}")
        for row, line in enumerate(values)
        for column, value in enumerate(line)
    ]
    numbers = [(name, *(number(value) for value in line)) for name, line in zip(rows, values, strict=True)]
    return figure(
        key, "heat", title, _description(values, rows, columns, unit),
        (LEFT + WIDE * len(columns), TOP + HIGH * len(rows)), many([*heads, *sides, *drawn]),
        table_of(title, ("Row", *columns), numbers), scrolls=True,
    )  # fmt: skip


def level_of(value: float, least: float, most: float) -> int:
    """How dark a cell is: 0 for nothing, from 1 for the least that there is to 5 for the most."""
    if value <= 0:
        return 0
    return min(LEVELS, 1 + int(LEVELS * share(value - least, most - least))) if most > least else LEVELS


def _cell(cells: Sequence[Sequence[float]], row: int, column: int) -> float:
    return max(0.0, finite(cells[row][column])) if row < len(cells) and column < len(cells[row]) else 0.0


def _draw(row: int, column: int, value: float, level: int, whole: str) -> Markup:
    x, y, look = LEFT + WIDE * column, TOP + HIGH * row, f"level-{level}"
    return tag(
        "g",
        tag("title", whole),
        box(x, y, WIDE - 2, HIGH - 2, rx=2, class_=f"cell {look}"),
        text(x + WIDE / 2 - 1, y + 17, short(value), text_anchor="middle", class_=f"number {look}"),
    )


def _description(values: list[list[float]], rows: Sequence[str], columns: Sequence[str], unit: str) -> str:
    flat = [(value, row, column) for row, line in enumerate(values) for column, value in enumerate(line)]
    most = max(flat, key=lambda each: each[0])
    least = min(flat, key=lambda each: each[0])
    quiet = sum(each[0] == 0 for each in flat)
    lowest = f"{quiet} of {len(flat)} cells have none" if quiet else (
        f"least is {say(least[0], unit)} at {rows[least[1]]} {columns[least[2]]}"
    )  # fmt: skip
    return f"Most is {say(most[0], unit)} at {rows[most[1]]} {columns[most[2]]}; {lowest}."
