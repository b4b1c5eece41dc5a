"""Rows as JSON, and runs by attempt."""

import json
from datetime import UTC, datetime
from uuid import uuid4

from models.sql.rows import as_json, as_json_alike, by_attempt

NOW = datetime(2026, 5, 4, 12, 0, 30, tzinfo=UTC)


def test_rows_that_are_alike_are_the_same_json_as_each_by_itself() -> None:
    one, two, three = ((uuid4(), uuid4()) for _ in range(3))
    first, second = {"at": NOW, "text": 'a"}, {%s'}, {"at": None, "text": "ä"}
    keys = [dict(zip(("id", "of"), pair, strict=True)) for pair in (one, two, three)]
    alike = as_json_alike(("id", "of"), [([one, two], first), ([three], second)])
    assert json.loads(alike) == json.loads(as_json([keys[0] | first, keys[1] | first, keys[2] | second]))


def test_runs_by_attempt_are_in_the_order_of_their_ids() -> None:
    ids = [uuid4() for _ in range(20)]
    assert by_attempt((id_, number % 2) for number, id_ in enumerate(ids)) == {
        0: sorted(ids[::2]),
        1: sorted(ids[1::2]),
    }
