"""Charts as SVG, made of what they are given alone: each with a title, a description and its numbers as a table."""

from api.dashboard.charts.bar_chart import bars
from api.dashboard.charts.gantt_chart import gantt
from api.dashboard.charts.heat import heat_map
from api.dashboard.charts.line_chart import line
from api.dashboard.charts.marks import Bar, Mark, Row, Series, Span
from api.dashboard.charts.sparks import sparkline
from api.dashboard.charts.strips import strip

__all__ = [
    "Bar", "Mark", "Row", "Series", "Span", "bars", "gantt", "heat_map", "line", "sparkline", "strip",
]  # fmt: skip
