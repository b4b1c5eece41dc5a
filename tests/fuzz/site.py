"""What is fuzzed: the web process on a database of its own, with a little of everything in it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

import sqlalchemy as sa

from scheduling.plan import plan_due
from tests.api.cli.served import web_server
from tests.end_to_end.deployment import TOKEN
from tests.fuzz.asking import Asker
from tests.fuzz.fields import STANDING
from tests.models.rows import announce, sqlalchemy_url
from tests.servers import databases

_STANDING = {
    STANDING: {"cron": "*/5 * * * *"},
    f"{STANDING}-jitter": {"cron": "0 * * * *", "jitter_seconds": 3500, "timezone": "Europe/Berlin", "tags": ["web"]},
    f"{STANDING}-period": {"every_seconds": 1.000001, "starts_at": "1970-01-01T00:00:00Z", "max_runs": 5},
    f"{STANDING}-once": {"at": "2100-01-01T00:00:00Z", "jitter_seconds": 604800, "ends_at": "2100-01-01T00:00:00Z"},
    f"{STANDING}-byhand": {"args": {"*": [1, None]}},
}

_DUE = """
UPDATE schedules SET cursor_at = least(cursor_at, now() - interval '2 days'), next_due_at = now() - interval '1 s',
    starts_at = CASE WHEN starts_at < now() THEN starts_at END, paused_at = NULL, paused_until = NULL
WHERE error IS NULL
"""
_ASIDE = "SELECT name, error FROM schedules WHERE error IS NOT NULL"
_ROUNDS = 50


@dataclass(frozen=True)
class Site:
    """Where it answers, and what it stands on."""

    url: str
    engine: sa.Engine
    folder: Path

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    @cached_property
    def known(self) -> dict[str, str]:
        """Values of parameters in paths that lead somewhere."""
        asker = Asker(self.port, TOKEN)
        run = asker.ask("POST", f"/v1/schedules/{STANDING}/trigger").json["id"]
        asker.close()
        return {"name": STANDING, "id": run}

    def give_token(self, role: str) -> str:
        """A new token with a role."""
        asker = Asker(self.port, TOKEN)
        given = asker.ask("POST", "/v1/tokens", json.dumps({"name": f"the {role}", "role": role}))
        asker.close()
        return str(given.json["token"])

    def put_standing(self) -> None:
        """The schedules that others change and delete, as they were."""
        asker = Asker(self.port, TOKEN)
        for name, fields in _STANDING.items():
            said = asker.ask("PUT", f"/v1/schedules/{name}", json.dumps({"actor": "log_message", **fields}))
            assert said.status in (200, 201), said
        asker.close()

    def set_aside(self) -> list[str]:
        """Plan two days of every schedule that there is, once; those that can't be planned."""
        with self.engine.begin() as connection:
            connection.exec_driver_sql(_DUE)
        for _ in range(_ROUNDS):
            with self.engine.begin() as connection:
                if not plan_due(connection, 200).schedules:
                    break
        with self.engine.connect() as connection:
            return [f"{name} is set aside: {error}" for name, error in connection.exec_driver_sql(_ASIDE)]


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """One, until the end of the block."""
    with databases.database(migrated=True) as url:
        engine = sa.create_engine(sqlalchemy_url(url))
        with engine.begin() as connection:
            announce(connection, "log_message")
        # Behind a proxy every client has an address of its own, so that none has to wait for another's wrong tokens.
        with web_server(url, folder, CALLSHEET_HTTP__TRUSTED_PROXY="true") as address:
            found = Site(address, engine, folder)
            found.put_standing()
            yield found
        engine.dispose()
