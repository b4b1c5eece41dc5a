"""The secrets of this process, masked in whatever it writes: the environment's `CALLSHEET_SECRET_NAME`, and what
callsheet itself gets in with.

A secret is found as it is, and as JSON, Python, HTML or an URL would write its characters, in any letter case: that of
host names is lowered on their way. Of one with several lines each long line counts as a secret too.
"""

import html
import json
import os
import re
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import quote

from config.environment import SECRET_PREFIX

MASK = "[secret]"

SHORTEST = 4
"""Values shorter than this are not looked for: masking them would mask half of all text."""

_SHORTEST_LINE = 16


class Secrets:
    """Masks the values of an environment's secrets, and further ones."""

    def __init__(self, environ: Mapping[str, str], further: Iterable[str] = ()) -> None:
        self._values = sorted({*_values(environ), *further}, key=len, reverse=True)  # one may be a part of another
        self._cores = {_core(value) for value in self._values}
        self._byte_cores = {core.encode() for core in self._cores}
        patterns = ["".join(map(_any_form, _units(value))) for value in self._values]
        self._text = re.compile("|".join(patterns), re.IGNORECASE) if patterns else None
        self._bytes = re.compile(_bytes("|".join(patterns)), re.IGNORECASE) if patterns else None
        self.longest = max((sum(map(_longest_form, _units(value))) for value in self._values), default=0)
        """Bytes that the longest form of a secret has; 0 without secrets."""

    @cached_property
    def _spelled(self) -> list[list[tuple[bytes, ...]]]:
        """Of each secret how its characters may be written, in lower case."""
        return [
            [tuple(_bytes(form).lower() for form in _forms(unit)) for unit in _units(value)] for value in self._values
        ]

    def may_be_in(self, text: str) -> bool:
        """Whether the text, also one of JSON, may hold a secret: a quick look, which is right where it says no."""
        lowered = text.lower()
        return any(core in lowered for core in self._cores)

    def mask(self, text: str) -> str:
        """The text with every secret masked."""
        return text if self._text is None or not self.may_be_in(text) else self._text.sub(MASK, text)

    def mask_bytes(self, data: bytes) -> bytes:
        """The UTF-8 text with every secret masked."""
        if self._bytes is None or not _holds_any(data, self._byte_cores):
            return data
        return self._bytes.sub(MASK.encode(), data)

    def mask_end(self, data: bytes) -> bytes:
        """As `mask_bytes`, for text that was cut off: the beginning of a secret at its end is masked too."""
        data = self.mask_bytes(data)
        lowered = data[-self.longest :].lower() if self.longest else b""
        for value in self._values:
            for length in range(len(value) - 1, SHORTEST - 1, -1):
                start = _bytes(value[:length]).lower()
                if lowered.endswith(start):
                    return data[: -len(start)] + MASK.encode()
        return data

    def harmless_until(self, data: bytes) -> int:
        """Of masked text that goes on: up to where it can't be the beginning of a secret."""
        lowered = data.lower()
        first = {form[0] for units in self._spelled for form in units[0]}
        for start in range(max(0, len(data) - self.longest + 1), len(data)):
            if lowered[start] in first and any(_may_begin(lowered, start, units) for units in self._spelled):
                return start
        return len(data)

    def mask_values(self, value: Any) -> Any:
        """A structure of JSON with every secret in its texts masked, in keys as in values; a number that is a secret
        becomes the mask."""
        match value:
            case _ if self._text is None:
                return value
            case str():
                return self.mask(value)
            case dict():
                return {self.mask_values(key): self.mask_values(item) for key, item in value.items()}
            case list() | tuple():
                return [self.mask_values(item) for item in value]
            case None | bool():
                return value
            case _:
                text = str(value)
                return value if self.mask(text) == text else self.mask(text)


_credentials: tuple[str, ...] = ()


def use_credentials(values: Iterable[str]) -> None:
    """What this process itself gets in with: as secret as the environment's secrets."""
    global _credentials  # noqa: PLW0603 - a process has one set
    _credentials = tuple(values)
    known_secrets.cache_clear()


@lru_cache(maxsize=1)
def known_secrets() -> Secrets:
    """Those of this process, read once."""
    return Secrets(os.environ, _credentials)


def _core(value: str) -> str:
    """The longest part of it that has but one form, in lower case."""
    return max(re.findall(r"[A-Za-z0-9]+", value), key=len, default="").lower()


def _holds_any(data: bytes, cores: Iterable[bytes]) -> bool:
    lowered = data.lower()
    return any(core in lowered for core in cores)


def _values(environ: Mapping[str, str]) -> Iterable[str]:
    for name, value in environ.items():
        if name.startswith(SECRET_PREFIX) and len(value) >= SHORTEST:
            yield value
            yield from (line for line in value.splitlines() if len(line) >= _SHORTEST_LINE)


def _may_begin(data: bytes, start: int, units: list[tuple[bytes, ...]]) -> bool:
    """Whether all of the data from there on is how a secret begins, whichever forms its characters have."""
    places = {start}
    for forms in units:
        ends = {
            place + len(form) for place in places for form in forms if form.startswith(data[place : place + len(form)])
        }
        if any(end >= len(data) for end in ends):
            return True
        if not ends:
            return False
        places = ends
    return False


def _units(value: str) -> list[str]:
    """Its characters; a run of backslashes is one, or a near miss would be tried in all ways to pair them up."""
    return re.findall(r"\\+|.", value, re.DOTALL)


def _bytes(text: str) -> bytes:
    """What the environment had, also where that is not UTF-8."""
    return text.encode(errors="surrogateescape")


@lru_cache
def _forms(character: str) -> tuple[str, ...]:
    """How the character may be written, the longest way first."""
    if character.isascii() and character.isalnum():
        return (character,)
    forms = {
        character,
        quote(character, safe="", errors="surrogateescape"),
        "".join(f"%{byte:02X}" for byte in _bytes(character)),
        json.dumps(character)[1:-1],
        repr(character)[1:-1],
        html.escape(character),
    }
    forms |= {"+"} if character == " " else set()
    forms |= {f"\\{character}"} if character in "'\"/" else set()
    return tuple(sorted(forms, key=len, reverse=True))  # a short one may be the beginning of a long one


def _any_form(character: str) -> str:
    forms = _forms(character)
    return re.escape(forms[0]) if len(forms) == 1 else f"(?:{'|'.join(map(re.escape, forms))})"


def _longest_form(character: str) -> int:
    return max(len(_bytes(form)) for form in _forms(character))
