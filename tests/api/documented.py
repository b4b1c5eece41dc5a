"""A client that holds every answer it gets to the OpenAPI document: no status and no media type that is not in it."""

import re
from typing import Any

from falcon.testing import Result, TestClient

from api.app import OPENAPI, ROUTES
from api.web.parameters import documented_path

_PATHS = OPENAPI["paths"]
_UUID = "[0-9a-fA-F-]{32,36}"
_ROUTES = [
    (re.compile(re.sub(r"\{\w+\}", "[^/]*", route.path.replace("{id:uuid}", _UUID))), documented_path(route))
    for route in ROUTES
]


class DocumentedClient(TestClient):
    """As falcon's. Raises AssertionError for an answer that nobody could expect."""

    def simulate_request(self, *args: Any, **kwargs: Any) -> Result:
        """The answer of the app."""
        result = super().simulate_request(*args, **kwargs)
        method, path = args if len(args) == 2 else (args[0], kwargs["path"])
        check_documented(method, path, result.status_code, result.headers.get("Content-Type"))
        return result


def check_documented(method: str, path: str, status: int, media_type: str | None) -> tuple[str, str] | None:
    """Path and verb of the operation. Raises AssertionError unless the document has the answer; what is no operation
    has none."""
    verb = "get" if method == "HEAD" else method.lower()
    matching = [found for pattern, found in _ROUTES if pattern.fullmatch(path.partition("?")[0])]
    documented = next((found for found in sorted(matching, key=len) if verb in _PATHS[found]), "")
    operation = _PATHS.get(documented, {}).get(verb)
    if operation is None:
        assert status in (404, 405), f"{method} {path} is not documented"
        return None
    call = f"{method} {documented} {status}"
    assert str(status) in operation["responses"], f"{call} is not documented"
    wanted = {kind.partition(";")[0] for kind in operation["responses"][str(status)].get("content", {})}
    given = {media_type.partition(";")[0]} if media_type else set()
    assert given <= wanted, f"{call} is {media_type}"
    return documented, verb
