"""Reading text of others by its charset."""

import codecs
import encodings
import pkgutil
import random

import pytest

from actors.outside.charsets import TextReader


def _read(charset: str | None, data: bytes, size: int = 1) -> str:
    reader = TextReader(charset)
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    return "".join(map(reader.read, pieces)) + reader.read(b"", is_last=True)


@pytest.mark.parametrize(
    ("charset", "data", "text"),
    [
        (None, "größer €".encode(), "größer €"),
        ("utf-8", b"gr\xf6\xdfer", "gr\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}er"),
        ("latin-1", b"gr\xf6\xdfer", "größer"),
        ("ISO-8859-15", b"5 \xa4", "5 €"),
        ("Windows-1252", b"\x93caf\xe9\x94 5 \x80", "“café” 5 €"),
        ("shift_jis", "日本語テスト".encode("shift_jis"), "日本語テスト"),
        ("euc-jp", "日本語".encode("euc-jp"), "日本語"),
        ("iso-2022-jp", "日本語".encode("iso-2022-jp"), "日本語"),
        ("gb18030", "汉字".encode("gb18030"), "汉字"),
        ("koi8-r", "привет".encode("koi8-r"), "привет"),
        ("utf-16", "größer".encode("utf-16-le"), "größer"),
        ("utf-16", "größer".encode("utf-16"), "größer"),
        ("utf-16be", "größer".encode("utf-16-be"), "größer"),
        ("utf-32", "größer".encode("utf-32-le"), "größer"),
        ("latin-1", codecs.BOM_UTF8 + "größer".encode(), "größer"),
        (None, codecs.BOM_UTF16_BE + "größer".encode("utf-16-be"), "größer"),
        (None, codecs.BOM_UTF16_LE + "größer".encode("utf-16-le"), "größer"),
        (None, codecs.BOM_UTF32_LE + "größer".encode("utf-32-le"), "größer"),
        ("utf-8", codecs.BOM_UTF8, ""),
        ("latin-1", b"\xf6", "ö"),
        ("latin-1", b"", ""),
        ("shift_jis", "日".encode("shift_jis")[:1], "\N{REPLACEMENT CHARACTER}"),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 100])
def test_text_is_read_by_its_mark_or_its_charset(charset: str | None, data: bytes, text: str, size: int) -> None:
    assert _read(charset, data, size) == text


@pytest.mark.parametrize("charset", ["nonsense", "", "zlib", "hex", "base64", "rot13", "a\0b", "../x", "é", "x" * 9999])
def test_what_is_no_charset_is_utf8(charset: str) -> None:
    assert _read(charset, "größer".encode()) == "größer"


@pytest.mark.parametrize("charset", ["unicode_escape", "raw-unicode-escape", "idna", "punycode", "undefined", "mbcs"])
def test_what_only_python_calls_a_charset_is_utf8(charset: str) -> None:
    assert _read(charset, rb"\u0041-\x41") == r"\u0041-\x41"


def test_nothing_that_comes_fails() -> None:
    chance = random.Random(1)
    for module in pkgutil.iter_modules(encodings.__path__):
        for _ in range(20):
            assert isinstance(_read(module.name, chance.randbytes(64), chance.choice([1, 7, 64])), str)
