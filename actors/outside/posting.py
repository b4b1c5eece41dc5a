"""Post: a body to a URL, by the rules of `http_request` about addresses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import httpx

from actors.outside.addresses import IPNetwork
from actors.outside.deadline import Deadline
from actors.outside.transport import GuardedTransport

MAX_ANSWER_BYTES = 2048


@dataclass(frozen=True)
class Posted:
    """What was answered: the beginning of the text, and the header `Retry-After` in seconds, None for none."""

    status: int
    text: str
    retry_after_seconds: int | None


def post(
    url: httpx.URL, body: bytes, headers: Mapping[str, str], networks: Iterable[IPNetwork], deadline: Deadline
) -> Posted:
    """Send it, and follow no redirect. Raises AddressNotAllowed, DeadlineExceeded, httpcore's errors."""
    own = {"User-Agent": "callsheet", "Accept-Encoding": "identity", "Content-Type": "application/json"}
    with httpx.Client(transport=GuardedTransport(networks, deadline), trust_env=False, timeout=None) as client:  # noqa: S113 - the deadline is the transport's
        response = client.send(client.build_request("POST", url, headers={**own, **headers}, content=body), stream=True)
        try:
            return Posted(response.status_code, _beginning(response), _seconds(response.headers.get("retry-after")))
        finally:
            response.close()


def _beginning(response: httpx.Response) -> str:
    data = b""
    for piece in response.iter_raw():
        data += piece
        if len(data) >= MAX_ANSWER_BYTES:
            break
    return data[:MAX_ANSWER_BYTES].decode(errors="replace").strip()


def _seconds(text: str | None) -> int | None:
    """Only as a number: a date would be by the other's clock."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None
