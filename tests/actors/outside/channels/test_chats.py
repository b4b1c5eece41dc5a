"""Slack and Teams: what somebody else wrote stays text."""

import json
from typing import Any

from actors.outside.channels import slack, teams
from actors.outside.channels.words import Words

URL = "https://callsheet.example.com/runs/1"
LINK = f"<{URL}|Look at it in callsheet>"
NASTY = "<!channel> & <https://evil.example|click> ```` [x](https://evil.example) *b* `"
WORDS = Words("nightly failed", "Its run failed.", "ValueError: no rows", URL)


def of_slack(words: Words) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(slack.body_of(words))
    return message


def of_teams(words: Words) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(teams.body_of(words))
    return message


def test_slack_is_told_in_blocks() -> None:
    assert of_slack(WORDS) == {
        "text": "nightly failed",
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "nightly failed", "emoji": False}},
            {"type": "section", "text": {"type": "plain_text", "text": "Its run failed.", "emoji": False}},
            {"type": "section", "text": {"type": "mrkdwn", "text": "```\nValueError: no rows\n```", "verbatim": True}},
            {"type": "section", "text": {"type": "mrkdwn", "text": LINK, "verbatim": True}},
        ],
    }  # fmt: skip


def test_slack_gets_no_empty_block() -> None:
    assert len(of_slack(Words("a", "b.", "", ""))["blocks"]) == 2


def test_in_slack_nothing_of_an_error_calls_or_links_or_ends_the_code() -> None:
    message = of_slack(Words(NASTY, NASTY, NASTY, ""))
    markdown = [message["text"], message["blocks"][2]["text"]["text"]]
    assert all("<" not in text and ">" not in text for text in markdown)
    assert all(block["text"]["type"] == "plain_text" for block in message["blocks"][:2])
    assert "``" not in markdown[1].removeprefix("```").removesuffix("```")


def test_slack_takes_what_is_longest() -> None:
    blocks = of_slack(Words("x" * 200, "y" * 2000, "&`" * 1000, URL))["blocks"]
    assert len(blocks[0]["text"]["text"]) <= 150
    assert all(len(block["text"]["text"]) <= 3000 for block in blocks)


def test_teams_is_told_by_a_card() -> None:
    message = of_teams(WORDS)
    [attachment] = message["attachments"]
    assert (message["type"], attachment["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert [block["inlines"][0]["text"] for block in card["body"]] == [WORDS.title, WORDS.text, WORDS.error]
    assert card["actions"] == [{"type": "Action.OpenUrl", "title": "Look at it in callsheet", "url": URL}]


def test_in_teams_all_text_is_in_runs_where_markdown_means_nothing() -> None:
    card = of_teams(Words(NASTY, NASTY, NASTY, ""))["attachments"][0]["content"]
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    assert {run["type"] for block in card["body"] for run in block["inlines"]} == {"TextRun"}
    assert "actions" not in card


def test_teams_takes_what_is_longest() -> None:
    assert len(teams.body_of(Words("€" * 200, "€" * 2000, "€" * 2000, URL))) < 28 * 1024
