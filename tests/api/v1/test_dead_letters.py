"""Dead letters as the API shows them: how many a queue has, and why the latest of them."""

from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from falcon.testing import TestClient

from models.dead_letters import note_counts, note_dead_letters

WORKER = uuid4()


def ask(client: TestClient, queue: str = "mail") -> dict[str, Any]:
    answer = client.simulate_get(f"/v1/queues/{queue}/dead-letters")
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def test_of_a_queue_that_nobody_has_counted_nothing_is_known(client: TestClient) -> None:
    assert ask(client) == {"dead_letters": None, "counted_at": None, "latest": []}
    client.simulate_post("/v1/queues/mail/pause")
    assert client.simulate_get("/v1/queues").json["items"][0]["dead_letters"] is None


def test_they_are_shown_with_their_reasons_the_latest_first(client: TestClient, engine: sa.Engine) -> None:
    letters = [{"reason": reason, "because": f"it is {reason}", "bytes": 5} for reason in ("not_json", "bad_ids")]
    with engine.begin() as connection:
        note_dead_letters(connection, "mail", WORKER, letters)
    shown = ask(client)
    assert (shown["dead_letters"], shown["counted_at"]) == (2, None)
    assert [each.pop("at")[-1] for each in shown["latest"]] == ["Z", "Z"]
    assert shown["latest"] == [letters[1] | {"worker_id": str(WORKER)}, letters[0] | {"worker_id": str(WORKER)}]
    with engine.begin() as connection:
        note_counts(connection, {"mail": 7})
    assert (ask(client)["dead_letters"], ask(client)["counted_at"][-1]) == (7, "Z")
    [queue] = client.simulate_get("/v1/queues").json["items"]
    assert (queue["name"], queue["dead_letters"]) == ("mail", 7)
    assert client.simulate_post("/v1/queues/mail/pause").json["dead_letters"] == 7


@pytest.mark.parametrize("name", ["1st", "a b", "null,null", "x" * 300])
def test_a_queue_that_can_not_be_is_refused(shared_client: TestClient, name: str) -> None:
    answer = shared_client.simulate_get(f"/v1/queues/{name}/dead-letters")
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "/name"
