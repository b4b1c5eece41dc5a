"""Refusals: why a message is a dead letter."""

from enum import StrEnum
from typing import NamedTuple


class Unfit(StrEnum):
    """What is wrong with it. These are few, and stay so: metrics are told apart by them."""

    NOT_JSON = "not_json"
    """Its body can't be read at all."""
    NOT_A_MESSAGE = "not_a_message"
    """It has not the fields that Dramatiq's messages have, or no names that a row can hold."""
    BAD_IDS = "bad_ids"
    """It says that it stands for runs, and what it names are none."""
    BAD_ARGUMENTS = "bad_arguments"
    """No row can hold its arguments; its run has failed, and says so too."""
    UNCLAIMABLE = "unclaimable"
    """Claiming it raised what it never should."""


class Refused(NamedTuple):
    """A message that was delivered, and why it can't be taken: a word, and the same for people."""

    body: bytes
    reason: Unfit
    because: str
