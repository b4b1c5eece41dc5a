"""Reports: a table to read and a JSON file beside it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.chaos.experiment import SHOWN, Result

_LINE = "{:<46} {:>8} {:>8} {:>8} {:>6} {:>6} {:>5} {:>6} {:>7} {:>10}"
_HEAD = ("fault", "recovery", "again", "late", "slots", "runs", "lost", "unkept", "doubled", "violations")


def table(results: Sequence[Result]) -> str:
    """A line per fault. `again`: until what a dead worker had begun started again; `late`: by how
    much a run started, at worst; `unkept`: done, but not written."""
    return "\n".join([_LINE.format(*_HEAD), *map(_row, results)])


def show_violations(result: Result) -> str:
    """The first violations of a fault, in full."""
    shown = [f"  {violation}" for violation in result.violations[:SHOWN]]
    more = len(result.violations) - len(shown)
    return "\n".join([*shown, *([f"  and {more} more"] if more else [])])


def show_figures(result: Result) -> str:
    """What else is worth telling of it."""
    return "\n".join(f"  {name}: {value}" for name, value in result.figures.items())


def write_json(path: Path, content: dict[str, Any]) -> None:
    """The whole report for machines."""
    path.write_text(json.dumps(content, indent=2, default=str) + "\n")


def _row(result: Result) -> str:
    return _LINE.format(
        result.name,
        _seconds(result.recovery_seconds),
        _seconds(result.again_seconds),
        _seconds(result.late_seconds),
        result.slots,
        result.runs,
        result.outcomes.get("lost", 0),
        result.results_lost,
        result.doubled,
        len(result.violations),
    )


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} s"
