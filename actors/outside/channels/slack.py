"""A notice for an incoming webhook of Slack: blocks whose text stays text, so that nothing in it links or calls."""

import json
import re
from typing import Any

from actors.outside.channels.words import Words

MAX_HEADER_CHARACTERS = 150
MAX_SECTION_CHARACTERS = 3000
_FENCE = "```"
_TICKS = re.compile("`(?=`)")


def body_of(words: Words) -> bytes:
    """The title stands alone where Slack has room for no more, as in a notification."""
    title = _cut(words.title, MAX_HEADER_CHARACTERS)
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": title, "emoji": False}},
        {"type": "section", "text": {"type": "plain_text", "text": words.text, "emoji": False}},
    ]
    if words.error:
        # Ticks can't be escaped; with a word joiner between them no fence of the error's own ends ours.
        inside = _TICKS.sub("`\u2060", _escaped(words.error))
        blocks.append(_section(f"{_FENCE}\n{_cut(inside, MAX_SECTION_CHARACTERS - 10)}\n{_FENCE}"))
    if words.url:
        blocks.append(_section(f"<{_escaped(words.url)}|Look at it in callsheet>"))
    return json.dumps({"text": _escaped(words.title), "blocks": blocks}, ensure_ascii=False).encode()


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _escaped(text: str) -> str:
    """Slack's own three."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
