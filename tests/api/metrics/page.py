"""The page of metrics, as what is read from it."""

import re

_SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parse(text: str) -> Samples:
    """By name and labels, the values."""
    found: Samples = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            match = _SAMPLE.fullmatch(line)
            assert match, line
            key = match[1], frozenset(_LABEL.findall(match[2] or ""))
            assert key not in found, f"{line} is there twice"
            found[key] = float(match[3])
    return found


def sample(samples: Samples, name: str, **labels: str) -> float | None:
    """The value of one series; None where it is not there."""
    return samples.get((f"callsheet_{name}", frozenset(labels.items())))
