"""The settings for email: whole, or a problem."""

import pytest

from config.settings import SettingsError, load_settings

WHOLE = {"CALLSHEET_SMTP__HOST": "mail.example.com", "CALLSHEET_SMTP__SENDER": "callsheet <callsheet@example.com>"}


def test_a_host_and_a_sender_are_enough() -> None:
    smtp = load_settings(WHOLE).smtp
    assert (smtp.host, smtp.port, smtp.tls, smtp.username) == ("mail.example.com", 587, "starttls", "")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"SENDER": ""}, "smtp: host needs sender"),
        ({"SENDER": "callsheet"}, "smtp.sender: must be an address"),
        ({"SENDER": "a@example.com\nBcc: b@example.com"}, "smtp.sender: must be an address"),
        ({"USERNAME": "callsheet"}, "smtp: username and password go together"),
        ({"PASSWORD": "hunter22"}, "smtp: username and password go together"),
        ({"TLS": "on"}, "smtp.tls: "),
        ({"PORT": "0"}, "smtp.port: "),
    ],
)
def test_what_is_not_whole_is_a_problem(changes: dict[str, str], problem: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings(WHOLE | {f"CALLSHEET_SMTP__{name}": value for name, value in changes.items()})
    [found] = refused.value.problems
    assert found.startswith(problem)
    assert "hunter22" not in found
