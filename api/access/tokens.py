"""Tokens: `cs_`, 40 characters of chance, and 6 of a checksum, by which a typo is told from a token without a look into
the database, and secret scanners tell one in a text. What is stored is a hash."""

import hashlib
import secrets
import string
import zlib

PREFIX = "cs_"
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_CHANCE, _CHECKSUM = 40, 6


def make_token() -> str:
    """A new one."""
    text = PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_CHANCE))
    return text + _checksum(text)


def is_well_formed(text: str) -> bool:
    """Whether it may be a token of ours."""
    if len(text) != len(PREFIX) + _CHANCE + _CHECKSUM or not text.startswith(PREFIX):
        return False
    body = text[:-_CHECKSUM]
    return all(character in _ALPHABET for character in body[len(PREFIX) :]) and text[-_CHECKSUM:] == _checksum(body)


def hash_of(token: str) -> str:
    """What is stored: 238 bits of chance need no salt and no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def _checksum(text: str) -> str:
    number = zlib.crc32(text.encode())
    digits = ""
    while number:
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits.rjust(_CHECKSUM, _ALPHABET[0])
