"""What docs/notifications.md says of channels is so, and what it shows works."""

import re
import runpy
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from api.cli.files.looking import faults_in
from api.cli.files.reading import read_document
from models.notices.definition import ChannelDefinition
from models.words.notices import NoticeKind
from tests.docs.pages import rows_of
from tests.end_to_end.deployment import ROOT

PAGE = (ROOT / "docs" / "notifications.md").read_text()
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SIGNED_AT = 1614265330
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": str(SIGNED_AT),
    "webhook-signature": "v1,bm90IHRoaXM= v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}  # fmt: skip
"""An example of Standard Webhooks."""


def section(heading: str) -> str:
    return PAGE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def code(heading: str, language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", section(heading), re.DOTALL)
    assert found is not None
    return found[1]


def test_the_fields_are_those_of_a_channel_with_their_defaults() -> None:
    shown = {row[0].strip("`"): row[1] for row in rows_of(section("What a channel says")) if row[0].startswith("`")}
    fields = ChannelDefinition.model_fields
    defaults = {name: field.default for name, field in fields.items()}
    words = {name: {None: "null", "": '""'}.get(value, value) for name, value in defaults.items() if name != "events"}
    wanted = {name: str(value) for name, value in words.items()} | {"kind": "", "events": "all"}
    assert shown == wanted
    assert fields["kind"].is_required()
    assert defaults["events"] == list(NoticeKind)


def test_each_event_is_described() -> None:
    assert [row[0].strip("`") for row in rows_of(section("Events")) if row[0].startswith("`")] == list(NoticeKind)


def test_its_file_is_one(tmp_path: Path) -> None:
    path = tmp_path / "crm.toml"
    path.write_text(code("In files", "toml"))
    assert faults_in([read_document(str(path))]) == []


@pytest.mark.parametrize(
    ("changed", "body", "is_ours"),
    [
        ({}, b'{"test": 2432232314}', True),
        ({}, b'{"test": 2432232315}', False),
        ({"webhook-id": "msg_another"}, b'{"test": 2432232314}', False),
        ({"webhook-timestamp": str(SIGNED_AT - 301)}, b'{"test": 2432232314}', False),
        ({"webhook-signature": "v1,bm90IHRoaXM="}, b'{"test": 2432232314}', False),
    ],
)
def test_its_check_of_a_signature_finds_what_is_ours(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, changed: dict[str, str], body: bytes, is_ours: bool
) -> None:
    monkeypatch.setattr(time, "time", lambda: SIGNED_AT + 10.0)
    script = tmp_path / "check.py"
    script.write_text(code("Checking a signature", "python"))
    check: Callable[..., bool] = runpy.run_path(str(script))["is_ours"]
    assert check(SECRET, HEADERS | changed, body) is is_ours
