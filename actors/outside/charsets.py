"""Text that others send: in which charset it is, and reading it as it comes."""

import codecs

_NO_CHARSETS = frozenset({"idna", "punycode", "raw_unicode_escape", "undefined", "unicode_escape"})
"""Python's, and they read text as something else."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as the mark of UTF-16 does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNMARKED = {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}
"""Without a mark these leave the order open, and browsers take this one."""


class TextReader:
    """Reads pieces of bytes as text. A byte order mark counts for more than the charset that the sender names; what is
    no charset, and nothing at all, is UTF-8."""

    def __init__(self, charset: str | None) -> None:
        self._charset = _known(charset or "utf-8")
        self._begun = b""
        self._decoder: codecs.IncrementalDecoder | None = None

    def read(self, piece: bytes, *, is_last: bool = False) -> str:
        """The text of the next piece, as far as its last character is whole. What is no text is replaced."""
        if self._decoder is None:
            piece = self._begun = self._begun + piece
            if not is_last and any(len(piece) < len(mark) and mark.startswith(piece) for mark, _ in _MARKS):
                return ""
            marked = (name for mark, name in _MARKS if piece.startswith(mark))
            charset = next(marked, _UNMARKED.get(self._charset, self._charset))
            self._decoder = codecs.getincrementaldecoder(charset)("replace")
        return self._decoder.decode(piece, is_last)


def _known(charset: str) -> str:
    """The charset by Python's name; UTF-8 for what is none."""
    try:
        b"text".decode(charset, "replace")  # of all codecs only those of text can
        codecs.getincrementaldecoder(charset)
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        return "utf-8"
    return "utf-8" if name.replace("-", "_") in _NO_CHARSETS else name
