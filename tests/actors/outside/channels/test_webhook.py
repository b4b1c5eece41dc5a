"""Webhooks: signed as the specification's own example is."""

import json

import pytest

from actors.outside.channels.webhook import NotASecret, body_of, headers_of
from actors.outside.channels.words import Words

# Of the Standard Webhooks' reference libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE, SENT_AT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
OTHER = "whsec_c2VjcmV0LW9mLWEtcm90YXRlZC1lbmRwb2ludA=="


def test_the_signature_is_the_one_of_the_specification() -> None:
    assert headers_of(BODY, MESSAGE, SENT_AT, SECRET) == {
        "webhook-id": MESSAGE,
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    }


def test_the_prefix_may_be_left_out() -> None:
    assert headers_of(BODY, MESSAGE, SENT_AT, SECRET.removeprefix("whsec_"))["webhook-signature"] == SIGNATURE


def test_while_a_secret_is_replaced_both_sign() -> None:
    signatures = headers_of(BODY, MESSAGE, SENT_AT, f"{OTHER} {SECRET}")["webhook-signature"].split(" ")
    assert len(signatures) == 2
    assert signatures[1] == SIGNATURE


def test_without_a_secret_nothing_is_signed() -> None:
    assert headers_of(BODY, MESSAGE, SENT_AT, None).keys() == {"webhook-id", "webhook-timestamp"}


@pytest.mark.parametrize("secret", ["", " ", "whsec_", "whsec_not base64!", "hunter22hunter22!", "whsec_grüße"])
def test_what_is_no_secret_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(NotASecret) as refused:
        headers_of(BODY, MESSAGE, SENT_AT, secret)
    assert len(secret.strip()) < 7 or secret not in str(refused.value)


def test_the_body_has_the_notice_as_its_data_and_its_words() -> None:
    notice = {"kind": "failed", "at": "2026-03-01T06:31:00Z", "schedule": "nightly", "streak": None}
    body = body_of(notice, Words("nightly failed", "Its run failed.", "", ""))
    assert json.loads(body) == {
        "type": "callsheet.notice.failed",
        "timestamp": "2026-03-01T06:31:00Z",
        "data": {**notice, "title": "nightly failed", "text": "Its run failed.", "url": None},
    }
