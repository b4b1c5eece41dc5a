"""A client of a server on a port that holds every answer to the OpenAPI document, and goes on."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from tests.api.documented import check_documented

SHOWN = 300


@dataclass(frozen=True)
class Said:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)


@dataclass
class Asker:
    """`document` is the server's own; `findings` are what nobody could expect, with what was asked."""

    port: int
    token: str
    document: Mapping[str, Any] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    asked: int = 0

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.document = self.ask("GET", "/openapi.json").json
        self._schema_of = cache(self._find_schema)

    def ask(
        self, method: str, target: str, body: str | bytes | None = None, headers: Mapping[str, Any] | None = None
    ) -> Said:
        """Ask; a body is JSON unless the headers say otherwise."""
        self.asked += 1
        given: dict[str, Any] = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        sent = body.encode() if isinstance(body, str) else body
        self._connection.request(method, target, sent, given | dict(headers or {}))
        answer = self._connection.getresponse()
        said = Said(answer.status, answer.headers, answer.read())  # type: ignore[arg-type]
        if answer.will_close:
            self._connection.close()
        if self.document and (fault := self._fault_of(method, target, said)):
            asked = f"{method} {target[:SHOWN]} {headers or ''} {str(body or '')[:SHOWN]}"
            self.findings.append(f"{fault}\n    {asked}\n    {said.content[:SHOWN]!r}")
        return said

    def close(self) -> None:
        self._connection.close()

    def _fault_of(self, method: str, target: str, said: Said) -> str | None:
        if said.status >= 500 and not target.startswith("/health/"):
            return f"{said.status}"
        if method == "OPTIONS":
            return None if said.status == 404 or said.headers.get("Allow") else "says not what is allowed"
        media_type = said.headers.get("Content-Type")
        try:
            operation = check_documented(method, target, said.status, media_type)
        except AssertionError as error:
            return str(error)
        if operation is None or method == "HEAD" or "json" not in (media_type or ""):
            return None
        validator = self._schema_of(*operation, str(said.status), (media_type or "").partition(";")[0])
        errors = [error.message[:SHOWN] for error in validator.iter_errors(said.json)]
        return f"not as described: {errors}" if errors else None

    def _find_schema(self, path: str, verb: str, status: str, media_type: str) -> Draft202012Validator:
        content = self.document["paths"][path][verb]["responses"][status]["content"]
        schema = content[media_type]["schema"]
        return Draft202012Validator({**schema, "components": self.document["components"]})
