"""The command lines of a run: a real shell reads them as they are meant."""

import json
import re
import subprocess
from collections.abc import Callable
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest
from falcon.testing import TestClient

from api.dashboard.runs.repeating import Lines, lines_of
from api.shapes.run_json import RunJson
from models.words.states import State
from tests.api.dashboard.visitor import Visitor

ODD = {
    "quotes": 'it\'s "so"',
    "dollars": "$HOME ${secret:KEY} $(id) `id`",
    "lines": "one\ntwo\r\n\ttab\\n",
    "signs": "!! # ~ * ? [a] {b,c} & ; | < > \\ %s @file -x",
    "letters": "äöü 漢字 🙂 \u202e\u0007\u007f\u009b\u2028",
    "*": [1, 2**80, -0.5, None, True, {"'": "'"}],
    "'": '"',
    "": "",
}
SAYS = "import json, sys; print(json.dumps(sys.argv[1:]))"


def run_as(site: str = "http://127.0.0.1:8000", **fields: Any) -> list[Lines]:
    """The lines of a run."""
    given = dict.fromkeys(RunJson.model_fields) | {
        "id": uuid4(), "schedule": "nightly", "actor": "log_message", "queue": "default", "priority": 5, "args": ODD,
        "trigger": "manual", "slots": 1, "due_at": "2026-01-01T00:00:00Z", "state": "succeeded", "attempt": 1,
        "max_retries": 0, "min_backoff_seconds": 1, "max_backoff_seconds": 1, "time_limit_seconds": 1,
        "planned_at": "2026-01-01T00:00:00Z", "output_truncated": False, "attempts": [],
    }  # fmt: skip
    return lines_of(RunJson.model_construct(**given | fields), site, has_schedule=True)


def read(line: str, shell: str) -> list[str]:
    """The words that the program would be given, read by a shell in which it stands for one that says them."""
    program = (
        f'curl() {{ python3 -c \'{SAYS}\' "$@"; }}; callsheet() {{ python3 -c \'{SAYS}\' "$CALLSHEET_URL" "$@"; }}'
    )
    ended = subprocess.run(
        [shell, "-c", f"{program}\n{line}"], capture_output=True, text=True, check=True,
        env={"PATH": "/usr/bin:/bin", "HOME": "/root", "CALLSHEET_TOKEN": "a token", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    words: list[str] = json.loads(ended.stdout)
    return words


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_shell_reads_a_triggered_run_with_all_its_arguments(shell: str) -> None:
    again, _ = run_as()
    words = read(again.curl, shell)
    assert words[:6] == [
        "-X", "POST", "http://127.0.0.1:8000/v1/schedules/nightly/trigger",
        "-H", "Authorization: Bearer a token", "-H",
    ]  # fmt: skip
    assert words[6:8] == ["Content-Type: application/json", "--data-raw"]
    assert json.loads(words[8]) == {"args": ODD}
    words = read(again.callsheet, shell)
    assert words[:5] == ["http://127.0.0.1:8000", "schedules", "trigger", "nightly", "--args"]
    assert json.loads(words[5]) == ODD


def test_what_is_written_is_what_a_terminal_takes_as_it_is() -> None:
    again, _ = run_as()
    for line in (again.curl, again.callsheet):
        assert line.replace("\n", "").isprintable()
    assert "äöü 漢字 🙂" in again.callsheet


@pytest.mark.parametrize("site", ["https://cs.example.com/it's", "http://$(id):80", "http://a b;id"])
def test_the_address_is_a_word_too(site: str) -> None:
    again, look = run_as(site)
    assert read(again.curl, "sh")[2] == f"{site}/v1/schedules/nightly/trigger"
    assert read(look.callsheet, "sh")[0] == site


def test_other_runs_are_run_again_by_their_ids_and_those_that_go_on_are_looked_at() -> None:
    run = uuid4()
    again, look = run_as(id=run, trigger="schedule")
    assert read(again.curl, "sh")[:3] == ["-X", "POST", f"http://127.0.0.1:8000/v1/runs/{run}/retry"]
    assert read(again.callsheet, "sh")[1:] == ["runs", "retry", str(run)]
    assert read(look.curl, "sh")[0] == f"http://127.0.0.1:8000/v1/runs/{run}"
    assert read(look.callsheet, "sh")[1:] == ["runs", "get", str(run)]
    for fields in (
        {"state": "running", "trigger": "schedule"},
        {"state": "skipped", "slots": 3, "trigger": "schedule"},
    ):
        assert [each.key for each in run_as(**fields)] == ["look"]


def lines_on(page: str) -> list[str]:
    return [
        unescape(text)
        for text in re.findall(r'<pre id="\w+-(?:curl|callsheet)" tabindex="0">\n(.*?)</pre>', page, re.DOTALL)
    ]


def test_the_page_has_them_and_no_token(
    admin: Visitor, create: Callable[..., Any], client: TestClient, finish: Callable[..., None]
) -> None:
    create("nightly")
    odd = {"message": "it's $HOME\n"}
    run = client.simulate_post("/v1/schedules/nightly/trigger", json={"args": odd}).json["id"]
    finish(UUID(run), State.FAILED)
    page = admin.get(f"/runs/{run}").text
    curl, callsheet, look, _ = lines_on(page)
    words = read(curl, "sh")
    assert words[2] == "http://falconframework.org/v1/schedules/nightly/trigger"
    answer = client.simulate_post(words[2].partition(".org")[2], json=json.loads(words[8]))
    assert (answer.status_code, answer.json["args"]) == (202, odd)
    assert json.loads(read(callsheet, "sh")[5]) == odd
    assert read(look, "sh")[-1] == "Authorization: Bearer a token"
    assert "cs_" not in page
    assert "an-admin-token" not in page
