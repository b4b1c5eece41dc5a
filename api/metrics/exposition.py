"""The text in which Prometheus reads metrics (format 0.0.4). Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from models.counters.metrics import Metric
from models.statistics.histogram import BOUNDS, Histogram

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Labels = Sequence[str]
"""Their values, in the order in which the metric names them."""


@dataclass
class Family:
    """A metric with its values, by labels."""

    metric: Metric
    values: dict[tuple[str, ...], float | Histogram] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """The samples, one a line; nothing where there are none."""
        if not self.values:
            return
        yield f"# HELP {self.metric.name} {_escaped(self.metric.about)}"
        yield f"# TYPE {self.metric.name} {self.metric.kind}"
        for labels, value in self.values.items():
            if isinstance(value, Histogram):
                yield from self._buckets(labels, value)
            else:
                yield f"{self.metric.name}{self._braces(labels)} {_number(value)}"

    def _buckets(self, labels: Labels, spans: Histogram) -> Iterator[str]:
        name, total = self.metric.name, len(spans)
        for bound in self.metric.bounds:
            below = sum(spans.counts[: BOUNDS.index(bound) + 1])
            yield f"{name}_bucket{self._braces(labels, f'{bound:g}')} {below}"
        yield f"{name}_bucket{self._braces(labels, '+Inf')} {total}"
        yield f"{name}_sum{self._braces(labels)} {_number(spans.seconds)}"
        yield f"{name}_count{self._braces(labels)} {total}"

    def _braces(self, labels: Labels, up_to: str | None = None) -> str:
        pairs = [*zip(self.metric.labels, labels, strict=True), *([("le", up_to)] if up_to else [])]
        said = ",".join(f'{name}="{_quoted(value)}"' for name, value in pairs)
        return f"{{{said}}}" if said else ""


def render(families: Iterable[Family]) -> str:
    """The page."""
    return "".join(f"{line}\n" for family in families for line in family.lines())


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', '\\"')
