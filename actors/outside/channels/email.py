"""A notice as an email: plain text."""

from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from actors.outside.channels.words import Words


def letter_of(
    kind: str, words: Words, channel: str, sender: str, to: Sequence[str], message_id: str, now: datetime
) -> EmailMessage:
    """The message; by `message_id` whoever gets it twice knows it again, and no machine is to answer it."""
    letter = EmailMessage(policy=SMTP)
    letter["From"] = sender
    letter["To"] = ", ".join(to)
    letter["Subject"] = f"callsheet: {words.title}"
    letter["Date"] = format_datetime(now)
    letter["Message-ID"] = f"<{message_id}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter["X-Auto-Response-Suppress"] = "All"
    letter["X-Callsheet-Notice"] = kind
    letter.set_content(_text(words, channel))
    return letter


def _text(words: Words, channel: str) -> str:
    parts = [words.text]
    parts += [f"The last error:\n\n{words.error}"] if words.error else []
    parts += [words.url] if words.url else []
    parts.append(f"-- \ncallsheet tells you this by its channel {channel}.")
    return "\n\n".join(parts) + "\n"
