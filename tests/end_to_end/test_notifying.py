"""Notices: a worker tells them, again where nobody took them, and whoever gets one twice knows it again."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from models.lifecycle.new_runs import NewRun, insert_runs
from models.notices.channels import store_channel
from models.words.ids import new_run_id
from models.words.states import Trigger
from tests.actors.http_servers import Exchange, serving
from tests.actors.notify.conftest import CHANNEL, NOTICE
from tests.end_to_end.deployment import Deployment
from tests.models.rows import sqlalchemy_url

KEY = b"a key of thirty-two bytes, or so"


@pytest.fixture
def telling(tmp_path: Path, database_url: str, amqp_url: str) -> Iterator[Deployment]:
    secret = f"whsec_{base64.b64encode(KEY).decode()}"
    with Deployment(tmp_path, database_url, amqp_url, {"CALLSHEET_SECRET_HOOK": secret}) as running:
        yield running.start("web", "scheduling", "worker").ready()


def ask(deployment: Deployment, url: str) -> UUID:
    """A channel at the URL, and a run that tells it something."""
    engine = sa.create_engine(sqlalchemy_url(deployment.database_url))
    now = datetime.now(UTC)
    args = {"channel": "ops", "notice": NOTICE}
    run = NewRun(new_run_id(now), Trigger.MANUAL, due_at=now, planned_at=now, actor="notify", args=args)
    with engine.begin() as connection:
        store_channel(connection, replace(CHANNEL, url=url, secret="${secret:HOOK}"))
        insert_runs(connection, [run])
    engine.dispose()
    return run.id


def test_a_notice_that_nobody_took_is_told_again_under_the_same_id(telling: Deployment) -> None:
    def busy_at_first(exchange: Exchange) -> None:
        exchange.answer("503 Service Unavailable" if len(exchange.server.requests) == 1 else "204 No Content")

    with serving(busy_at_first) as server:
        run = ask(telling, server.url)
        ended = telling.finished(str(run), 60)
        assert (ended["state"], ended["attempt"], ended["max_retries"]) == ("succeeded", 2, 12)
        assert ended["result"] == {"sent": True, "status": 204}
        assert ended["attempts"][0]["error"]["message"] == "the answer is 503"
        for number in (0, 1):
            sent = server.headers(number)
            assert sent["webhook-id"] == str(run)
            signed = f"{run}.{sent['webhook-timestamp']}.".encode() + server.body(number)
            expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
            assert sent["webhook-signature"] == f"v1,{expected}"
        assert server.body(0) == server.body(1)
        assert b"${secret:HOOK}" in server.body()
