"""What is said of each kind of notice."""

from typing import Any
from uuid import UUID

import pytest

from actors.outside.channels.notice import read_notice
from actors.outside.channels.words import Words, say_notice
from models.words.notices import NoticeKind

SITE = "https://callsheet.example.com"
RUN = "01890a5d-ac96-774b-bcce-b302099a8057"
SLOT = "2026-03-01T06:30:00Z"
BASE = {"id": RUN, "at": "2026-03-01T06:31:00.5Z"}
OF_RUN = {"schedule": "nightly", "actor": "load", "run_id": RUN, "slot_at": SLOT}


def say(kind: str, because: str | None = None, site: str = SITE, **facts: Any) -> Words:
    return say_notice(read_notice({**BASE, "kind": kind, **facts}), "ops", site, because)


@pytest.mark.parametrize(
    ("kind", "facts", "title", "text"),
    [
        ("failed", {}, "nightly failed", f"Its run for {SLOT} failed."),
        (
            "failed",
            {"attempt": 4, "streak": 3},
            "nightly failed 3 times in a row",
            f"Its run for {SLOT} failed after 4 attempts, the 3rd one in a row.",
        ),
        ("failed", {"streak": 1}, "nightly failed", f"Its run for {SLOT} failed."),
        (
            "failed",
            {"streak": 112},
            "nightly failed 112 times in a row",
            f"Its run for {SLOT} failed, the 112th one in a row.",
        ),
        ("failed", {"slot_at": None}, "nightly failed", "Its run failed."),
        ("failed", {"slot_at": None, "schedule": None}, "a run of load failed", "The run of load failed."),
        (
            "recovered",
            {"streak": 2, "reason": "failed"},
            "nightly has recovered",
            f"Its run for {SLOT} succeeded after 2 failures in a row.",
        ),
        ("recovered", {"streak": 1}, "nightly has recovered", f"Its run for {SLOT} succeeded after a failure."),
        ("recovered", {"run_id": None, "slot_at": None}, "nightly has recovered", "It can be planned again."),
        ("late", {"lateness_seconds": 95.3}, "nightly is late", f"Its run for {SLOT} is 1 minute 35 seconds late."),
        (
            "late",
            {"lateness_seconds": 60, "reason": "queue"},
            "nightly is late",
            f"Its run for {SLOT} is 1 minute late. It waits because its queue is paused.",
        ),
        ("missed", {}, "nightly missed a run", f"Its run for {SLOT} did not take place."),
        (
            "missed",
            {"reason": "deadline"},
            "nightly missed a run",
            f"Its run for {SLOT} did not take place. It was skipped because it had not started by its deadline.",
        ),
        (
            "slow",
            {"duration_seconds": 720, "median_seconds": 180.2},
            "nightly was slow",
            f"Its run for {SLOT} took 12 minutes, where half of all take 3 minutes.",
        ),
        (
            "auto_paused",
            {"streak": 5, "run_id": None},
            "nightly was paused by callsheet",
            "The schedule was paused after 5 failures in a row: nothing of it runs until somebody resumes it.",
        ),
        (
            "quarantined",
            {"reason": "no such zone: Europe/Nowhere", "run_id": None},
            "nightly can't be planned",
            "The schedule could not be planned: it is set aside until it is edited. No such zone: Europe/Nowhere.",
        ),
        (
            "stalled",
            {"schedule": None, "actor": None, "run_id": None, "duration_seconds": 65},
            "scheduling stalled",
            "Nothing was planned for 1 minute 5 seconds.",
        ),
        (
            "test",
            {"schedule": None},
            "a test of the channel ops",
            "Notices of the channel ops arrive. Nothing has happened.",
        ),
        ("came_later", {}, "nightly: came later", f"Its run for {SLOT}: came later."),
    ],
)
def test_what_happened(kind: str, facts: dict[str, Any], title: str, text: str) -> None:
    words = say(kind, **{**OF_RUN, **facts})
    assert (words.title, words.text) == (title, text)


@pytest.mark.parametrize("kind", [*NoticeKind, "test"])
def test_of_every_kind_something_can_be_said_with_nothing_known(kind: str) -> None:
    words = say(kind)
    assert words.title
    assert words.text.endswith(".")
    assert "None" not in f"{words.title} {words.text}"
    assert words.error == ""


def test_the_explanation_of_the_run_says_why() -> None:
    because = "It was skipped because scheduling was down."
    words = say("missed", because, **OF_RUN, reason="missed")
    assert words.text == f"Its run for {SLOT} did not take place. {because}"


def test_the_last_error_stands_by_itself() -> None:
    assert say("failed", **OF_RUN, error_type="ValueError", error_message="no\nrows").error == "ValueError: no\nrows"
    assert say("failed", **OF_RUN, error_type="ValueError").error == "ValueError"


@pytest.mark.parametrize(
    ("facts", "page"),
    [
        (OF_RUN, f"/runs/{RUN}"),
        ({"schedule": "a/b c"}, "/schedules/a%2Fb%20c"),
        ({}, "/"),
        ({"kind": "test", "schedule": "x"}, "/channels/ops"),
    ],
)
def test_a_link_leads_to_the_page(facts: dict[str, Any], page: str) -> None:
    assert say(**{"kind": "failed", **facts}).url == SITE + page


def test_without_a_site_there_is_no_link() -> None:
    assert say("failed", site="", **OF_RUN).url == ""


def test_what_is_long_is_cut_and_a_title_is_one_line() -> None:
    words = say("failed", **{**OF_RUN, "schedule": "a\nb " + "x" * 500, "error_type": "E", "error_message": "y" * 9999})
    assert words.title.startswith("a b xxx")
    assert (len(words.title), len(words.error)) == (200, 2000)
    assert words.title.endswith("…")


def test_what_a_newer_release_adds_is_left_out() -> None:
    notice = read_notice({**BASE, **OF_RUN, "kind": "failed", "weather": "fine"})
    assert notice.as_json() == read_notice(notice.as_json()).as_json()
    assert (notice.schedule, notice.run_id) == ("nightly", UUID(RUN))
