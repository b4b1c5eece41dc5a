"""The page `/docs`: the OpenAPI document as one piece of HTML that loads nothing."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
details { border: 1px solid #8886; border-radius: .4rem; margin: .4rem 0; padding: .4rem .8rem; }
summary { cursor: pointer; } summary code { font-weight: 600; }
table { border-collapse: collapse; width: 100%; margin: .4rem 0; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0; border-top: 1px solid #8884; }
h2 { margin-top: 2rem; text-transform: capitalize; }
"""

CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def render_docs(document: Mapping[str, Any]) -> str:
    """The OpenAPI document as HTML."""
    title = escape(document["info"]["title"])
    return "".join(
        [
            f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}: the API</title>",
            f"<meta name=viewport content='width=device-width'><style>{_STYLE}</style><h1>{title}</h1>",
            *(f"<p>{escape(part)}</p>" for part in document["info"]["description"].split("\n\n")),
            "<p>The same for machines: <a href=/openapi.json>openapi.json</a></p>",
            *_operations(document["paths"]),
            "<h2>Shapes</h2>",
            *(_schema(name, schema) for name, schema in document["components"]["schemas"].items()),
        ]
    )


def _operations(paths: Mapping[str, Any]) -> Iterator[str]:
    group = None
    for path, operations in paths.items():
        for method, operation in operations.items():
            if operation["tags"][0] != group:
                group = operation["tags"][0]
                yield f"<h2>{escape(group)}</h2>"
            yield _operation(method, path, operation)


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    role = f" <small>{escape(operation['x-role'])}</small>" if "x-role" in operation else ""
    parameters = [
        (f"{each['name']} <small>{each['in']}</small>", _kind(each["schema"]), each.get("description", ""))
        for each in operation["parameters"]
    ]
    bodies = [
        ("body", _kind(content["schema"]), media_type)
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items()
    ]
    answers = [(status, *_answer(answer)) for status, answer in operation["responses"].items()]
    return (
        f"<details id={escape(operation['operationId'])}><summary><code>{method.upper()} {escape(path)}</code> "
        f"{escape(operation['summary'])}{role}</summary><p>{escape(operation.get('description', ''))}</p>"
        f"{_table(parameters + bodies)}{_table(answers)}</details>"
    )


def _answer(answer: Mapping[str, Any]) -> tuple[str, str]:
    for content in answer.get("content", {}).values():
        return _kind(content["schema"]), answer["description"]
    return "", answer["description"]


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    required = schema.get("required", [])
    rows = [
        (field + ("" if field in required else "?"), _kind(each), each.get("description", ""))
        for field, each in schema.get("properties", {}).items()
    ]
    name, about = escape(name), escape(schema.get("description", ""))
    return f"<details id='{name}'><summary><code>{name}</code></summary><p>{about}</p>{_table(rows)}</details>"


def _table(rows: list[tuple[str, str, str]]) -> str:
    cells = (f"<tr><td>{name}<td>{kind}<td>{escape(about)}" for name, kind, about in rows)
    return f"<table>{''.join(cells)}</table>" if rows else ""


def _kind(schema: Mapping[str, Any]) -> str:
    """A schema in a few words of HTML."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f"<a href='#{name}'>{name}</a>"
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(escape(str(each)) for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    limits = [f"{word} {schema[key]}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in schema]
    return escape(" ".join([str(schema.get("format") or schema.get("type", "any")), *limits]))
