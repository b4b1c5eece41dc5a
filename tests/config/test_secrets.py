"""Masking secrets: in every form in which they are likely to come back."""

import html
import json
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.secrets import MASK, Secrets

SECRET = "p\"a's/s w&rd<ü>\\%"
FORMS: dict[str, Callable[[str], str]] = {
    "as-it-is": str,
    "json": lambda secret: json.dumps(secret)[1:-1],
    "json-utf8": lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1],
    "python": lambda secret: repr(secret)[1:-1],
    "url": quote,
    "url-all": lambda secret: quote(secret, safe=""),
    "url-lower": lambda secret: re.sub("%..", lambda match: match[0].lower(), quote(secret, safe="")),
    "url-upper": lambda secret: quote(secret, safe="").upper(),
    "host": lambda secret: re.sub("[A-Z]", lambda match: match[0].lower(), secret),
    "form": quote_plus,
    "html": html.escape,
}


def secrets(*values: str) -> Secrets:
    return Secrets({f"CALLSHEET_SECRET_{number}": value for number, value in enumerate(values)} | {"HOME": "/root"})


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_secret_is_masked_however_it_is_written(form: Callable[[str], str]) -> None:
    text = f"<<{form(SECRET)}>>"
    assert secrets(SECRET).mask(text) == f"<<{MASK}>>"
    assert secrets(SECRET).mask_bytes(text.encode()) == f"<<{MASK}>>".encode()


def test_other_variables_and_short_values_are_left_alone() -> None:
    assert secrets("abc").mask("abc in /root") == "abc in /root"


def test_a_secret_in_a_host_name_is_masked_though_it_is_lowered_on_its_way() -> None:
    host = httpx.URL("https://T0kenAbCdEf123.invalid/").host
    assert host == "t0kenabcdef123.invalid"
    assert secrets("T0kenAbCdEf123").mask(f"can't resolve {host}") == f"can't resolve {MASK}.invalid"
    assert secrets("T0kenAbCdEf123").mask_bytes(host.encode()) == f"{MASK}.invalid".encode()
    assert secrets("T0kenAbCdEf123").mask_end(b"can't resolve t0kenabc") == f"can't resolve {MASK}".encode()


def test_the_longer_of_two_secrets_is_masked_whole() -> None:
    assert secrets("hunter", "hunter22").mask("hunter22 hunter") == f"{MASK} {MASK}"


def test_a_line_of_a_secret_with_many_is_masked_too() -> None:
    key = "-----BEGIN KEY-----\nMIIEowIBAAKCAQEA75\n-----END KEY-----\n"
    assert secrets(key).mask("found MIIEowIBAAKCAQEA75 here") == f"found {MASK} here"
    assert MASK in secrets(key).mask(json.dumps(key))


def test_structures_are_masked_in_keys_and_values_and_numbers() -> None:
    value = {"12345": ["a 12345 b", 12345, 5, None, True, 1.5]}
    assert secrets("12345").mask_values(value) == {MASK: [f"a {MASK} b", MASK, 5, None, True, 1.5]}


def test_the_beginning_of_a_secret_at_the_end_of_cut_text_is_masked() -> None:
    assert secrets("hunter22").mask_end(b"it is hunter2") == f"it is {MASK}".encode()
    assert secrets("hunter22").mask_end(b"it is hun") == b"it is hun"


@given(st.text(min_size=4, max_size=12), st.text(max_size=20), st.text(max_size=20), st.sampled_from(sorted(FORMS)))
def test_no_secret_survives(secret: str, before: str, after: str, form: str) -> None:
    written = f"{before}{FORMS[form](secret)}{after}"
    assert FORMS[form](secret) not in secrets(secret).mask(written).replace(MASK, "\0" * 20)


def test_a_secret_that_is_not_utf8_is_masked_too() -> None:
    value = b"hunter\xff22".decode(errors="surrogateescape")
    assert secrets(value).mask_bytes(b"it is hunter\xff22!") == f"it is {MASK}!".encode()


def test_many_backslashes_take_no_time() -> None:
    masked = secrets("\\" * 40 + "x").mask("\\" * 200 + "y")
    assert masked == "\\" * 200 + "y"


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_all_but_the_beginning_of_a_secret_is_harmless(form: Callable[[str], str]) -> None:
    secrets = Secrets({"CALLSHEET_SECRET_KEY": SECRET, "CALLSHEET_SECRET_OTHER": "something else"})
    data = f"it is {form(SECRET)}".encode()
    for length in range(6, len(data)):
        assert secrets.harmless_until(data[:length]) == 6
    assert secrets.harmless_until(b"it is p but") == len(b"it is p but")
    assert secrets.harmless_until(b"it is SOMETHING") == 6
    assert Secrets({}).harmless_until(b"something") == 9
