"""Pace: how long the runs of each actor take, as this process has lately seen. Pure."""

from collections.abc import Iterable, Mapping

from models.lifecycle.bundling import SHORT_SECONDS

ENOUGH_RUNS = 16
"""Of fewer nobody knows that the next one is short too; that they are long is known from the first."""

_REMEMBERED = 64


class Pace:
    """Averages by actor, and what others have been told of them."""

    def __init__(self) -> None:
        self._average: dict[str, float] = {}
        self._runs: dict[str, int] = {}
        self._news: set[str] = set()
        self._told: dict[str, float] = {}
        self.has_turned = False
        """Whether an actor has become short, or has ceased to be, since others were told."""

    def note(self, actor: str, seconds: float) -> None:
        """A run of this actor took so long."""
        runs = self._runs[actor] = min(self._runs.get(actor, 0) + 1, _REMEMBERED)
        average = self._average.get(actor, 0.0)
        self._average[actor] = average = average + (seconds - average) / runs
        self._news.add(actor)
        told = self._told.get(actor, SHORT_SECONDS)
        if average >= SHORT_SECONDS > told or (average < SHORT_SECONDS <= told and runs >= ENOUGH_RUNS):
            self.has_turned = True

    def news(self, running: Iterable[tuple[str, float]]) -> dict[str, float]:
        """Seconds by actor, where there is anything new, or one of those that are `running` has taken for longer."""
        news = {
            actor: self._average[actor]
            for actor in self._news
            if self._runs[actor] >= ENOUGH_RUNS or self._average[actor] >= SHORT_SECONDS
        }
        for actor, seconds in running:
            if seconds >= max(SHORT_SECONDS, news.get(actor, 0)):
                news[actor] = seconds
        return news

    def tell(self, news: Mapping[str, float]) -> None:
        """Others have heard of this. What counts as told is the average: that one run goes on for long is no turn, nor
        is its end."""
        self._told |= {actor: min(seconds, self._average.get(actor, seconds)) for actor, seconds in news.items()}
        self._news -= news.keys()
        self.has_turned = False
