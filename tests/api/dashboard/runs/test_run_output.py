"""What a run printed, was given and has given, on its page: all of it, and nothing that breaks the page."""

import json
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from falcon.testing import TestClient

from api.app import make_app
from api.dashboard.runs.story import printed_of
from config.sections import Dashboard
from config.settings import Settings
from models.finding.around import TAIL_CHARACTERS
from models.runs import get_run
from models.words.states import State
from tests.api.conftest import TOKEN
from tests.api.dashboard.visitor import Visitor

AddRun = Callable[..., UUID]
Finish = Callable[..., None]
Execute = Callable[..., Any]
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)></pre></textarea>"


def test_of_much_output_there_is_the_end_and_a_link_to_all(admin: Visitor, add_run: AddRun, finish: Finish) -> None:
    run = add_run()
    finish(run, output=f"beginning{'x' * 70_000}end")
    page = admin.get(f"/runs/{run}").text
    assert ("beginning" in page, "xend</pre>" in page, len(page) < 90_000) == (False, True, True)
    link = re.search(r'<a href="(/runs/[^"]+)">all of it</a>', page)
    assert link is not None
    whole = admin.get(link[1]).text
    assert ("beginning" in whole, "xend</pre>" in whole) == (True, True)
    assert admin.get(f"/runs/{run}/output").text == whole
    assert admin.get(f"/runs/{run}/output?attempt=0").status_code == 422
    assert "It has printed nothing" in admin.get(f"/runs/{run}/output?attempt=2").text


def test_what_the_latest_attempt_has_printed_until_now_is_its_runs(add_run: AddRun, engine: sa.Engine) -> None:
    run = add_run(columns={"attempt": 2})
    with engine.connect() as connection:
        row = get_run(connection, run)
    assert row is not None
    row.output = f"beginning{'x' * TAIL_CHARACTERS}"
    [latest] = printed_of(row, [])
    assert (latest.attempt, latest.is_cut, latest.output.strip("x")) == (2, True, "")


def test_many_attempts_show_their_latest_outputs(
    admin: Visitor, add_run: AddRun, finish: Finish, execute: Execute
) -> None:
    run = add_run()
    finish(run, output="first")
    for number in range(2, 9):
        execute("INSERT INTO run_outputs VALUES (%(run)s, %(n)s, %(t)s, false)", run=run, n=number, t=f"hello {number}")
    execute("UPDATE runs SET attempt = 8")
    page = admin.get(f"/runs/{run}").text
    assert re.findall(r"hello (\d)", page) == ["8", "7", "6", "5", "4"]
    assert f'<a href="/runs/{run}/output?attempt=3">' in page


def test_what_programs_print_breaks_no_page(admin: Visitor, add_run: AddRun, finish: Finish) -> None:
    run = add_run(args={"message": EVIL, EVIL: [EVIL]})
    printed = f"\x1b[31mred\x1b[0m \x1b]0;title\x07bell\x07 50%\r100%\r\n{EVIL}\x08\x9b\x00".replace("\x00", "\ufffd")
    finish(run, State.FAILED, printed, type="E", message=f"{EVIL}\x1b[1m", traceback=f"{EVIL}\x02")
    for path in (f"/runs/{run}", f"/runs/{run}/output", "/runs", f"/runs?error={EVIL}", f"/runs/retry?error={EVIL}"):
        page = admin.get(path.replace(" ", "%20")).text
        assert "<img" not in page
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", page)
        assert page.count("<script") == (4 if path == f"/runs/{run}" else 3)
    assert "red bell␇ 50%\n100%\n&lt;script" in admin.get(f"/runs/{run}").text


def test_large_numbers_are_shown_as_they_are(admin: Visitor, add_run: AddRun, execute: Execute) -> None:
    run = add_run(args={"id": 2**80})
    execute("UPDATE runs SET result = %(result)s", result=json.dumps({"made": 3**70}))
    page = admin.get(f"/runs/{run}").text
    assert f"&#34;id&#34;: {2**80}" in page
    assert str(3**70) in page


@pytest.mark.parametrize("shown", [True, False])
def test_arguments_are_open_unless_the_settings_say_otherwise(
    engine: sa.Engine, settings: Settings, add_run: AddRun, execute: Execute, shown: bool
) -> None:
    changed = settings.model_copy(update={"dashboard": Dashboard(show_arguments=shown)})
    visitor = Visitor(TestClient(make_app(engine, changed)))
    visitor.sign_in(TOKEN)
    run = add_run(args={"message": "hello"})
    execute("UPDATE runs SET result = '1'")
    page = visitor.get(f"/runs/{run}").text
    for name in ("arguments", "result"):
        assert f'<details class="folded" id="{name}"{" open" if shown else ""}><summary>' in page
    assert "&#34;message&#34;: &#34;hello&#34;" in page


def test_what_goes_on_shows_how_far_it_is_and_what_it_has_printed_so_far(
    admin: Visitor, add_run: AddRun, execute: Execute
) -> None:
    run = add_run(columns={"worker_id": uuid4(), "attempt": 1, "state": "running"})
    for start, text in ((0, "one\n"), (4, "two\n")):
        execute("INSERT INTO live_outputs VALUES (%(run)s, 1, %(at)s, %(text)s)", run=run, at=start, text=text)
    for done, total, words in (
        (25, 100, "25 of 100 (25 %)"), (2**70, 2**71, f"{2**70} of {2**71} (50 %)"), (0.5, None, "0.5"), (7, 0, "7"),
    ):  # fmt: skip
        said = {"done": done, "total": total, "note": EVIL, "eta_seconds": 90, "at": "2026-11-30T12:00:00Z"}
        execute("DELETE FROM live_progress")
        execute("INSERT INTO live_progress VALUES (%(run)s, 1, %(said)s)", run=run, said=json.dumps(said))
        page = admin.get(f"/runs/{run}").text
        progress = re.search(r'aria-label="Progress">(.*?)</section>', page, re.DOTALL)
        assert progress is not None
        assert f"<span>{words} ·" in progress[1]
        assert ("&lt;img" in progress[1], "1 min 30 s to go" in progress[1]) == (True, True)
        assert (f'value="{done}" max="{total}"' in progress[1]) is bool(total)
        assert f'<span class="sub">{words.partition(" (")[0]}</span>' in admin.get("/runs").text
    assert "one\ntwo\n</pre>" in page
    assert "one\ntwo\n</pre>" in admin.get(f"/runs/{run}/output").text
