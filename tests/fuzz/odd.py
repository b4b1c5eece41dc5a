"""Odd values: what a field never expected, as JSON text, and what no part of a URL or a header did, as bytes."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

_TEXTS = (
    "",
    " ",
    "\t\n\r",
    " a ",
    "a\nb",
    "a\x00b",
    "\x00",
    "\ud800",
    "\udc00\ud800",
    "\x1b[31m\x07\x7f",
    "\x85\u2028\u2029",
    "\u200b\ufeff\u00a0",
    "\u202eevil\u202c",
    "שלום مرحبا",
    "👩‍👩‍👧‍👦🏳️‍🌈",
    "e\u0301" * 40 + "\u0300" * 100,
    "İıſßﬁＡ٣",
    "\ufffe\uffff\U0010ffff",
    "x" * 256,
    "x" * 100_000,
    "😀" * 20_000,
    "a" * 128,
    "a.DQ",
    "amq.gen-1",
    "../../etc/passwd",
    "..",
    "a/b?c#d%00",
    "%s %(x)s {0} {x}",
    "'; DROP TABLE runs; --",
    "\\",
    '"',
    "* _ % ?",
    "[",
    "(?P<a>",
    "$1 :name",
    "${secret:NOBODY}",
    "${run:nothing}",
    "${run:slot_at}${",
    "null",
    "true",
    "1",
    "-1",
    "1e400",
    "nan",
    "01a207a8-ca00-8592-a080-c7ff1223d64f",
    "urn:uuid:01a207a8-ca00-8592-a080-c7ff1223d64f",
)
_TIMES = (
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "0001-01-02T00:00:00Z",
    "1582-10-10T00:00:00Z",
    "1900-01-01T00:00:00Z",
    "1969-12-31T23:59:59.999999999Z",
    "1970-01-01T00:00:00Z",
    "2038-01-19T03:14:08Z",
    "2030-02-30T00:00:00Z",
    "2030-12-31T23:59:60Z",
    "2030-01-01T24:00:00Z",
    "2030-01-01T00:00:00",
    "2030-01-01 00:00:00z",
    "2030-01-01T00:00:00.123456789+05:45",
    "2030-01-01T00:00:00-00:00",
    "2030-01-01T00:00:00+99:99",
    "٢٠٣٠-01-01T00:00:00Z",
    "2030-01-01",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-23:59",
    "9999-12-30T00:00:00Z",
    "9990-01-01T00:00:00Z",
    "10000-01-01T00:00:00Z",
    "-0001-01-01T00:00:00Z",
)
_SPECS = (
    "* * * * *",
    "* * * * * *",
    "*/1 */1 */1 */1 */1",
    "0 0 30 2 *",
    "0 0 29 2 *",
    "0 0 L * *",
    "0 0 LW * *",
    "0 0 15W * *",
    "0 0 * * 5L",
    "0 0 * * fri#5",
    "0 0 31 4,6,9,11 mon#5",
    "59 59 23 31 12 *",
    "60 24 32 13 8",
    "0-59/59 0 1 1 0-7",
    "@yearly",
    "@reboot",
    "@every 1s",
    "H H * * *",
    "0 0 1/99999999999999999999 * *",
    ",".join(str(minute) for minute in range(60)) + " * * * *",
    "1-" * 100,
    "٣ * * * *",
    "Europe/Berlin",
    "Africa/El_Aaiun",
    "Pacific/Apia",
    "America/Nuuk",
    "Etc/GMT+12",
    "GMT0",
    "Factory",
    "localtime",
    "posixrules",
    "posix/UTC",
    "right/UTC",
    "europe/berlin",
    "UTC+1",
    "CET-1CEST",
    "/usr/share/zoneinfo/UTC",
    "tzdata",
    "zone.tab",
)
_NUMBERS = (
    *("0", "-0", "-0.0", "1", "1.0", "1e0", "-1", "0.5", "1e-9", "5e-324", "1e-400", "1.5e308", "-1.5e308", "1e309"),
    *("NaN", "Infinity", "-Infinity", "32767", "32768", "2147483647", "2147483648", "-2147483649", "1e15", "1e16"),
    *("9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551616"),
    *("1" * 300, "1" * 400, "-" + "9" * 5000, "0." + "1" * 400, "315360000", "315360000.5", "2592000.000001"),
    *("+1", "01", ".5", "1.", "0x10", "1_000", "1e", "- 1"),
)
_STRUCTURES = (
    *("null", "true", "false", "[]", "{}", "[null]", "[[]]", "[[null]]", "[{}]", '{"": null}', '{"a": {"b": null}}'),
    *('{"a": null, "a": 1}', '{"*": 5}', '{"*": null}', '{"*": [null]}', '{"__proto__": {"a": 1}}', '{"a\\u0000": 1}'),
    *('{"\\ud800": 1}', '{"a": "\\u0000"}', '[""]', '["a", "a"]', '["a", 1]', "[1]", '["\\udfff"]', "[[[[[1]]]]]"),
    *("[" + ",".join(["null"] * 200) + "]", "[" + ",".join(f'"{n}"' for n in range(200)) + "]"),
    *("[" + ",".join(f'"{n} * * * *"' for n in range(20)) + "]", "[" + ",".join(['"* * * * *"'] * 20) + "]"),
    *("{" + ",".join(f'"{n}": {n}' for n in range(3000)) + "}", '{"$ref": "#"}', '{"a": 1e400}', '{"a": NaN}'),
    *("[" * 60 + "]" * 60, "[" * 64 + "]" * 64, "[" * 300 + "]" * 300, '{"a":' * 60 + "1" + "}" * 60),
    *('{"a":' * 3000 + "1" + "}" * 3000, "[" * 50_000, '{"a": 1,}', "{'a': 1}", "undefined", "", "\ufeff1", "/**/1"),
)

JSON_TEXTS = (*_STRUCTURES, *_NUMBERS, *(json.dumps(text) for text in (*_TEXTS, *_TIMES, *_SPECS)))
"""Some are no JSON; where one stands in a body, the body is none either."""

QUERY_TEXTS = (*_TEXTS, *_TIMES, *_NUMBERS)
"""For parts of URLs and headers."""

RAW_PARTS = (
    b"%00",
    b"%ff",
    b"%ed%a0%80",
    b"%",
    b"%zz",
    b"%c0%80",
    b"%e2%80%ae",
    b"%0d%0aX:%20y",
    b"+",
    b";",
    b"%2f",
    b"a%2fb",
)
"""Parts of URLs as they are sent."""

RAW_HEADERS = (
    b"",
    b" ",
    b"\xff",
    b"\xc3\xa9",
    b"\xf0\x9f\x98\x80",
    b"\t",
    b"a" * 8000,
    b"*",
    b'W/"x"',
    b'"',
    b",,,",
    b"\x7f",
)
"""Values of headers as they are sent; what can't be in a head at all is the server's to refuse."""


def around(schema: Mapping[str, Any]) -> Iterator[str]:
    """The bounds that a field has, and what is beside them."""
    for name in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        if name in schema:
            bound = schema[name]
            yield from (json.dumps(each) for each in (bound, bound - 1, bound + 1, bound - 0.5, bound + 1e-7))
    for name in ("minLength", "maxLength"):
        if name in schema:
            yield from (json.dumps("x" * max(0, schema[name] + more)) for more in (-1, 0, 1))
            yield json.dumps("😀" * schema[name])
    if "maxItems" in schema:
        yield from (json.dumps([f"a{n}" for n in range(schema["maxItems"] + more)]) for more in (0, 1))
    yield from (json.dumps(word) for word in schema.get("enum", ()))
