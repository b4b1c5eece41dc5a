"""Plays a sequence of steps, and checks what the database holds after each."""

from datetime import timedelta

from tests.interleavings import fates
from tests.interleavings.ledger import Known, Ledger, check_trigger
from tests.interleavings.slots import Definition, first_slot
from tests.interleavings.snapshot import Snapshot, clean, take_snapshot
from tests.interleavings.steps import (
    ALIGNED,
    Finish,
    Patch,
    Pause,
    Plan,
    PlanTogether,
    Post,
    Put,
    Resume,
    Scene,
    Step,
    Trigger,
)
from tests.interleavings.world import World

LONGEST_JUMP = timedelta(hours=3)
A_MOMENT = 0.001


class Play:
    """One sequence, in an empty world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ledger = Ledger()
        self.story: list[str] = []
        clean(world.observer)
        self.seen = take_snapshot(world.observer)

    def play(self, sequence: list[Step]) -> None:
        """At the end all schedules resume and are planned. What fails tells the story that led to it."""
        try:
            self._play(sequence)
        except Exception as error:
            error.add_note("\n".join(self.story))
            raise

    def _play(self, sequence: list[Step]) -> None:
        for step in sequence:
            self._step(step)
        for row in self.seen.schedules.values():
            self._step(Step(Resume(), wait=A_MOMENT, name=row.name))
        self._step(Step(Plan(), wait=A_MOMENT))
        self.ledger.check_rows_still_stand(self.seen)
        self._verify()

    def _verify(self) -> None:
        """What callsheet itself finds, in one part or in several, is what clients and rows tell: nothing is wrong."""
        told = sum(len(known.told) for known in self.ledger.known.values())
        found = self.world.verify(1_000_000 if told % 2 else told // 3 + 1)
        assert found.problems == []
        assert found.accounted == found.slots == told

    def _step(self, step: Step) -> None:
        self._wait(step.wait)
        self.story.append(f"{self.world.clock.now:%d %H:%M:%S.%f} {step}")
        before, row = self.seen, self.seen.named(step.name)
        if row is None and not isinstance(step.action, Put | Plan | PlanTogether):
            return
        with self.world.late(step.late) as now:
            known = self.ledger.known[row.id] if row else None
            scene = Scene(self.world, step.name, known.definition if known else None, now, step.crash)
            step.action.act(scene)
        self.seen = take_snapshot(self.world.observer)
        if step.crash:
            assert self.seen == before, "a transaction that did not commit left something"
            return
        self.ledger.check(before, self.seen, now)
        self._learn(step, scene, before)
        self.ledger.check_wakeups(self.seen, self.world.clock.now)

    def _wait(self, wait: float | str) -> None:
        now = self.world.clock.now
        if wait == ALIGNED:
            slots = [first_slot(self.ledger.known[schedule].definition, now) for schedule in self.seen.schedules]
            near = [slot for slot in slots if slot is not None and slot - now <= LONGEST_JUMP]
            self.world.clock.now = min(near, default=now + timedelta(seconds=60))
        else:
            self.world.clock.now = now + timedelta(seconds=float(wait))

    def _learn(self, step: Step, scene: Scene, before: Snapshot) -> None:
        """What clients know from now on, and what the action alone has to answer for."""
        old, row = before.named(step.name), self.seen.named(step.name)
        known = self.ledger.known.get(row.id) if row else None
        match step.action:
            case Post() if old:
                assert self.seen == before
            case Put() | Patch():
                self._learn_definition(step.action.definition(scene), scene, before)
            case Pause(until):
                known.pauses(scene.now, scene.later(until))
            case Resume():
                known.pause = None
                assert row.paused_at is None
            case Finish() if row.paused_at != old.paused_at:
                known.pause = fates.Pause(row.paused_at)
            case Trigger(overlap):
                check_trigger(before, self.seen, row.id, scene.definition, overlap, scene.now)
            case Plan(100):
                self.ledger.check_all_is_decided(self.seen, scene.now, set())
            case PlanTogether():
                self.ledger.check_all_is_decided(self.seen, self.world.clock.now, self.world.held)

    def _learn_definition(self, definition: Definition, scene: Scene, before: Snapshot) -> None:
        old, row = before.named(scene.name), self.seen.named(scene.name)
        if old is None:
            assert self.seen.runs == before.runs, "a schedule fired by being created"
            self.ledger.known[row.id] = Known(definition)
            assert row.cursor_at == scene.now
        else:
            assert row.id == old.id
            self.ledger.known[row.id].definition = definition
            assert row.cursor_at >= scene.now
