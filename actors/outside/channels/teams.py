"""A notice for a workflow of Microsoft Teams that takes webhooks: an Adaptive Card, in the message that it expects."""

import json
from typing import Any

from actors.outside.channels.words import Words

_SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"
_VERSION = "1.4"


def body_of(words: Words) -> bytes:
    """Every text is a run of text, in which Markdown means nothing: what an error says may come from anybody."""
    body = [_block(words.title, weight="Bolder", size="Medium"), _block(words.text)]
    if words.error:
        body.append(_block(words.error, fontType="Monospace", color="Attention"))
    card: dict[str, Any] = {"$schema": _SCHEMA, "type": "AdaptiveCard", "version": _VERSION, "body": body}
    card["fallbackText"] = words.title
    if words.url:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Look at it in callsheet", "url": words.url}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    message = {"type": "message", "summary": words.title, "attachments": [attachment]}
    return json.dumps(message, ensure_ascii=False).encode()


def _block(text: str, **style: str) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **style}]}
