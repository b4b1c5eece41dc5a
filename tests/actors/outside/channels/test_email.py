"""Emails: what a person and their program see."""

from datetime import UTC, datetime

from actors.outside.channels.email import letter_of
from actors.outside.channels.words import Words

SENDER = "callsheet <callsheet@example.com>"
NOW = datetime(2026, 3, 1, 6, 31, tzinfo=UTC)
URL = "https://callsheet.example.com/runs/1"


def test_an_email_in_whole() -> None:
    words = Words("nächtlich failed", "Its run failed.", "ValueError: no rows", URL)
    letter = letter_of("failed", words, "ops", SENDER, ["a@example.com", "B <b@example.com>"], "0189", NOW)
    assert letter["From"] == SENDER
    assert letter["To"] == "a@example.com, B <b@example.com>"
    assert letter["Subject"] == "callsheet: nächtlich failed"
    assert letter["Date"] == "Sun, 01 Mar 2026 06:31:00 +0000"
    assert letter["Message-ID"] == "<0189@example.com>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["X-Callsheet-Notice"] == "failed"
    assert letter.get_content().replace("\r\n", "\n") == (
        "Its run failed.\n\nThe last error:\n\nValueError: no rows\n\n"
        f"{URL}\n\n-- \ncallsheet tells you this by its channel ops.\n"
    )
    assert b"\n\nIts" in letter.as_bytes().replace(b"\r\n", b"\n")


def test_it_says_nothing_of_what_there_is_not() -> None:
    letter = letter_of("stalled", Words("a", "b.", "", ""), "ops", SENDER, ["a@example.com"], "1", NOW)
    assert letter.get_content().replace("\r\n", "\n") == "b.\n\n-- \ncallsheet tells you this by its channel ops.\n"
