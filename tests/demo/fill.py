"""Fill a database: schedules by the commands that people use, their past by a few statements over all of it."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from api.access.tokens import hash_of
from models.dead_letters import note_dead_letters
from models.definition import Definition
from models.failures.folding import is_work
from models.notices.definition import ChannelDefinition
from models.schedules import list_schedules
from models.sql.clock import read_clock
from models.words.ids import first_id_at
from models.words.roles import role_of
from scheduling.commands import edit, queues, tokens
from scheduling.commands.channels import edit as channels
from scheduling.cron.zones import segments
from scheduling.fold import Folding
from tests.demo import around, figures, notices, statements
from tests.demo.catalog import HEAVY, ZONES, Entry, entries

DAYS = 28
RUNS_OF_DAYS = 200_000
"""So many runs are the past of `DAYS`; of fewer it is shorter, of more the heavy schedule has the rest."""

MOST_DAYS = 120
CHUNK = 25_000
QUEUE, QUEUE_HOURS = "reports", 3


@dataclass(frozen=True)
class Past:
    """When what was."""

    since: datetime
    now: datetime
    seed: str

    def ago(self, **span: float) -> datetime:
        """That long ago."""
        return self.now - timedelta(**span)

    def parameters(self) -> dict[str, Any]:
        """What the statements are given."""
        gap, bad = self.ago(days=9, hours=2), self.ago(days=3, hours=4)
        return {
            "since": self.since, "now": self.now, "seed": self.seed, "held": self.ago(hours=QUEUE_HOURS),
            "gap_since": gap, "gap_until": gap + timedelta(minutes=25),
            "bad_since": bad, "bad_until": bad + timedelta(minutes=40),
            "people": list(around.PEOPLE), "roles": list(around.PEOPLE.values()),
        }  # fmt: skip


def has_schedules(engine: sa.Engine) -> bool:
    """Whether anybody has put anything there: the demo then keeps its hands off."""
    with engine.begin() as connection:
        return bool(list_schedules(connection, 1))


def fill(engine: sa.Engine, runs: int, *, seed: int = 1, days: float | None = None) -> int:
    """Fill an empty database with 300 schedules and about so many runs over the last weeks, or the last `days`; returns
    how many there are. Raises RuntimeError where there are schedules."""
    if has_schedules(engine):
        raise RuntimeError("there are schedules in this database: the demo fills empty ones alone")
    with engine.begin() as connection:
        now = read_clock(connection).replace(microsecond=0)
    days = days or DAYS * runs / RUNS_OF_DAYS if runs <= RUNS_OF_DAYS else _days_of(runs)
    past = Past(now - timedelta(days=days), now, str(seed))
    with engine.begin() as connection:
        _unhurried(connection)
        connection.exec_driver_sql(statements.LEFT_OVER)
        connection.exec_driver_sql(statements.MONTHS.format(since=past.since.isoformat()).replace("%", "%%"))
        chosen = list(entries())
        made = {"rows": _rows(chosen, past), "errors": _errors(chosen), "zones": _zones(past)}
        given = past.parameters() | {name: json.dumps(rows) for name, rows in made.items()}
        for statement in statements.TABLES:
            connection.exec_driver_sql(statement, given)
        left = max(100, runs - connection.exec_driver_sql(statements.COUNT, given).scalar_one())
        seconds = max(1, round((past.now - past.since).total_seconds() / left))
        connection.exec_driver_sql(statements.HEAVY, {"seconds": seconds, "name": HEAVY})
        slots = max(connection.exec_driver_sql(statement, given).rowcount for statement in statements.SLOTS)
    _make_runs(engine, past, slots)
    _make_schedules(engine, past, list(entries(seconds)))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql(figures.FIGURES)
        connection.exec_driver_sql(statements.LEFT_OVER)
        connection.exec_driver_sql("VACUUM ANALYZE")
        return int(connection.exec_driver_sql("SELECT count(*) FROM runs").scalar_one())


def _days_of(runs: int) -> float:
    """The heavy schedule is due at most every two seconds."""
    return min(MOST_DAYS, max(DAYS, 2 * runs / 86400))


def _rows(chosen: list[Entry], past: Past) -> list[dict[str, Any]]:
    span = past.now - past.since
    rows = []
    for number, entry in enumerate(chosen):
        job, ail = entry.job, entry.ail
        held = (
            past.ago(hours=QUEUE_HOURS)
            if job.queue == QUEUE
            else past.ago(days=2)
            if job.actor == "legacy_feed"
            else None
        )
        rows.append({
            "id": str(schedule_id(entry.name)), "name": entry.name, "actor": job.actor, "queue": job.queue,
                "args": entry.args,
            "priority": job.policies.get("priority", 5), "overlap": job.policies.get("overlap", "skip"),
            "zone": ZONES.get(entry.country, "UTC"), "seconds": job.seconds,
                "retries": job.policies.get("max_retries", 0),
            "failing": 0.2 if ail == "flaky" else job.failing, "skipping": 0.15 if ail == "slow" else 0.0005,
            "broken_at": _written(past.now - span * (0.04 + 0.02 * (number % 4)) if ail == "broken" else None),
            "until_at": _written(past.now - span * 0.03 * (1 + number % 5) if entry.name in around.PAUSES else None),
            "held_at": _written(held), **entry.rhythm.parameters(),
        })  # fmt: skip
    return rows


def _zones(past: Past) -> list[dict[str, str]]:
    """From when to when each zone is how far ahead of UTC."""
    since, until = (int(at.timestamp()) for at in (past.ago(days=MOST_DAYS + 2), past.now + timedelta(days=2)))
    return [
        {
            "zone": zone,
            "starts_at": datetime.fromtimestamp(segment.starts, UTC).isoformat(),
            "ends_at": datetime.fromtimestamp(segment.ends, UTC).isoformat(),
            "ahead": f"{segment.offset} s",
        }
        for zone in sorted({"UTC", *ZONES.values()})
        for segment in segments(zone, since, until)
    ]


def _errors(chosen: list[Entry]) -> list[dict[str, Any]]:
    actors = {entry.job.actor for entry in chosen}
    return [
        {"actor": actor, "number": number, "type": kind, "message": message}
        for actor in sorted(actors)
        for number, (kind, message) in enumerate(around.ERRORS.get(actor, around.OTHER_ERRORS))
    ]


def _make_runs(engine: sa.Engine, past: Past, slots: int) -> None:
    def insert(first: int) -> None:
        with engine.begin() as connection:
            _unhurried(connection)
            connection.exec_driver_sql(statements.RUNS, past.parameters() | {"first": first, "last": first + CHUNK})

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(insert, range(0, slots, CHUNK)))
    with engine.begin() as connection:
        _unhurried(connection)
        others = int((past.now - past.since) / timedelta(minutes=11))
        connection.exec_driver_sql(statements.OTHERS, past.parameters() | {"others": others})
        notices.tell_past(connection, past.parameters())
        connection.exec_driver_sql(statements.NOTES)
    days = range((past.now - past.since).days + 1)
    for begin in (past.since + timedelta(days=day) for day in days):
        with engine.begin() as connection:
            _unhurried(connection)
            bounds = {"first": first_id_at(begin), "last": first_id_at(begin + timedelta(days=1))}
            connection.exec_driver_sql(statements.OUTPUTS, bounds)


def _make_schedules(engine: sa.Engine, past: Past, chosen: list[Entry]) -> None:
    dice = random.Random(past.seed)
    with engine.begin() as connection:
        _unhurried(connection)
        given = past.parameters()
        connection.exec_driver_sql(around.ACTS, given)
        for entry in chosen:
            edit.create(connection, entry.name, Definition.model_validate(entry.definition()), dice.choice(around.WHO))
        for entry in dice.sample(chosen, 80):
            _change(connection, entry, dice)
        connection.exec_driver_sql(around.STANDING, given)
        for name, (reason, by) in around.PAUSES.items():
            connection.exec_driver_sql(around.PAUSED, {"name": name, "reason": reason, "by": by})
        for statement in (around.ENDS, around.SET_ASIDE, around.GAP):
            connection.exec_driver_sql(statement, given)
        queues.pause(connection, QUEUE, reason="The file server is moved; back at three.", by=around.WHO[3])
        note_dead_letters(connection, QUEUE, uuid4(), around.DEAD_LETTERS)
        _give_tokens(connection)
        _make_channels(connection)
        for statement in (around.QUEUE, *around.SPREAD):
            connection.exec_driver_sql(statement, given)
    folding = Folding(engine)
    while _is_to_fold(engine):
        folding.fold()


def _change(connection: sa.Connection, entry: Entry, dice: random.Random) -> None:
    for _ in range(dice.randint(1, 4)):
        field, value = dice.choice((
            ("priority", dice.randint(3, 7)), ("max_retries", dice.randint(0, 3)), ("time_limit_seconds",
                60 * dice.randint(5, 60)),
            ("description", f"{entry.job.description} See the handbook, page {dice.randint(2, 90)}."),
            ("notify_late_seconds", 60 * dice.randint(5, 30)), ("args", {"batch": 100 * dice.randint(1, 9)}),
        ))  # fmt: skip
        edit.change(connection, edit.lock(connection, entry.name), {field: value}, dice.choice(around.WHO))


def _give_tokens(connection: sa.Connection) -> None:
    now = read_clock(connection)
    for name, role, only, lasts in around.TOKENS:
        ends = None if lasts is None else now + lasts
        new = tokens.NewToken(name, role_of(role), only, ends, hash_of(f"demo-{name}"), name[-4:])
        tokens.give(connection, new, around.WHO[0])
    connection.exec_driver_sql(around.EXPIRED)


def _make_channels(connection: sa.Connection) -> None:
    for name, definition in notices.CHANNELS.items():
        channels.put(connection, name, ChannelDefinition.model_validate(definition), around.WHO[0])


def _is_to_fold(engine: sa.Engine) -> bool:
    with engine.begin() as connection:
        return is_work(connection)


def schedule_id(name: str) -> UUID:
    """The id of a schedule of the demo, always the same."""
    return UUID(md5(f"demo {name}".encode(), usedforsecurity=False).hexdigest())


def _written(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()


def _unhurried(connection: sa.Connection) -> None:
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
