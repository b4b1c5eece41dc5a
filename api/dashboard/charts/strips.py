"""A strip: one box a slot or run, with a sign of its state."""

from collections.abc import Sequence

from markupsafe import Markup

from api.dashboard.charts.kinds import HOLLOW, class_of, sign_of
from api.dashboard.charts.marks import Mark
from api.dashboard.charts.scales import cut
from api.dashboard.charts.sparks import count_kinds
from api.dashboard.charts.svg import box, empty, figure, linked, many, table_of, tag, text

BOX, STEP, WIDEST = 24, 26, 30
_FOOT = 18


def strip(key: str, title: str, marks: Sequence[Mark]) -> Markup:
    """The boxes in their order, thirty in a line; below stand the first and the last label."""
    if not marks:
        return empty("strip", title, "There is none yet.")
    across = min(max(len(marks), 12), WIDEST)
    lines = -(-len(marks) // WIDEST)
    width, y = STEP * across - 2, STEP * lines + 12
    letters = max(12, across * 2)
    drawing = many([
        *(_box(STEP * (index % WIDEST), STEP * (index // WIDEST), each) for index, each in enumerate(marks)),
        text(0, y, cut(marks[0].label, letters), class_="tick"),
        *([text(width, y, cut(marks[-1].label, letters), text_anchor="end", class_="tick")] if len(marks) > 1 else []),
    ])  # fmt: skip
    rows = [(each.label, each.kind) for each in marks]
    return figure(
        key, "strip", title, count_kinds(marks), (width, STEP * lines + _FOOT), drawing,
        table_of(title, ("What", "State"), rows), has_links=any(each.link for each in marks), scrolls=True,
    )  # fmt: skip


def _box(x: int, y: int, each: Mark) -> Markup:
    hollow = " hollow" if each.kind in HOLLOW else ""
    shape = box(x, y, BOX, BOX, rx=3, class_=f"{class_of(each.kind)}{hollow}")
    sign = text(x + BOX / 2, y + 17, sign_of(each.kind) or each.kind[:1].upper(), text_anchor="middle",
                class_=f"sign{hollow} {class_of(each.kind)}")  # fmt: skip
    return linked(each.link, tag("g", tag("title", each.label), shape, sign))
