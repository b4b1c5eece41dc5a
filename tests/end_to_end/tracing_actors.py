"""Actors whose requests and messages belong to a trace."""

import dramatiq
import httpx

from actors.context import current_run
from actors.log_message import log_message


@dramatiq.actor
def ask(url: str) -> None:
    """Send a request as anybody would."""
    httpx.get(url).raise_for_status()


@dramatiq.actor(isolation="process")
def ask_apart(url: str) -> None:
    """The same from a process of its own."""
    httpx.get(url).raise_for_status()


@dramatiq.actor
async def ask_async(url: str) -> None:
    """The same from an event loop."""
    async with httpx.AsyncClient() as client:
        (await client.get(url)).raise_for_status()


@dramatiq.actor
def send_on() -> None:
    """Send a message."""
    log_message.send("sent on")


@dramatiq.actor(max_retries=1, min_backoff=10)
def fail_first(message: str) -> None:
    """Fail at the first attempt."""
    if current_run().attempt == 1:
        raise ValueError(message)
