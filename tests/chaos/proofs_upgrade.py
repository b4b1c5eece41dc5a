"""A proof of upgrades: the release before is at work, its database is migrated, and its processes are replaced."""

import json
import time
from pathlib import Path

from tests.chaos import servers
from tests.chaos.experiment import Result, judge, recovery_seconds, settle
from tests.chaos.faults_processes import replace
from tests.chaos.load import loaded
from tests.chaos.proofs import Proof
from tests.chaos.releases import PRESENT, release_before
from tests.chaos.world import TELLING, World

NAME = "rolling upgrade"
SCOPE = "upgrade"
QUICK = 20
FLOOD = 100
LATE_SECONDS = 10.0
"""No slot begins later after its time, whatever is replaced."""

ALONE_SECONDS = 10
"""For so long the release before is at work, and for so long again on what the migrations have made."""

BESIDE_SECONDS = 4
"""Between two processes: versions are at work side by side."""

COMPLAINTS = ("error", "critical")
WAITED = "LockNotAvailable"
"""A migration may keep others waiting; whether for too long, the slots tell."""


def upgrade(folder: Path) -> Result:
    """Nobody notices: no slot is lost or doubled, no run is lost, and none begins late."""
    result, began = Result(NAME), time.monotonic()
    with release_before() as before, servers.started() as started:
        urls = (started.database_url, started.rabbitmq.url, started.ledger.url)
        with World(folder, *urls, servers=started, release=before) as world:
            since, old = world.now(), _revision(world)
            with loaded(world, SCOPE, QUICK, flood=FLOOD) as load:
                world.wait(ALONE_SECONDS)
                bring_up_to_date(world)
                result.recovery_seconds = recovery_seconds(world, world.now())
                world.wait(ALONE_SECONDS)
                evidence = settle(world, load, SCOPE, since)
            judge(world, result, evidence, SCOPE, may_lose=False)
            result.violations += _complaints(world)
            result.figures = {"from": f"{before.name}, its database at {old}", "to": f"{_revision(world)}"}
    result.late_seconds = evidence.late_seconds()
    if result.late_seconds is None or result.late_seconds > LATE_SECONDS:
        result.violations.append(f"a slot began {result.late_seconds} s after its time")
    result.seconds = time.monotonic() - began
    return result


def bring_up_to_date(world: World) -> None:
    """Migrate by the release process of this version, while all that was started before is at work; then replace one
    process after the other."""
    world.release.check_origin(world.deployment.environment)
    PRESENT.migrate(world.deployment.environment)
    world.wait(ALONE_SECONDS)
    for name in _in_turn(world):
        del world.deployment.checkouts[name]
        world.deployment.overrides[name] = TELLING
        replace(world, name)
        world.wait(BESIDE_SECONDS)
    world.told_since = world.now()


def _revision(world: World) -> str:
    return str(world.rows("SELECT version_num FROM alembic_version")[0]["version_num"])


def _in_turn(world: World) -> list[str]:
    """Of each kind one before the others: so old and new ones of all kinds meet."""
    first = [world.schedulers[0], world.workers[0], "web"]
    return [*first, *(name for name in world.names if name not in first)]


def _complaints(world: World) -> list[str]:
    """Errors that any process has logged: the database was never what it did not expect."""
    lines = [line for name in world.names for line in world.deployment.log_path(name).read_text().splitlines()]
    return [f"an error in a log: {line[:500]}" for line in lines if WAITED not in line and not _is_fine(line)]


def _is_fine(line: str) -> bool:
    try:
        return json.loads(line)["level"] not in COMPLAINTS
    except (ValueError, KeyError, TypeError):
        return False


PROOFS = [Proof(NAME, upgrade)]
