"""What may happen to schedules: actions of clients, schedulers and workers."""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from api.web.problems import Problem
from tests.interleavings.slots import Definition, first_slot
from tests.interleavings.world import World

ALIGNED = "slot"
"""In place of seconds: until the next slot, exactly."""


@dataclass(frozen=True)
class Scene:
    """Where an action happens: on the schedule of a name, of this definition if there is one, now."""

    world: World
    name: str
    definition: Definition | None
    now: datetime
    crash: bool

    def later(self, seconds: float | str | None) -> datetime | None:
        if seconds == ALIGNED:
            return first_slot(self.definition, self.now) if self.definition else None
        return None if seconds is None else self.now + timedelta(seconds=float(seconds))


class Action(Protocol):
    """Something that happens in one transaction (`PlanTogether`: in two)."""

    def act(self, scene: Scene) -> None: ...


@dataclass(frozen=True)
class When:
    """A spec, with its instants in seconds from the moment at which a client sends it."""

    cron: tuple[str, ...] = ()
    every: float | None = None
    at: float | None = None
    timezone: str = "UTC"
    starts: float | None = None
    ends: float | None = None
    jitter: float = 0


@dataclass(frozen=True)
class Put:
    """Create or replace."""

    when: When
    policies: dict[str, Any] = field(default_factory=dict)

    def act(self, scene: Scene) -> None:
        scene.world.put(scene.name, self.definition(scene), crash=scene.crash)

    def definition(self, scene: Scene) -> Definition:
        when = self.when
        return Definition(
            cron=when.cron,
            every_seconds=when.every,
            at=scene.later(when.at),
            timezone=when.timezone,
            starts_at=scene.later(when.starts),
            ends_at=scene.later(when.ends),
            jitter_seconds=when.jitter,
            **self.policies,
        )


@dataclass(frozen=True)
class Post(Put):
    """Create; refused where the name is taken."""

    def act(self, scene: Scene) -> None:
        with suppress(Problem):
            scene.world.post(scene.name, self.definition(scene), crash=scene.crash)
            assert scene.definition is None


@dataclass(frozen=True)
class Patch:
    """Change these fields and no others."""

    change: dict[str, Any]

    def act(self, scene: Scene) -> None:
        scene.world.patch(scene.name, self.change, crash=scene.crash)

    def definition(self, scene: Scene) -> Definition:
        assert scene.definition is not None, "there is nothing to patch"
        return replace(scene.definition, **self.change)


@dataclass(frozen=True)
class Pause:
    """Pause, for so many seconds, or until the next slot exactly, or until it is resumed."""

    until: float | str | None = None

    def act(self, scene: Scene) -> None:
        scene.world.pause(scene.name, scene.later(self.until), crash=scene.crash)


@dataclass(frozen=True)
class Resume:
    """Resume."""

    def act(self, scene: Scene) -> None:
        scene.world.resume(scene.name, crash=scene.crash)


@dataclass(frozen=True)
class Delete:
    """Delete."""

    def act(self, scene: Scene) -> None:
        scene.world.delete(scene.name, crash=scene.crash)


@dataclass(frozen=True)
class Trigger:
    """A run by hand, due in so many seconds."""

    overlap: str | None = None
    due: float | None = None

    def act(self, scene: Scene) -> None:
        scene.world.trigger(scene.name, self.overlap, scene.later(self.due), crash=scene.crash)


@dataclass(frozen=True)
class Plan:
    """One round of planning, of so many schedules at most."""

    limit: int = 100

    def act(self, scene: Scene) -> None:
        scene.world.plan(self.limit, crash=scene.crash)


@dataclass(frozen=True)
class PlanTogether:
    """A second scheduler plans while the first holds the rows of the schedules that it has planned."""

    limit: int = 1
    commits: bool = True
    gap: float = 0

    def act(self, scene: Scene) -> None:
        scene.world.plan_together(self.limit, self.gap, commits=self.commits)


@dataclass(frozen=True)
class Finish:
    """What workers do with the runs of the schedule that are due: all of them, or the oldest alone."""

    state: str = "succeeded"
    everything: bool = True

    def act(self, scene: Scene) -> None:
        scene.world.finish(scene.name, self.state, everything=self.everything)


@dataclass(frozen=True)
class Step:
    """The clock goes on by `wait`, then the action happens. Its transaction began `late` seconds before.

    With `crash` everything but the commit happens.
    """

    action: Action
    wait: float | str = 0
    late: float = 0
    crash: bool = False
    name: str = "a"
