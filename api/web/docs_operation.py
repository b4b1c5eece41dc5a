"""One operation on the page `/docs`: what it takes, what it answers, and how to call it."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from api.web.curl import curl_of
from api.web.docs_parts import code, kind, prose, table


def render_operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    """An operation of the OpenAPI document as HTML."""
    role = f' <small class="role">{escape(operation["x-role"])}</small>' if "x-role" in operation else ""
    about = f"<p>{prose(operation['description'])}</p>\n" if "description" in operation else ""
    return "".join(
        [
            f'<details class="operation" id="{escape(operation["operationId"])}">\n',
            f"<summary>{name_of(method, path)} <span>{prose(operation['summary'])}</span>{role}</summary>\n",
            about,
            _parameters(operation["parameters"]),
            _body(operation.get("requestBody")),
            _answers(operation["responses"]),
            '<h3>With curl</h3>\n<button type="button" class="copy" hidden>Copy as curl</button>\n',
            f'<pre class="curl"><code>{escape(curl_of(method, path, operation))}</code></pre>\n</details>\n',
        ]
    )


def name_of(method: str, path: str) -> str:
    """How an operation is called everywhere on the page."""
    return f"<code><b>{method.upper()}</b> {escape(path)}</code>"


def _parameters(parameters: list[dict[str, Any]]) -> str:
    if not parameters:
        return ""
    rows = [(_name_and_place(each), _kind_with_default(each["schema"]), _meaning(each)) for each in parameters]
    return f"<h3>Parameters</h3>\n{table(('Name', 'Kind', 'Meaning'), rows)}"


def _name_and_place(parameter: Mapping[str, Any]) -> str:
    place = parameter["in"] + (", required" if parameter.get("required") else "")
    return f"<code>{escape(parameter['name'])}</code> <small>{escape(place)}</small>"


def _kind_with_default(schema: Mapping[str, Any]) -> str:
    return kind(schema) + (f", else {escape(str(schema['default']))}" if "default" in schema else "")


def _meaning(described: Mapping[str, Any]) -> str:
    example = f"<code>{escape(str(described['example']))}</code>" if "example" in described else ""
    about = prose(described.get("description", ""))
    return f"{about} Example: {example}" if example else about


def _body(body: Mapping[str, Any] | None) -> str:
    if body is None:
        return ""
    media_types = " or ".join(f"<code>{escape(media_type)}</code>" for media_type in body["content"])
    content = next(iter(body["content"].values()))
    needed = "" if body["required"] else ", or nothing at all"
    example = code(content["example"]) if "example" in content else ""
    return f"<h3>Body</h3>\n<p>{kind(content['schema'])} as {media_types}{needed}</p>\n{example}"


def _answers(responses: Mapping[str, Any]) -> str:
    rows = [
        (f"{status} {escape(answer['description'])}", _shape_of(answer), _headers(answer))
        for status, answer in responses.items()
    ]
    return f"<h3>Answers</h3>\n{table(('Status', 'Shape', 'Headers'), rows)}{''.join(_examples(responses))}"


def _shape_of(answer: Mapping[str, Any]) -> str:
    return " or ".join(
        kind(content["schema"]) if "$ref" in content["schema"] else f"<code>{escape(media_type)}</code>"
        for media_type, content in answer.get("content", {}).items()
    )


def _headers(answer: Mapping[str, Any]) -> str:
    return " ".join(f"<code>{escape(name)}</code>" for name in answer.get("headers", {}))


def _examples(responses: Mapping[str, Any]) -> Iterator[str]:
    """Those of success stand open."""
    for status, answer in responses.items():
        is_open = " open" if status.startswith("2") else ""
        for content in answer.get("content", {}).values():
            if "example" in content:
                summary = f"<summary>Example of {status}</summary>"
                yield f"<details{is_open}>\n{summary}\n{code(content['example'])}\n</details>\n"
