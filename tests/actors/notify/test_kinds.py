"""Each kind of channel is told what it takes."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
import sqlalchemy as sa

from actors.outside.smtp import LetterRefused
from models.words.states import Trigger
from tests.actors.conftest import RUN_ID
from tests.actors.http_servers import Server, ok, serving
from tests.actors.mail_servers import mailbox
from tests.actors.notify.conftest import NOTICE, answering
from tests.models.rows import add_run, add_schedule, set_run

KEY = b"a key of thirty-two bytes, or so"
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"


def signature(server: Server, number: int) -> str:
    """What it must be, computed from what came."""
    sent = server.headers(number)
    signed = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.".encode() + server.body(number)
    return f"v1,{base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()}"


def test_a_webhook_gets_the_notice_signed_with_the_same_id_in_each_attempt(
    channel: Any, tell: Any, give_secret: Any, settings: Any
) -> None:
    give_secret("HOOK", SECRET)
    settings(HTTP__PUBLIC_URL="https://callsheet.example.com")
    with serving(ok) as server:
        channel("webhook", url=f"{server.url}/hook?a=1", secret="${secret:HOOK}")
        assert tell() == tell(attempt=2) == {"sent": True, "status": 200, "output": "hello\n"}
        assert server.requests[0].startswith(b"POST /hook?a=1 ")
        for number in (0, 1):
            sent = server.headers(number)
            assert sent["webhook-id"] == str(RUN_ID)
            assert sent["content-type"] == "application/json"
            assert sent["webhook-signature"] == signature(server, number)
        said = json.loads(server.body())
    assert said["type"] == "callsheet.notice.failed"
    assert said["data"] == NOTICE | {
        "title": "nightly failed",
        "text": "Its run for 2026-03-01T06:30:00Z failed.",
        "url": "https://callsheet.example.com/schedules/nightly",
    }


def test_a_webhook_without_a_secret_is_not_signed(channel: Any, tell: Any) -> None:
    with serving(ok) as server:
        channel("webhook", url=server.url)
        tell()
        assert "webhook-signature" not in server.headers()


@pytest.mark.parametrize(("kind", "place"), [("slack", "blocks"), ("teams", "attachments")])
def test_chats_are_told_at_a_url_that_is_secret_as_a_whole(
    channel: Any, tell: Any, give_secret: Any, kind: str, place: str
) -> None:
    with serving(answering("202 Accepted")) as server:
        give_secret("CHAT", f"{server.url}/services/T1/B1/x?sig=hunter22")
        channel(kind, url="${secret:CHAT}")
        assert tell() == {"sent": True, "status": 202}
        assert server.requests[0].startswith(b"POST /services/T1/B1/x?sig=hunter22 ")
        assert json.loads(server.body())[place]
        assert "ValueError: no ${secret:HOOK} and no ${run:id}" in server.body().decode()


def test_an_email_is_written_by_the_server_of_the_settings(channel: Any, tell: Any, settings: Any) -> None:
    with mailbox(unknown=frozenset({"gone@example.com"})) as box:
        settings(SMTP__HOST="127.0.0.1", SMTP__PORT=box.port, SMTP__TLS="off", SMTP__SENDER="callsheet <c@example.com>")
        channel("email", to=("ops@example.com", "gone@example.com"))
        assert tell() == {"sent": True, "refused": ["gone@example.com: 550 5.1.1 nobody of that name"]}
        [received] = box.received
        assert received.letter["Subject"] == "callsheet: nightly failed"
        assert received.letter["Message-ID"] == f"<{RUN_ID}@example.com>"
        assert "ValueError: no ${secret:HOOK}" in received.letter.get_content()
        channel("email", to=("gone@example.com",))
        with pytest.raises(LetterRefused):
            tell()


def test_the_words_are_those_of_the_explanation(channel: Any, tell: Any, engine: sa.Engine) -> None:
    with engine.begin() as connection:
        schedule = add_schedule(connection, "nightly")
        slot = connection.exec_driver_sql("SELECT date_trunc('second', now()) - interval '1 h'").scalar_one()
        run = add_run(
            connection, schedule_id=schedule, slot_at=slot, due_at=slot, planned_at=slot, trigger=Trigger.SCHEDULE
        )
        set_run(
            connection,
            run,
            "state = 'failed', attempt = 1, started_at = due_at + interval '0.5 s', error_type = 'ValueError',"
            " finished_at = due_at + interval '5 s', error_message = 'no rows'",
        )
    with serving(ok) as server:
        channel("webhook", url=server.url)
        tell(run_id=str(run))
        text = json.loads(server.body())["data"]["text"]
    assert "It failed. It ran on time: due at " in text
    assert "it started 0.5 seconds later." in text


def test_what_can_not_be_explained_is_told_all_the_same(
    channel: Any, tell: Any, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine.begin() as connection:
        run = add_run(connection)
    monkeypatch.setattr("actors.notify.explain_run", lambda *_: 1 / 0)
    with serving(ok) as server:
        channel("webhook", url=server.url)
        assert tell(run_id=str(run))["sent"]
