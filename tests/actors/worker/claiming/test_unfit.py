"""What is no message: each kind has a word of its own, and words for people."""

import json
from typing import Any
from uuid import uuid4

import pytest

from actors.worker.claiming.messages import read_letter
from models.words.refusals import Unfit
from tests.actors.worker.line import body


def with_parts(**parts: Any) -> bytes:
    return json.dumps(json.loads(body()) | parts).encode()


REASONS = {
    Unfit.NOT_JSON: [b"", b"no message", b"\xff\xff", b'{"args": ', b"[" * 100_000],
    Unfit.NOT_A_MESSAGE: [
        b"[1, 2]",
        b"null",
        b"{}",
        b'{"args": 5}',
        with_parts(surplus="secret"),
        with_parts(actor_name=None),
        with_parts(kwargs=[1]),
        with_parts(options="x"),
        with_parts(message_id="\ud800"),
    ],
    Unfit.BAD_IDS: [body(run_id=7, attempt=0), body(run_id=str(uuid4())), body(run_id=str(uuid4()), attempt=2**40)],
}


@pytest.mark.parametrize(("reason", "bad"), [(reason, bad) for reason, bodies in REASONS.items() for bad in bodies])
def test_what_can_not_be_read_has_a_word_and_a_reason_without_what_it_says(reason: Unfit, bad: bytes) -> None:
    unfit = read_letter(bad, "default").unfit
    assert unfit is not None
    assert (unfit.body, unfit.reason) == (bad, reason)
    assert len(unfit.because) > 10
    assert "secret" not in unfit.because


def test_a_message_that_can_be_read_is_not_unfit() -> None:
    assert read_letter(body(), "default").unfit is None
