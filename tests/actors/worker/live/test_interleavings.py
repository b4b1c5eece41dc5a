"""Random sequences of what prints, shows, follows and ends: whoever follows reads each byte once, in its place."""

import random
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from actors.worker.keeping.burial import Burial
from actors.worker.keeping.process import WorkerProcess
from actors.worker.live import live, pieces
from actors.worker.live.live import Live
from actors.worker.running.current import CurrentRun
from actors.worker.running.output import Output
from models.lifecycle.claiming import ClaimedRun
from models.lifecycle.finishing import FinishedAttempt
from models.live.reading import get_output
from models.live.settling import settle_left
from models.live.showing import Shown, show_runs
from models.words.states import Outcome, State
from scheduling.rescue import end_lost_runs
from tests.actors.conftest import SLOT
from tests.actors.worker.machine import Machine, kill, write
from tests.models.rows import add_run, claim, set_run

LIMITS = (400, 5000)
PIECES = ("a", "line\n", "é€😀\n", "x" * 50, "y" * 300 + "\n", "\0")


class Unheard(sa.exc.OperationalError):
    """The connection broke."""

    def __init__(self) -> None:
        super().__init__("", {}, Exception("the connection broke"))


class Follower:
    """Reads one attempt by offsets, as `runs output --follow` does."""

    def __init__(self, attempt: int, limit: int) -> None:
        self.attempt = attempt
        self.limit = limit
        self.place = 0

    def read(self, connection: sa.Connection, run: UUID, printed: bytes) -> None:
        found = get_output(connection, run, self.attempt, self.place)
        assert found is not None
        assert found.until >= self.place
        assert len(printed) > self.limit or not found.gaps
        data, taken, place = found.text.encode(), 0, self.place
        for at, dropped in zip(found.gaps[::2], found.gaps[1::2], strict=True):
            assert data[taken:at] == printed[place : place + at - taken]
            place += at - taken + dropped
            taken = at + len(f"\n[… {dropped} bytes dropped …]\n".encode())
        assert data[taken:] == printed[place : place + len(data) - taken]
        assert place + len(data) - taken == found.until
        self.place = found.until


class Play:
    """A run with up to three attempts, each by a worker of its own."""

    def __init__(self, machine: Machine, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.machine = machine
        self.random = random.Random(seed)
        self.limit = LIMITS[seed % 2]
        self.late = ExitStack()
        self.fate = "ok"
        monkeypatch.setattr(live, "show_runs", self.send)
        monkeypatch.setattr(pieces, "PIECE_BYTES", 40)
        with machine.engine.begin() as connection:
            self.id = add_run(connection, max_retries=9, min_backoff_seconds=0, max_backoff_seconds=0)
        self.printed: dict[int, bytes] = {}
        self.shown: dict[int, int] = {}
        self.followers: list[Follower] = []
        self.begin()

    def send(self, connection: sa.Connection, news: Sequence[Shown], worker: UUID) -> None:
        """The statement, and what becomes of it: never sent, heard of too late, or under way beyond its own time."""
        if self.fate == "away":
            raise Unheard
        if self.fate == "late":
            other = self.late.enter_context(self.machine.engine.connect())
            show_runs(other, news, worker)
            self.late.callback(other.commit)
            raise Unheard
        show_runs(connection, news, worker)
        for each in news:
            if each.parts and not self.is_lost:
                self.shown[each.key[1]] = each.parts[-1].end
        if self.fate == "unheard":
            raise Unheard

    def begin(self) -> None:
        """The next attempt."""
        self.is_lost = False
        self.worker: WorkerProcess = self.machine.worker()
        attempt = len(self.printed)
        with self.machine.engine.begin() as connection:
            set_run(connection, self.id, "due_at = now() - interval '1 s'")
            [self.won] = claim(connection, self.id, attempt=attempt, worker=self.worker.id)
        self.worker.held.add([self.won])
        assert self.worker.held.start(self.won)
        self.run = running(self.won, self.limit)
        self.runs = [self.run]
        self.live = Live(self.machine.engine, self.worker.id, lambda: self.runs, self.worker.shown)
        self.printed[self.won.attempt] = b""
        self.followers.append(Follower(self.won.attempt, self.limit))

    def print(self) -> None:
        text = self.random.choice(PIECES) * self.random.randrange(1, 4)
        self.run.output.write(text)
        self.printed[self.won.attempt] += text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode()

    def show(self) -> None:
        self.fate = self.random.choice(["ok", "ok", "ok", "ok", "unheard", "away", "away", "late"])
        self.live._at = 0
        self.live.show()

    def follow(self) -> None:
        follower = self.random.choice(self.followers)
        with self.machine.engine.begin() as connection:
            follower.read(connection, self.id, self.printed[follower.attempt])

    def come_late(self) -> None:
        """What was under way ends."""
        self.late.close()

    def finish(self) -> None:
        joined = self.run.output.joined()
        end = FinishedAttempt.of(
            self.won,
            Outcome.FAILED,
            State.RETRYING,
            self.machine.now(),
            started_at=self.machine.now(),
            counts=True,
            output=joined.text or None,
            output_gaps=list(joined.gaps) or None,
        )
        self.worker.finish(end)
        write(self.worker)
        self.whole(self.won.attempt)

    def die(self) -> None:
        kill(self.worker)
        Burial(self.machine.worker()).hold()

    def lose(self) -> None:
        with self.machine.engine.begin() as connection:
            set_run(connection, self.id, "lease_until = now() - interval '1 s'")
            end_lost_runs(connection, 10)
        self.is_lost = True
        self.show()  # it does not know yet

    def whole(self, attempt: int) -> None:
        """Nothing of an attempt that ended well is missing but what its bound drops."""
        with self.machine.engine.begin() as connection:
            found = get_output(connection, self.id, attempt)
        assert found is not None
        assert found.until == len(self.printed[attempt])
        assert sum(found.gaps[1::2]) <= max(0, len(self.printed[attempt]) - self.limit + 6)

    def step(self) -> None:
        steps: dict[Any, int] = {self.print: 16, self.show: 12, self.follow: 12, self.come_late: 8}
        steps |= {self.finish: 1, self.die: 1, self.lose: 1}
        [step] = self.random.choices(list(steps), list(steps.values()))
        step()
        if step in (self.finish, self.die, self.lose):
            self.runs.clear()
            self.begin()

    def end(self) -> None:
        """All comes to rest: what was seen is there, whoever has written it."""
        self.finish()
        self.come_late()
        with self.machine.engine.begin() as connection:
            settle_left(connection, 100)
            assert connection.exec_driver_sql("SELECT count(*) FROM live_outputs").scalar_one() == 0
            for follower in self.followers:
                follower.read(connection, self.id, self.printed[follower.attempt])
                assert follower.place >= self.shown.get(follower.attempt, 0)


def running(won: ClaimedRun, limit: int) -> CurrentRun:
    return CurrentRun(
        run_id=won.id,
        actor="work",
        attempt=won.attempt,
        trigger="manual",
        schedule=None,
        slot_at=None,
        previous_slot_at=None,
        next_slot_at=None,
        due_at=SLOT,
        trace="",
        time_limit_seconds=600,
        output=Output(limit),
        started=time.monotonic() - 60,
    )


@pytest.fixture
def seeds(request: pytest.FixtureRequest) -> range:
    return range(request.param * 5, request.param * 5 + 5)


@pytest.mark.parametrize("seeds", range(4), indirect=True)
def test_nothing_is_doubled_lost_or_out_of_its_place(
    machine: Machine, seeds: range, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in seeds:
        play = Play(machine, seed, monkeypatch)
        try:
            for _ in range(40):
                play.step()
            play.end()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        finally:
            play.late.close()
