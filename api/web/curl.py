"""The command line that makes a call as its example has it."""

import json
import shlex
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

BASE = "http://127.0.0.1:8000"
"""Where callsheet listens, unless it is told otherwise."""


def curl_of(method: str, path: str, operation: Mapping[str, Any]) -> str:
    """The command for an operation of the OpenAPI document, with the token in `$TOKEN`."""
    call = "curl" if method == "get" else f"curl -X {method.upper()}"
    options = ['-H "Authorization: Bearer $TOKEN"'] if "security" in operation else []
    if "requestBody" in operation:
        media_type, content = next(iter(operation["requestBody"]["content"].items()))
        if content.get("example"):
            body = json.dumps(content["example"], ensure_ascii=False, indent=2)
            options += [f"-H 'Content-Type: {media_type}'", f"-d {shlex.quote(body)}"]
    return " \\\n  ".join([f"{call} {shlex.quote(BASE + _target(path, operation))}", *options])


def _target(path: str, operation: Mapping[str, Any]) -> str:
    """Path and query, with the examples of the parameters that must be given."""
    given = [each for each in operation["parameters"] if "example" in each]
    for each in given:
        if each["in"] == "path":
            path = path.replace(f"{{{each['name']}}}", quote(each["example"], safe=""))
    query = urlencode({each["name"]: each["example"] for each in given if each["in"] == "query"}, safe=":")
    return f"{path}?{query}" if query else path
