"""What is the same failure: the same actor, type and message, but for what varies."""

import time

import pytest

from models.words.fingerprints import MESSAGE_CHARACTERS, kind_of


@pytest.mark.parametrize(
    "messages",
    [
        ("order 17 failed", "order 4711 failed", "order -3 failed", "order 1,234.5 failed", "order 1e-5 failed"),
        ("user 'ann' is gone", 'user "bob" is gone', "user `carl` is gone", "user “d” is gone", "user b'' is gone"),
        ("can't open 'a b': it isn't there", "can't open 'c': it isn't there"),
        ("no run 01a207a8-ca00-8592-a080-c7ff1223d64f", "no run 01A207A8-CA00-8592-A080-C7FF1223D64E", "no run 12"),
        ("at <object at 0x7f2b3c4d5e6f>", "at <object at 0x1>"),
        ("commit a1b2c3d is unknown", "commit 1234abc is unknown", "commit 9fceb02d0ae598e95dc is unknown"),
        ("no customer cus_Nffrf83kd9", "no customer cus_8dkeLLw2q"),
        ("mail to ann@example.com was refused", "mail to bob.b+x@mail.example.org was refused"),
        ("GET https://a.example.com/1?x=y failed", "GET http://b.example.com/ failed"),
        ("connect to 10.0.0.1:5432 timed out", "connect to 192.168.7.12:80 timed out"),
        ("fe80::1 does not answer", "2001:db8::8a2e:370:7334 does not answer", "::1 does not answer"),
        ("2026-11-23T09:05:00.123Z is late", "2026-01-02 03:04:05+02:00 is late", "2026-01-02 03:04 is late"),
        ("no /tmp/tmpab12cd9x/file-7.csv", "no /tmp/tmpzz99yx1/file-12.csv"),
        ("[1, 2, 3] is no list", "[4] is no list", "['a', 'b'] is no list"),
        ("{'a': 1, 'b': 2} lacks c", "{'c': 3} lacks c"),
        ("two  words\n and a line", "two words and a line"),
    ],
)  # fmt: skip
def test_what_varies_makes_no_other_failure(messages: tuple[str, ...]) -> None:
    kinds = {kind_of("work", "ValueError", message) for message in messages}
    assert len(kinds) == 1, kinds


def test_all_else_does() -> None:
    texts = ("", "it isn't there", "it's the dogs' bowl", "std::bad_alloc", "not found", "found", "sha256_mismatch")
    kinds = {kind_of(*parts) for text in texts for parts in (("a", "T", text), ("b", "T", text), ("a", "U", text))}
    assert len({kind.fingerprint for kind in kinds}) == 3 * len(texts)
    assert kind_of("a", "T", "std::bad_alloc").message == "std::bad_alloc"


@pytest.mark.parametrize(
    "message", ["\x00\ud800 x", "x" * 5_000_000, "'" * 10_000, "a1" * 9999, "x@" * 9999, "a-" * 9999]
)
def test_odd_text_has_a_fingerprint_soon(message: str) -> None:
    begun = time.process_time()
    kind = kind_of("a" * 9999, "T" * 9999, message)
    assert len(kind.fingerprint) == 32
    assert all(len(part) <= MESSAGE_CHARACTERS for part in kind)
    assert time.process_time() - begun < 0.5


def test_no_message_and_no_type_are_a_kind_too() -> None:
    assert kind_of("work", None, None) == ("work", "", "")
