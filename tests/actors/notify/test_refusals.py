"""What can go wrong with a channel is said, counted, and tried again where that may help."""

from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from actors.notify import ChannelUnusable, NotDelivered, notify
from actors.outside.addresses import AddressNotAllowed
from actors.outside.channels.webhook import NotASecret
from actors.worker.running.current import SecretNotAllowed
from actors.worker.running.references import SecretMissing
from models.counters.counting import OF_PROCESS, Counter
from tests.actors.http_servers import ok, serving
from tests.actors.notify.conftest import answering


def counted(outcome: str) -> float:
    counts, _ = OF_PROCESS.totals()
    labels = (("channel", "ops"), ("outcome", outcome))
    return counts.get(Counter("callsheet_notifications_total", labels), 0)


def test_a_worker_without_a_server_for_emails_says_so(channel: Any, tell: Any) -> None:
    channel("email", to=("ops@example.com",))
    with pytest.raises(NotDelivered, match=r"smtp\.host"):
        tell()


def test_a_channel_that_is_gone_tells_nobody(engine: sa.Engine, tell: Any) -> None:
    assert tell() == {"sent": False, "reason": "the channel is gone"}


@pytest.mark.parametrize("status", ["400 Bad Request", "404 Not Found", "500 Internal Server Error", "302 Found"])
def test_any_other_answer_is_a_failure_with_its_words(channel: Any, tell: Any, status: str) -> None:
    sent, failed = counted("sent"), counted("failed")
    with serving(answering(status, b"no_service\n<here>", Location="/elsewhere")) as server:
        channel("slack", url=server.url)
        with pytest.raises(NotDelivered, match=f"^the answer is {status[:3]}: no_service <here>$") as refused:
            tell()
        assert len(server.requests) == 1
    assert refused.value.delay is None
    assert (counted("sent") - sent, counted("failed") - failed) == (0, 1)


def test_what_was_told_is_counted(channel: Any, tell: Any) -> None:
    sent = counted("sent")
    with serving(ok) as server:
        channel("slack", url=server.url)
        tell()
    assert counted("sent") - sent == 1


@pytest.mark.parametrize(
    ("asked", "attempt", "seconds"),
    [("120", 1, (120, 120)), ("1", 4, (40, 50)), ("99999", 1, (3600, 3600)), ("0", 1, (5, 7))],
)
def test_a_receiver_that_asks_for_time_gets_it_within_bounds(
    channel: Any, tell: Any, asked: str, attempt: int, seconds: tuple[float, float]
) -> None:
    with serving(answering("429 Too Many Requests", Retry_After=asked)) as server:
        channel("slack", url=server.url)
        with pytest.raises(NotDelivered) as refused:
            tell(attempt=attempt)
    assert seconds[0] * 1000 <= refused.value.delay <= seconds[1] * 1000


def test_one_that_says_it_is_gone_is_not_tried_again(channel: Any, tell: Any) -> None:
    with serving(answering("410 Gone")) as server:
        channel("slack", url=server.url)
        with pytest.raises(ChannelUnusable):
            tell()
    assert ChannelUnusable in notify.options["throws"]


def test_a_secret_of_a_webhook_that_is_none_is_not_tried_again_and_not_shown(
    channel: Any, tell: Any, give_secret: Any
) -> None:
    give_secret("HOOK", "hunter22")
    with serving(ok) as server:
        channel("webhook", url=server.url, secret="${secret:HOOK}!")
        with pytest.raises(NotASecret) as refused:
            tell()
        assert server.requests == []
    assert NotASecret in notify.options["throws"]
    assert "hunter22" not in str(refused.value)


def test_a_secret_that_the_worker_has_not_is_named(channel: Any, tell: Any) -> None:
    channel("slack", url="${secret:NOWHERE}")
    with pytest.raises(SecretMissing, match="NOWHERE"):
        tell()


@pytest.mark.parametrize("kind", ["webhook", "slack", "teams"])
def test_addresses_that_are_not_public_are_out_of_reach(channel: Any, tell: Any, allow: Any, kind: str) -> None:
    with serving(ok) as server:
        channel(kind, url=server.url)
        allow()
        with pytest.raises(AddressNotAllowed, match=r"http_request\.allow_networks"):
            tell()
        assert server.requests == []


def test_a_url_that_is_none_is_an_error(channel: Any, tell: Any) -> None:
    channel("slack", url="http://h:port/")
    with pytest.raises(httpx.InvalidURL):
        tell()


@pytest.mark.parametrize("rules", [[], ["http_request"], ["notify https://hooks.example.com/*"]], ids=str)
def test_a_secret_that_may_not_go_there_goes_nowhere(
    channel: Any, tell: Any, give_secret: Any, keep_secrets: Any, rules: list[str]
) -> None:
    with serving(ok) as server:
        give_secret("CHAT", f"{server.url}/x")
        keep_secrets({"CHAT": rules})
        channel("slack", url="${secret:CHAT}")
        with pytest.raises(SecretNotAllowed):
            tell()
        assert server.requests == []


def test_a_secret_goes_to_the_urls_that_it_may_go_to(
    channel: Any, tell: Any, give_secret: Any, keep_secrets: Any
) -> None:
    with serving(ok) as server:
        give_secret("CHAT", f"{server.url}/x")
        keep_secrets({"CHAT": [f"notify {server.url}/*"]})
        channel("slack", url="${secret:CHAT}")
        assert tell()["sent"]
