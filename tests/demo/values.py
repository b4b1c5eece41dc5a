"""What stands for the fields of the site's routes in a database that the demo has filled."""

import sqlalchemy as sa

from tests.demo.catalog import HEAVY

_FAILED = "SELECT id FROM runs WHERE state = 'failed' AND schedule_name = 'prices.refresh-br' ORDER BY id DESC LIMIT 1"
_ANY = "SELECT id FROM runs WHERE state = 'failed' ORDER BY id DESC LIMIT 1"
_RUNNING = "SELECT id FROM runs WHERE state = 'running' AND actor = 'crawl' ORDER BY id LIMIT 1"
_FINGERPRINT = "SELECT fingerprint FROM errors ORDER BY count DESC, fingerprint LIMIT 1"
_WORKER = "SELECT id FROM workers ORDER BY last_seen_at DESC LIMIT 1"
_TOKEN = "SELECT id FROM tokens ORDER BY name LIMIT 1"
NOBODY = "00000000-0000-0000-0000-000000000000"


def values_of(engine: sa.Engine, schedule: str = HEAVY) -> dict[str, str]:
    """By the path up to the field, as `place_of` takes them."""
    with engine.begin() as connection:

        def first(*statements: str) -> str:
            for statement in statements:
                if (found := connection.exec_driver_sql(statement).scalar_one_or_none()) is not None:
                    return str(found)
            return NOBODY

        return {
            "/schedules/{name}": schedule, "/schedules/{name}/versions/{version}": "1",
            "/schedules/-/bulk?": "action=pause", "/schedules/{name}/rollback?": "version=1",
            "/runs/{id}": first(_FAILED, _ANY), "/queues/{name}": "reports", "/workers/{id}": first(_WORKER),
            "/channels/{name}": "on-call", "/tokens/{id}": first(_TOKEN),
            "/failures/{fingerprint}": first(_FINGERPRINT), "/actors/{name}": "call_partner",
        }  # fmt: skip


def running_run(engine: sa.Engine) -> str | None:
    """A run that goes on for minutes, if there is one."""
    with engine.begin() as connection:
        found = connection.exec_driver_sql(_RUNNING).scalar_one_or_none()
    return None if found is None else str(found)
