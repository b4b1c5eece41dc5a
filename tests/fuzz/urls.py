"""Every part of every path, every parameter, header and method, with what it never expected."""

import json
from collections.abc import Iterator, Mapping
from itertools import count, islice
from typing import Any, NamedTuple
from urllib.parse import quote

from tests.fuzz.odd import QUERY_TEXTS, RAW_HEADERS, RAW_PARTS, around

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "PURGE", "FOO", "A" * 40)
MEDIA_TYPES = (
    *(
        "",
        " ",
        ";",
        "text/plain",
        "application/json; charset=utf-8",
        "application/json; charset=utf-16",
        "APPLICATION/JSON",
    ),
    *("application/json;;", 'application/json; charset="', "application/x-www-form-urlencoded", "multipart/form-data"),
    *(
        "application/json, text/plain",
        "application/merge-patch+json",
        "*/*",
        "json",
        "a" * 5000,
        "application/json; a=\xff",
    ),
)
ACCEPTED = ("", "text/html", "application/xml;q=0.1", "*/*;q=0", "\xff", "a" * 5000)

_LONGEST = 6000
"""Of an odd text in a URL: beyond, the head of the request is what is too long."""


class Asked(NamedTuple):
    """A request whose body is as it should be."""

    method: str
    target: str
    body: str | None
    headers: dict[str, Any]


def parts(document: Mapping[str, Any], known: Mapping[str, str], every: int = 1) -> Iterator[Asked]:
    """Each parameter of each operation with each odd value; `known` are values of parameters that lead somewhere. Of
    all that one in `every`."""
    step = count()
    for path, item in document["paths"].items():
        for verb, operation in item.items():
            for parameter in operation["parameters"]:
                for value in _values(parameter):
                    if next(step) % every == 0:
                        yield _with(verb.upper(), path, operation, known, parameter, value)


def around_operations(document: Mapping[str, Any], known: Mapping[str, str], every: int = 1) -> Iterator[Asked]:
    """Each operation with odd methods, media types, bodies that none expects, and parameters twice or unknown. Of all
    that one in `every`."""
    yield from islice(_around_operations(document, known), 0, None, every)


def _around_operations(document: Mapping[str, Any], known: Mapping[str, str]) -> Iterator[Asked]:
    for path, item in document["paths"].items():
        for method in METHODS:
            yield Asked(method, _path(path, known), None, {})
        for verb, operation in item.items():
            plain = _with(verb.upper(), path, operation, known, None, b"")
            for headers in (
                *({"Content-Type": value} for value in MEDIA_TYPES),
                *({"Accept": value} for value in ACCEPTED),
                {"Content-Encoding": "gzip"},
                {"X-HTTP-Method-Override": "DELETE"},
                {"Range": "bytes=0-1", "If-Modified-Since": "never", "Expect": "nothing"},
            ):
                yield plain._replace(headers=headers)
            join = "&" if "?" in plain.target else "?"
            for more in ("nobody=1", "%00=1", "=", "&&", "limit", "limit=1&limit=2", "%ff=%ff", "fields=", "limit[]=1"):
                yield plain._replace(target=f"{plain.target}{join}{more}")
            yield plain._replace(body="[" * 1000 + "]" * 1000)


def _values(parameter: Mapping[str, Any]) -> Iterator[bytes]:
    if parameter["in"] == "header":
        yield from RAW_HEADERS
        return
    texts = [*QUERY_TEXTS, *(_bare(each) for each in around(parameter["schema"]))]
    yield from (quote(text, safe="", errors="surrogatepass").encode()[:_LONGEST] for text in dict.fromkeys(texts))
    yield from RAW_PARTS


def _bare(text: str) -> str:
    value = json.loads(text)
    return value if isinstance(value, str) else text


def _with(
    method: str, path: str, operation: Mapping[str, Any], known: Mapping[str, str], odd: Any, value: bytes
) -> Asked:
    body = None
    if "requestBody" in operation:
        body = json.dumps(next(iter(operation["requestBody"]["content"].values())).get("example", {}))
    given = dict(known)
    query = [
        f"{each['name']}={quote(each['example'])}"
        for each in operation["parameters"]
        if each["in"] == "query" and each.get("required") and each is not odd
    ]
    headers: dict[str, Any] = {}
    if odd is not None:
        match odd["in"]:
            case "path":
                given[odd["name"]] = value.decode()
            case "query":
                query.append(f"{odd['name']}={value.decode()}")
            case _:
                headers[odd["name"]] = value
    target = _path(path, given)
    return Asked(method, f"{target}?{'&'.join(query)}" if query else target, body, headers)


def _path(path: str, known: Mapping[str, str]) -> str:
    for name, value in known.items():
        path = path.replace(f"{{{name}}}", value)
    return path
