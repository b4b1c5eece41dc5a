"""Figures: what a benchmark has measured, as a table for people and as JSON."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles

HEADER = ("figure", "min", "median", "max", "unit", "target")


@dataclass(frozen=True)
class Figure:
    """One value a run; `target` is for orientation, nothing fails on it."""

    name: str
    values: Sequence[float]
    unit: str
    target: str = ""

    def row(self) -> tuple[str, ...]:
        """The cells of a table."""
        low, middle, high = min(self.values), median(self.values), max(self.values)
        return (self.name, *map(_shown, (low, middle, high)), self.unit, self.target)


def percentile(values: Sequence[float], percent: int) -> float:
    """The percentile, between two of the values where it falls there."""
    return quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]


def percentiles(name: str, runs: Sequence[Sequence[float]], unit: str, targets: dict[int, str]) -> list[Figure]:
    """A figure for each percentile in `targets`, over runs that measured many values each."""
    return [
        Figure(f"{name} p{percent}", [percentile(values, percent) for values in runs], unit, target)
        for percent, target in targets.items()
    ]


def ratios(name: str, ours: Sequence[float], theirs: Sequence[float], target: str) -> Figure:
    """Ours divided by theirs, run by run: runs that alternate share what else the machine did."""
    return Figure(name, [mine / other for mine, other in zip(ours, theirs, strict=False)], "x", target)


def print_table(title: str, figures: Iterable[Figure]) -> None:
    """Print the figures of one benchmark."""
    rows = [HEADER, *(figure.row() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    print(f"\n{title}")
    for name, *cells in rows:
        shown = "  ".join(cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        print(f"  {name.ljust(widths[0])}  {shown}".rstrip(), flush=True)


def write_json(path: Path, measured: dict[str, list[Figure]]) -> None:
    """Write all figures, with every run's value."""
    path.write_text(json.dumps({name: [asdict(f) for f in figures] for name, figures in measured.items()}, indent=1))


def _shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
