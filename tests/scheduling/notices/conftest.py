"""A relay without an exchange, and what there is to tell."""

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from config.settings import Settings
from scheduling.notices import notifier
from scheduling.relay import LOOK_SECONDS, Relay
from tests.scheduling.notices.happening import Notices


@pytest.fixture(autouse=True)
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Late runs are looked for each time."""
    monkeypatch.setattr(notifier, "LATE_SECONDS", 0.0)


@pytest.fixture
def relay(engine: sa.Engine) -> Relay:
    return Relay(engine, Settings(), None)


@pytest.fixture
def notices(engine: sa.Engine, relay: Relay) -> Notices:
    """What there is to tell by now, in the order in which it was found out; each once."""
    seen: set[UUID] = set()

    def take() -> list[dict[str, Any]]:
        while relay.relay() < LOOK_SECONDS:
            pass
        with engine.connect() as connection:
            rows = connection.exec_driver_sql(
                "SELECT r.id, r.args, r.queue, r.state FROM runs r JOIN deliveries d ON d.run_id = r.id"
                " WHERE actor = 'notify' ORDER BY d.at, r.id"
            ).all()
        new = [row for row in rows if row.id not in seen]
        seen.update(row.id for row in new)
        assert all((row.queue, row.state) == ("default", "planned") for row in new)
        assert all(row.args["notice"]["id"] == str(row.id) for row in new)
        return [{"channel": row.args["channel"], **row.args["notice"]} for row in new]

    return take
