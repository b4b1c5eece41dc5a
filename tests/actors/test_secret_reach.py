"""Where `http_request` takes secrets: to no URL that the setting `secrets.allow` keeps them from."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from actors.http_request import http_request
from actors.worker.running.current import CurrentRun, SecretNotAllowed, entered
from actors.worker.running.references import fill_in
from tests.actors.http_servers import Exchange, Server, serving


def _redirecting(exchange: Exchange) -> None:
    match exchange.path.partition("?")[0]:
        case "/crm/moved":
            exchange.answer("302 Found", Location="/crm/here")
        case "/crm/away":
            exchange.answer("302 Found", Location="/elsewhere")
        case "/crm/far":
            exchange.answer("307 Temporary Redirect", Location=f"http://localhost:{exchange.server.port}/crm/x")
        case _:
            exchange.answer(body=b"hello")


@pytest.fixture
def server(allow: Any, give_secret: Any, keep_secrets: Any) -> Iterator[Server]:
    """A server to whose `/crm/` the secret KEY may go."""
    with serving(_redirecting) as running:
        allow(networks=["127.0.0.0/8", "::1/128"])
        give_secret("KEY", "hunter22")
        keep_secrets({"KEY": [f"http_request {running.url}/crm/*"]})
        yield running


@pytest.fixture
def request_with(new_run: Callable[..., CurrentRun]) -> Callable[..., Any]:
    """Call the actor as a worker does, with the references of its arguments filled in."""

    def call(**arguments: Any) -> Any:
        run = new_run(actor="http_request")
        filled = fill_in(arguments, run)
        with entered(run):
            return http_request.fn(**filled)

    return call


HEADERS = {"X-Key": "${secret:KEY}"}


@pytest.mark.parametrize("path", ["/crm/import", "/crm/moved", "/crm/import?next=/elsewhere"])
def test_a_secret_goes_where_it_may(server: Server, request_with: Callable[..., Any], path: str) -> None:
    assert request_with(url=server.url + path, headers=HEADERS, follow_redirects=True)["status"] == 200
    assert server.headers()["x-key"] == "hunter22"


@pytest.mark.parametrize(
    "arguments",
    [
        {"headers": HEADERS},
        {"json": {"deep": ["${secret:KEY}"]}, "method": "POST"},
        {"body": "${secret:KEY}", "method": "POST"},
        {"params": {"key": "${secret:KEY}"}},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/", "/crmx/import", "/crm/%2e%2e/import", "/other?x=/crm/"])
def test_nothing_is_sent_elsewhere(
    server: Server, request_with: Callable[..., Any], arguments: dict[str, Any], path: str
) -> None:
    with pytest.raises(SecretNotAllowed, match="the secret KEY may not go where this request does") as refused:
        request_with(url=server.url + path, **arguments)
    assert server.requests == []
    assert "hunter22" not in str(refused.value)


def test_a_secret_in_the_url_itself_counts(server: Server, request_with: Callable[..., Any]) -> None:
    assert request_with(url=server.url + "/crm/${secret:KEY}")["status"] == 200
    with pytest.raises(SecretNotAllowed):
        request_with(url=server.url + "/${secret:KEY}")
    assert len(server.requests) == 1


@pytest.mark.parametrize("path", ["/crm/away", "/crm/far"])
def test_a_redirect_is_followed_only_as_far_as_that(
    server: Server, request_with: Callable[..., Any], path: str
) -> None:
    with pytest.raises(SecretNotAllowed):
        request_with(url=server.url + path, headers=HEADERS, follow_redirects=True)
    assert len(server.requests) == 1
    assert request_with(url=server.url + path, headers=HEADERS, expected_status=["3xx"])["status"] in (302, 307)


def test_without_that_secret_any_url_will_do(
    server: Server, request_with: Callable[..., Any], give_secret: Any
) -> None:
    give_secret("OTHER", "hunter33")
    headers = {"X-Key": "${secret:OTHER}"}
    assert request_with(url=server.url + "/crm/away", headers=headers, follow_redirects=True)["status"] == 200
