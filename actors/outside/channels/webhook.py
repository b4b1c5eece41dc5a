"""A notice for a webhook: JSON, signed as Standard Webhooks has it (https://www.standardwebhooks.com)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from actors.outside.channels.words import Words

_PREFIX = "whsec_"


class NotASecret(ValueError):
    """The secret of a webhook is not what Standard Webhooks has for one."""


def body_of(data: Mapping[str, Any], words: Words) -> bytes:
    """The notice as it came is the `data`, with its words."""
    said = {"title": words.title, "text": words.text, "url": words.url or None}
    event = {"type": f"callsheet.notice.{data['kind']}", "timestamp": data.get("at"), "data": {**data, **said}}
    return json.dumps(event, ensure_ascii=False).encode()


def headers_of(body: bytes, message_id: str, timestamp: int, secrets: str | None) -> dict[str, str]:
    """What says which message it is, the same in each attempt, when it was sent, and, with a secret, that it is ours.

    While a secret is being replaced there are two, with a space between: the message is signed with each. Raises
    NotASecret.
    """
    headers = {"webhook-id": message_id, "webhook-timestamp": str(timestamp)}
    if secrets is None:
        return headers
    keys = [_key(secret) for secret in secrets.split()]
    if not keys:
        raise NotASecret("the secret of the channel is empty")
    signed = f"{message_id}.{timestamp}.".encode() + body
    return headers | {"webhook-signature": " ".join(f"v1,{_signature(key, signed)}" for key in keys)}


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except ValueError:
        key = b""
    if not key:
        raise NotASecret(
            f"the secret of the channel must be {_PREFIX} and base64, as `openssl rand -base64 32` gives it"
        )
    return key


def _signature(key: bytes, signed: bytes) -> str:
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
