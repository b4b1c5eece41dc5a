"""Which definition was in force when, of a schedule that there is or was. Pure.

An edit decides what is due under the old definition first, and the new one holds from exactly there on: the instant of
its version. So of each slot one version tells whether there must be a row, whenever it was planned.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import ValidationError

from models.definition import COLUMNS, Definition
from models.verifying.lives import Life, Version
from scheduling.cron import check
from scheduling.slots.due import spec_of
from scheduling.slots.spec import Spec

BEGINNING, END = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
NOTHING = Spec()

SETTLED = timedelta(minutes=2)
"""An edit whose version is not known, as a process of the release before has made it, is in force so long after the
schedule was last touched: its transaction may have waited for locks, but no longer than a statement may take."""

_CREATED = "schedule.create"
_LEFT_OUT = ("args", "description")


@dataclass(frozen=True)
class Span:
    """The slots in (after, until] are those of `spec`; None where nobody knows."""

    after: datetime
    until: datetime
    version: int
    spec: Spec | None
    max_runs: int | None = None


def spans_of(life: Life, versions: Sequence[Version], since: datetime) -> list[Span]:
    """All of time from `since` on, in order. `versions` are those of slots then and later, newest first, as far as they
    are known: one that came at `since` is not that of a slot at `since`."""
    spans = [Span(life.decided_at, END, life.version, NOTHING)]
    end, is_whole = life.decided_at, False
    for version in _without_holes(life, versions):
        spec, max_runs = _meaning(life, version)
        end = _add(spans, Span(version.at, end, version.version, spec, max_runs))
        if is_whole := version.action == _CREATED:
            _add(spans, Span(BEGINNING, end, version.version, NOTHING))
            break
    if len(spans) == 1 and life.updated_at is not None:  # nobody has noted how it came to what it is
        spec = _checked(spec_of_life(life))
        end = _add(spans, Span(life.updated_at + SETTLED, end, life.version, spec, life.max_runs))
    if not is_whole and end >= since:
        spans.append(Span(BEGINNING, end, 0, None))
    return spans[::-1]


def spec_of_life(life: Life) -> Spec:
    """When it is due by its newest definition."""
    cron = tuple(life.cron or ())
    return Spec(cron, life.every_seconds, life.at, life.timezone, life.starts_at, life.ends_at)


def _add(spans: list[Span], span: Span) -> datetime:
    """Up to where the one before it goes."""
    if span.after < span.until:
        spans.append(span)
    return min(span.after, span.until)


def _without_holes(life: Life, versions: Sequence[Version]) -> Iterator[Version]:
    """From the newest on, as long as each follows the one before; without those of one that had its name before."""
    for expected, version in zip(range(life.version, 0, -1), versions, strict=False):
        if version.version != expected or version.at < life.created_at:
            return
        yield version


def _meaning(life: Life, version: Version) -> tuple[Spec | None, int | None]:
    if not life.is_gone and version.version == life.version:
        return _checked(spec_of_life(life)), life.max_runs
    given = {name: value for name, value in version.definition.items() if name in COLUMNS and name not in _LEFT_OUT}
    try:
        definition = Definition.model_validate(given)
    except ValidationError:  # what a release before has let pass
        return None, None
    return _checked(spec_of(definition)), definition.max_runs


def _checked(spec: Spec) -> Spec | None:
    """None for one that can't be planned."""
    try:
        for expression in spec.cron:
            check(expression, spec.timezone)
    except ValueError:
        return None
    return spec
