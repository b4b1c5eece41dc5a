"""The load: schedules of probes of every kind, and a canceller that keeps the API's word for later."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import psycopg

from tests.chaos.world import World
from tests.waiting import eventually

HELD_QUEUE = "held"
POISON = ".poison-"
"""In names of schedules whose runs must come to their own end."""

CANCEL_EVERY_SECONDS = 0.7
EARLY_SECONDS = 15.0
LONG_RUNS = 4
"""Under way from the beginning, so that a fault has something to cut off."""

FLOODED = ["*/15 * * * * *"]

EVERY_SLOT_RUNS = {"overlap": "allow", "catchup": "all"}
QUICK_RETRY = {"min_backoff_seconds": 0.2, "max_backoff_seconds": 1}
SLEEP = "probe_sleep"

KINDS: dict[str, dict[str, Any]] = {
    "nap": {"actor": SLEEP, "args": {"seconds": 0.3}, "every_seconds": 1, "max_retries": 3, **EVERY_SLOT_RUNS},
    "doze": {"actor": SLEEP, "args": {"seconds": 3}, "every_seconds": 3, "max_retries": 3, **EVERY_SLOT_RUNS},
    "long": {"actor": SLEEP, "args": {"seconds": 20}, "every_seconds": 10, "max_retries": 9, **EVERY_SLOT_RUNS},
    "one-by-one": {"actor": SLEEP, "args": {"seconds": 1.5}, "every_seconds": 1, "catchup": "all", "max_retries": 3},
    "in-line": {
        "actor": SLEEP, "args": {"seconds": 0.5}, "every_seconds": 2, "overlap": "buffer_all", "catchup": "all",
        "max_retries": 3,
    },
    "replaced": {"actor": SLEEP, "args": {"seconds": 5}, "every_seconds": 4, "overlap": "cancel_other"},
    "third-time": {"actor": "probe_fail", "args": {"attempts": 2}, "every_seconds": 2, "max_retries": 5,
                   **EVERY_SLOT_RUNS},
    "hopeless": {"actor": "probe_fail", "args": {"attempts": 99}, "every_seconds": 3, "max_retries": 1,
                 **EVERY_SLOT_RUNS},
}  # fmt: skip


class Load:
    """The schedules of one experiment, whose names begin with its name. `quick` runs start every second besides, and so
    many of a `flood` at one instant, again and again: of those some share a message."""

    def __init__(self, world: World, name: str, quick: int, flood: int = 0) -> None:
        self._world = world
        self._name = world.scope = name
        self._quick = quick
        self._flood = flood
        self.cancelled: dict[UUID, datetime] = {}
        self._stopping = threading.Event()
        self._canceller = threading.Thread(target=self._cancel_on, name="canceller", daemon=True)

    def start(self) -> None:
        """Create the schedules and begin to cancel."""
        for number in range(self._quick):
            self._create(f"quick-{number}", actor="probe_quick", every_seconds=1, max_retries=3, **EVERY_SLOT_RUNS)
        for number in range(self._flood):
            self._create(f"flood-{number}", actor="probe_flood", cron=FLOODED, max_retries=3, **EVERY_SLOT_RUNS)
        for kind, definition in KINDS.items():
            self._create(kind, **definition)
        self._create("later", actor="probe_quick", **EVERY_SLOT_RUNS)
        self._create("held", actor="probe_quick", queue=HELD_QUEUE)
        self._world.call("POST", f"/v1/queues/{HELD_QUEUE}/pause")
        for _ in range(LONG_RUNS):
            self._world.call("POST", f"/v1/schedules/{self._name}.long/trigger")
        self._canceller.start()

    def stop(self) -> None:
        """Cancel nothing more and pause every schedule."""
        self.stop_cancelling()
        for row in self._world.rows("SELECT name FROM schedules WHERE starts_with(name, %s)", f"{self._name}."):
            answer = self._world.call("POST", f"/v1/schedules/{row['name']}/pause")
            assert answer.status_code == 200, answer.text
        # What no cancel has reached waits in the paused queue, for ever.
        for row in self._world.rows("SELECT id FROM runs WHERE queue = %s AND finished_at IS NULL", HELD_QUEUE):
            self._world.call("POST", f"/v1/runs/{row['id']}/cancel")

    def stop_cancelling(self) -> None:
        """What has been confirmed so far is all there is."""
        self._stopping.set()
        self._canceller.join()

    def _create(self, kind: str, **definition: Any) -> None:
        body = {"name": f"{self._name}.{kind}", **QUICK_RETRY, **definition}
        answer = self._world.call("POST", "/v1/schedules", **body)
        # A call whose answer was lost is made again and finds the schedule there.
        assert answer.status_code in (201, 409), answer.text

    def _cancel_on(self) -> None:
        """Cancel waiting runs: safely early, as they fall due, and between two attempts."""
        while not self._stopping.wait(CANCEL_EVERY_SECONDS):
            chance = self._world.random.random()
            try:
                self._call_short()
                self._cancel_one(chance)
            except (httpx.HTTPError, KeyError, ValueError, psycopg.Error):
                continue  # the API or the database is away, by some fault

    def _call_short(self) -> None:
        """Whatever a busy machine makes of it: what is long after all must do no harm."""
        if self._flood:
            with psycopg.connect(self._world.admin_url, connect_timeout=2) as connection:
                connection.execute("UPDATE actors SET run_seconds = 0.001 WHERE name = 'probe_flood'")

    def _cancel_one(self, chance: float) -> None:
        api = self._world.deployment.api
        if chance < 0.3:
            waiting = api.get("/v1/runs", params={"state": "retrying", "limit": 5}).json()["items"]
            for run in [each for each in waiting if POISON not in (each["schedule"] or "")][:1]:
                self._cancel(run["id"])
            return
        kind, delay = ("held", 0.0) if chance < 0.5 else ("later", self._world.random.choice((0.2, 0.5, EARLY_SECONDS)))
        due = datetime.now(UTC) + timedelta(seconds=delay)
        run = api.post(f"/v1/schedules/{self._name}.{kind}/trigger", json={"due_at": due.isoformat()}).json()
        if delay < EARLY_SECONDS:
            self._stopping.wait(delay)  # the cancel races with the claim
        self._cancel(run["id"])

    def _cancel(self, run_id: str) -> None:
        answer = self._world.deployment.api.post(f"/v1/runs/{run_id}/cancel", json={}).json()
        if answer.get("state") == "cancelled" and "id" in answer:
            self.cancelled[UUID(run_id)] = self._world.now()


@contextmanager
def loaded(world: World, name: str, quick: int, starts: int = 20, flood: int = 0) -> Iterator[Load]:
    """A load under way: at least `starts` attempts have begun."""
    load = Load(world, name, quick, flood)
    before = world.ledger.count_starts()
    load.start()
    try:
        eventually(lambda: world.ledger.count_starts() >= before + starts, 60, "the load is under way")
        yield load
    finally:
        load.stop_cancelling()
