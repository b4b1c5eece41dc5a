import json
import socket

import httpcore
import pytest

from actors.http_request import UnexpectedStatus, http_request
from actors.worker.running.current import entered
from tests.actors.conftest import RUN_ID
from tests.actors.http_servers import Exchange, ok, serving

call = http_request.fn


@pytest.fixture(autouse=True)
def _loopback_is_allowed(allow):
    allow(networks=["127.0.0.0/8"])


def test_the_result_has_status_headers_and_time_and_the_output_has_the_body(run):
    with serving(ok) as server:
        result = call(server.url)
    assert result["status"] == 200
    assert result["headers"] == {"content-length": "5", "x-custom": "yes"}
    assert 0 < result["elapsed_seconds"] < 5
    json.dumps(result)
    assert run.output.text() == ("hello", False)


def test_the_request_says_which_run_it_is(run):
    with serving(ok) as server:
        call(server.url)
        sent = server.headers()
    assert sent["callsheet-run-id"] == sent["idempotency-key"] == str(RUN_ID)
    assert sent["callsheet-schedule"] == "nightly"
    assert sent["callsheet-slot"] == "2026-03-01T06:30:00Z"
    assert sent["callsheet-attempt"] == "2"
    assert sent["traceparent"] == run.trace


def test_a_manual_run_sends_no_schedule_and_no_slot(new_run):
    with serving(ok) as server, entered(new_run(schedule=None, slot_at=None)):
        call(server.url)
        assert not {"callsheet-schedule", "callsheet-slot"} & set(server.headers())


def test_given_headers_replace_the_own_ones(run):
    with serving(ok) as server:
        call(server.url, headers={"idempotency-key": "mine", "X-Key": "k"})
        assert server.headers()["idempotency-key"] == "mine"
        assert server.headers()["x-key"] == "k"


def test_json_is_sent_as_json(run):
    with serving(ok) as server:
        call(server.url, method="post", json={"a": [1, None, "é"]})
        assert server.requests[0].startswith(b"POST ")
        assert server.headers()["content-type"] == "application/json"
        assert json.loads(server.body()) == {"a": [1, None, "é"]}


def test_a_text_body_is_sent_as_utf8(run):
    with serving(ok) as server:
        call(server.url, method="PUT", body="grüezi")
        assert server.body() == "grüezi".encode()


def test_json_and_body_together_are_refused_before_anything_is_sent(run):
    with serving(ok) as server:
        with pytest.raises(ValueError, match="together"):
            call(server.url, json=1, body="1")
        assert server.requests == []


def test_params_are_added_to_the_query_of_the_url(run):
    with serving(ok) as server:
        call(server.url + "/a?x=1&y=2", params={"y": 3, "z": ["a", "b"]})
        assert server.requests[0].startswith(b"GET /a?x=1&y=3&z=a&z=b ")


def test_proxies_of_the_environment_are_not_used(run, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with serving(ok) as server:
        assert call(server.url)["status"] == 200


@pytest.mark.parametrize(("status", "expected"), [(204, None), (404, ["404"]), (404, ["2xx", "4XX"]), (201, [201])])
def test_expected_statuses_succeed(run, status, expected):
    with serving(lambda exchange: exchange.answer(f"{status} Whatever")) as server:
        assert call(server.url, expected_status=expected)["status"] == status


@pytest.mark.parametrize(("status", "expected"), [(302, None), (500, None), (200, ["204"]), (404, ["2xx", "410"])])
def test_another_status_is_an_error_and_the_output_still_shows_the_body(run, status, expected):
    with (
        serving(lambda exchange: exchange.answer(f"{status} Whatever", b"the reason")) as server,
        pytest.raises(UnexpectedStatus, match=str(status)),
    ):
        call(server.url, expected_status=expected)
    assert run.output.text()[0] == "the reason"


@pytest.mark.parametrize("expected", [[], ["2x"], ["ok"], ["600"], ["200 "]])
def test_a_status_that_can_not_be_is_refused_before_anything_is_sent(run, expected):
    with serving(ok) as server:
        with pytest.raises(ValueError, match="expected_status"):
            call(server.url, expected_status=expected)
        assert server.requests == []


def test_a_huge_body_is_read_no_further_than_the_limit(run):
    sent = []

    def endless(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while exchange.pause(0):
            exchange.send(b"x" * 65536)
            sent.append(65536)

    with serving(endless) as server:
        call(server.url, max_body_bytes=1000)
    assert run.output.text()[0] == "x" * 1000 + "\n[read no further than 1000 bytes]\n"
    assert sum(sent) < 50_000_000


def test_a_body_of_just_the_limit_is_complete(run):
    with serving(ok) as server:
        call(server.url, max_body_bytes=5)
    assert run.output.text()[0] == "hello"


def test_a_chunked_body_is_put_together(run):
    def chunked(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nfoo\r\n")
        exchange.send(b"3;extension=1\r\nbar\r\n0\r\n\r\n")

    with serving(chunked) as server:
        call(server.url)
    assert run.output.text()[0] == "foobar"


def test_a_compressed_body_is_marked_and_not_unpacked(run):
    with serving(lambda exchange: exchange.answer(body=b"\x1f\x8b", Content_Encoding="gzip")) as server:
        call(server.url)
        assert server.headers()["accept-encoding"] == "identity"
    assert run.output.text()[0].startswith("[the body is encoded: gzip]\n")


def test_a_server_that_closes_early_is_an_error(run):
    with (
        serving(lambda exchange: exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")) as server,
        pytest.raises(httpcore.RemoteProtocolError),
    ):
        call(server.url)
    assert run.output.text()[0] == "abc"


def test_a_server_that_says_nothing_is_an_error(run):
    with serving(lambda exchange: None) as server, pytest.raises(httpcore.RemoteProtocolError):
        call(server.url)


def test_a_port_that_nobody_listens_on_is_named(run):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(httpcore.ConnectError, match=f"127.0.0.1, port {port}: .*refused"):
        call(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("text/html; charset=ISO-8859-1", b"gr\xf6\xdfer", "größer"),
        ('text/plain; charset="windows-1252"', b"5 \x80", "5 €"),
        ("text/plain; format=flowed; CHARSET=Shift_JIS", "日本".encode("shift_jis"), "日本"),
        ("application/json; charset=utf-16", '"größer"'.encode("utf-16"), '"größer"'),
        ("text/plain; charset=nonsense", "größer".encode(), "größer"),
        ("text/plain", "\N{ZERO WIDTH NO-BREAK SPACE}größer".encode(), "größer"),
    ],
)
def test_the_output_is_text_of_the_charset_that_the_answer_names(run, content_type, body, text):
    with serving(lambda exchange: exchange.answer(body=body, Content_Type=content_type)) as server:
        call(server.url)
    assert run.output.text() == (text, False)


def test_what_is_encoded_besides_is_not_read_by_its_charset(run):
    headers = {"Content_Type": "text/plain; charset=utf-16", "Content_Encoding": "gzip"}
    with serving(lambda exchange: exchange.answer(body=b"zipped", **headers)) as server:
        call(server.url)
    assert run.output.text()[0].endswith("]\nzipped")


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"X-Key": "secret-grüezi"}, "the value of 'X-Key' must"),
        ({"X-Key": "secret\r\nX-Other: 1"}, "the value of 'X-Key' must"),
        ({"Accept": "*/*", "X-Key": "secret\x00"}, "the value of 'X-Key' must"),
        ({"X-Key": "secret\x7f"}, "the value of 'X-Key' must"),
        ({"X-Key": 5}, "the value of 'X-Key' must"),
        ({"X-Schlüssel": "secret"}, "'X-Schlüssel' is not the name"),
        ({"X Key": "secret"}, "'X Key' is not the name"),
        ({"": "secret"}, "'' is not the name"),
    ],
)
def test_what_no_header_can_be_is_refused_by_the_headers_name(run, headers, said):
    with serving(ok) as server:
        with pytest.raises(ValueError, match=f"^headers: {said}") as caught:
            call(server.url, headers=headers)
        assert server.requests == []
    assert "secret" not in str(caught.value)


def test_spaces_around_the_value_of_a_header_are_not_part_of_it(run):
    with serving(ok) as server:
        call(server.url, headers={"X-Key": " a\tb ", "X-Empty": ""})
        assert (server.headers()["x-key"], server.headers()["x-empty"]) == ("a\tb", "")
