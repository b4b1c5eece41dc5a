"""The actor `http_request`: call a URL."""

import ipaddress
import re
import time
from collections.abc import Mapping
from typing import Any

import dramatiq
import httpx

from actors.context import CurrentRun, current_run, identity_of
from actors.outside.charsets import TextReader
from actors.outside.deadline import Deadline
from actors.outside.transport import GuardedTransport, target_of
from config.settings import get_settings
from config.telemetry.calls import traced
from config.telemetry.traceparent import NAME as TRACEPARENT

MAX_REDIRECTS = 20

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e]*")
_STATUS = re.compile(r"[1-5](\d\d|xx)")


class UnexpectedStatus(Exception):
    """The answer's status is none of the expected ones."""


@dramatiq.actor
def http_request(
    url: str,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    params: dict[str, Any] | None = None,
    json: Any = None,
    body: str | None = None,
    timeout_seconds: float = 30,
    expected_status: list[str | int] | None = None,
    follow_redirects: bool = False,
    max_body_bytes: int = 65536,
) -> dict[str, Any]:
    """Send an HTTP request. The run succeeds if the answer has an expected status; its output is the answer's body,
    as text of the charset that the answer names.

    The request says which run it is: `Callsheet-Run-Id`, `Callsheet-Schedule`, `Callsheet-Slot` (UTC),
    `Callsheet-Attempt`, `Idempotency-Key` (the run's id, the same for every attempt) and `traceparent`.
    Only public addresses are reached, and those in the setting `http_request.allow_networks`; a secret in the arguments
    goes to no URL, of a redirect neither, that `secrets.allow` keeps it from. Proxies named in the worker's environment
    are not used.

    Arguments:
        url: where to; `http://` or `https://`.
        method: GET, POST, PUT or another.
        headers: sent as they are, in ASCII, in place of callsheet's own of the same name. A redirect to another
            origin does not get them.
        params: added to the query of the URL, in place of what it has of the same name.
        json: the body, sent as JSON. Not together with `body`.
        body: the body as text, sent as UTF-8.
        timeout_seconds: for everything, from the look-up of the name to the end of the answer's body.
        expected_status: statuses that count as success, such as "204" or "2xx"; ["2xx"] if not given.
        follow_redirects: go where a 301, 302, 303, 307 or 308 points, at most 20 times; otherwise its status counts.
        max_body_bytes: how much of the answer's body to read and keep as output; the rest stays unread.

    Result: `status`, `headers` (names in lower case) and `elapsed_seconds`.
    """
    if json is not None and body is not None:
        raise ValueError("json and body can't be given together")
    expected = _expected(expected_status)
    run = current_run()
    started = time.monotonic()
    deadline = Deadline(timeout_seconds, f"no complete answer within {timeout_seconds:g} seconds")
    networks = map(ipaddress.ip_network, get_settings().http_request.allow_networks)
    transport = _traced(GuardedTransport(networks, deadline), headers)
    with httpx.Client(transport=transport, trust_env=False, timeout=None) as client:  # noqa: S113 - the deadline is the transport's
        request = client.build_request(
            method.upper(), _with_params(url, params), headers=_headers(run, headers), json=json, content=body
        )
        response = _send(client, request, run, frozenset(name.lower() for name in headers or ()), follow_redirects)
        try:
            _keep_body(response, max_body_bytes, run)
        finally:
            response.close()
    if not any(_matches(response.status_code, pattern) for pattern in expected):
        raise UnexpectedStatus(f"the status is {response.status_code}, expected was {', '.join(expected)}")
    return {
        "status": response.status_code,
        "headers": dict(response.headers),
        "elapsed_seconds": round(time.monotonic() - started, 6),
    }


def _traced(transport: httpx.BaseTransport, given: Mapping[str, str] | None) -> httpx.BaseTransport:
    """With spans, unless the arguments say which trace the request is of."""
    return transport if any(name.lower() == TRACEPARENT for name in given or ()) else traced(transport)


def _expected(statuses: list[str | int] | None) -> list[str]:
    patterns = ["2xx"] if statuses is None else [str(status).lower() for status in statuses]
    if not patterns or not all(_STATUS.fullmatch(pattern) for pattern in patterns):
        raise ValueError('expected_status must list statuses such as "204" or "2xx"')
    return patterns


def _matches(status: int, pattern: str) -> bool:
    return str(status) == pattern or (pattern.endswith("xx") and str(status)[0] == pattern[0])


def _with_params(url: str, params: dict[str, Any] | None) -> httpx.URL:
    return httpx.URL(url).copy_merge_params(params) if params else httpx.URL(url)


def _headers(run: CurrentRun, given: Mapping[str, str] | None) -> httpx.Headers:
    headers = httpx.Headers(
        {
            "User-Agent": "callsheet",
            "Accept-Encoding": "identity",  # the output is to be read by people
            "Idempotency-Key": str(run.run_id),
        }
    )
    headers.update({f"Callsheet-{name.title().replace('_', '-')}": value for name, value in identity_of(run).items()})
    if run.trace:
        headers[TRACEPARENT] = run.trace
    headers.update(_checked(given or {}))
    return headers


def _checked(given: Mapping[str, str]) -> dict[str, str]:
    """Raises ValueError for what no header can be. It names the header and not its value, which may be a secret."""
    for name, value in given.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"headers: {name!r} is not the name of a header")
        if not isinstance(value, str) or not _VALUE.fullmatch(value):
            raise ValueError(
                f"headers: the value of {name!r} must be text of visible ASCII characters, spaces and tabs"
            )
    return {name: value.strip(" \t") for name, value in given.items()}


def _send(
    client: httpx.Client, request: httpx.Request, run: CurrentRun, given: frozenset[str], follow: bool
) -> httpx.Response:
    # httpx would read the whole body of each redirect, whatever its size, and take the given headers along.
    run.check_reach(target_of(request.url))
    response = client.send(request, stream=True)
    for _ in range(MAX_REDIRECTS):
        following = response.next_request if follow else None
        if following is None:
            return response
        response.close()
        if _origin(following.url) != _origin(request.url):
            for name in given - {"accept", "content-type", "user-agent"}:
                following.headers.pop(name, None)
        request = following
        run.check_reach(target_of(request.url))
        response = client.send(request, stream=True)
    if follow and response.next_request:
        response.close()
        raise httpx.TooManyRedirects(f"more than {MAX_REDIRECTS} redirects", request=request)
    return response


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _keep_body(response: httpx.Response, limit: int, run: CurrentRun) -> None:
    """Write the body to the output as it comes, up to `limit` bytes, and read no further."""
    left = limit
    encoding = response.headers.get("content-encoding", "identity")
    reader = TextReader(response.charset_encoding if encoding == "identity" else None)
    if encoding != "identity":
        run.output.write(f"[the body is encoded: {encoding}]\n")
    try:
        if left > 0:
            for piece in response.iter_raw():
                run.output.write(reader.read(piece[:left]))
                left -= len(piece)
                if left <= 0:
                    break
    finally:
        run.output.write(reader.read(b"", is_last=True))
    if left <= 0 and response.headers.get("content-length") != str(limit):
        run.output.cut(f"\n[read no further than {limit} bytes]\n")
