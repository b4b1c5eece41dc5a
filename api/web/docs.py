"""The page `/docs`: the OpenAPI document as one piece of HTML that loads nothing and works without its script."""

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from importlib import resources
from typing import Any

from api.web.curl import BASE
from api.web.docs_operation import name_of, render_operation
from api.web.docs_parts import prose, shape

Operation = tuple[str, str, Mapping[str, Any]]

_STATIC = resources.files("api.web") / "static"
_STYLE = (_STATIC / "docs.css").read_text("utf-8")
_SCRIPT = (_STATIC / "docs.js").read_text("utf-8")


def _source(text: str) -> str:
    """The text as a source of a content security policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


CONTENT_POLICY = (
    f"default-src 'none'; style-src {_source(_STYLE)}; script-src {_source(_SCRIPT)}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def render_docs(document: Mapping[str, Any]) -> str:
    """The OpenAPI document as HTML."""
    groups, schemas = _groups(document["paths"]), document["components"]["schemas"]
    title = escape(document["info"]["title"])
    return "".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
            '<meta name="viewport" content="width=device-width">\n<meta name="color-scheme" content="light dark">\n',
            f"<title>{title}: the API</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n",
            '<a class="skip" href="#operations">Skip to the operations</a>\n',
            f"<header>\n<h1>{title}</h1>\n",
            *(f"<p>{prose(part)}</p>\n" for part in document["info"]["description"].split("\n\n")),
            '<p>The same for machines: <a href="/openapi.json">openapi.json</a></p>\n</header>\n',
            _contents(groups),
            f'<main id="operations" data-base="{BASE}">\n',
            *(_group(name, operations) for name, operations in groups.items()),
            '<section id="shapes">\n<h2>Shapes</h2>\n',
            *(shape(name, schema) for name, schema in schemas.items()),
            f"</section>\n</main>\n<script>{_SCRIPT}</script>\n</body>\n</html>\n",
        ]
    )


def _groups(paths: Mapping[str, Any]) -> dict[str, list[Operation]]:
    """The operations by their tags, in the order of the document."""
    groups: dict[str, list[Operation]] = {}
    for path, operations in paths.items():
        for method, operation in operations.items():
            groups.setdefault(operation["tags"][0], []).append((method, path, operation))
    return groups


def _contents(groups: Mapping[str, list[Operation]]) -> str:
    links = "".join(_links(name, operations) for name, operations in groups.items())
    return (
        '<nav aria-label="Contents">\n<label class="filter" hidden>Filter <input type="search"></label>\n'
        f'<p class="found" role="status"></p>\n{links}<p><a href="#shapes">Shapes</a></p>\n</nav>\n'
    )


def _links(name: str, operations: list[Operation]) -> str:
    heading = f'<h2><a href="#group-{escape(name)}">{escape(name)}</a></h2>'
    items = (
        f'<li><a href="#{escape(operation["operationId"])}">{name_of(method, path)}</a></li>\n'
        for method, path, operation in operations
    )
    return f'<section class="links">\n{heading}\n<ul>\n{"".join(items)}</ul>\n</section>\n'


def _group(name: str, operations: list[Operation]) -> str:
    rendered = "".join(render_operation(*operation) for operation in operations)
    return f'<section class="group" id="group-{escape(name)}">\n<h2>{escape(name)}</h2>\n{rendered}</section>\n'
