"""Pieces of the page `/docs`: prose, tables, and schemas in a few words."""

import json
import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

_CODE = re.compile(r"`([^`]+)`")


def prose(text: str) -> str:
    """Text as HTML; what stands in backticks is code."""
    return _CODE.sub(r"<code>\1</code>", escape(text))


def code(value: Any) -> str:
    """Text as it is, anything else as JSON."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    return f"<pre><code>{escape(text)}</code></pre>"


def breakable(name: str) -> str:
    """A name as code that may break behind its underscores: on a telephone a column is narrow."""
    return f"<code>{escape(name).replace('_', '_<wbr>')}</code>"


def table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of cells that are HTML already."""
    head = "".join(f'<th scope="col">{column}</th>' for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in rows)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n"


def shape(name: str, schema: Mapping[str, Any]) -> str:
    """A named schema: its fields, or what it is."""
    required = schema.get("required", [])
    rows = [
        (breakable(field) + ("" if field in required else "?"), kind(each), prose(each.get("description", "")))
        for field, each in schema.get("properties", {}).items()
    ]
    content = table(("Field", "Kind", "Meaning"), rows) if rows else f"<p>{kind(schema)}</p>\n"
    return (
        f'<details id="{escape(name)}">\n<summary><code>{escape(name)}</code></summary>\n'
        f"<p>{prose(schema.get('description', ''))}</p>\n{content}</details>\n"
    )


def kind(schema: Mapping[str, Any]) -> str:
    """A schema in a few words of HTML."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(kind(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(escape(str(each)) for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {kind(schema.get('items', {}))}"
    limits = [f"{word} {schema[key]}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in schema]
    return escape(" ".join([str(schema.get("format") or schema.get("type", "any")), *limits]))
