"""YAML 1.2 as people read it here: what an older reader would take for something else than text is in quotes."""

import re
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

_ELSEWHERE = re.compile(r"(?i)y|n|yes|no|on|off|[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.\d*)?|0[0-7]+|[-+]?[\d_.]*_[\d_.]*")
"""What YAML 1.1 reads as a truth value or as a number: `no`, `06:00`, `1_000`."""


class NotYaml(Exception):
    """The text can't be read; the message says where."""


class _Constructor(SafeConstructor):
    """Instants stay as they are written: the API reads them."""


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", SafeConstructor.construct_yaml_str)


def write_yaml(value: Any) -> str:
    """The value as YAML, in its own order."""
    yaml = YAML()
    yaml.width = 4096
    yaml.allow_unicode = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    if not isinstance(value, list | dict):
        value = [value]
    stream = StringIO()
    yaml.dump(_prepared(value), stream)
    return stream.getvalue()


def read_yaml(text: str) -> Any:
    """What the text says. Raises NotYaml."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _Constructor
    try:
        return yaml.load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        raise NotYaml(f"{where}{getattr(error, 'problem', None) or error}") from None
    except (ValueError, RecursionError) as error:
        raise NotYaml(str(error)) from None


def _prepared(value: Any) -> Any:
    if isinstance(value, dict):
        return {_prepared(key): _prepared(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_prepared(each) for each in value]
    if isinstance(value, str):
        if _ELSEWHERE.fullmatch(value):
            return DoubleQuotedScalarString(value)
        if "\n" in value and _is_block(value):
            return LiteralScalarString(value)
    return value


def _is_block(text: str) -> bool:
    """Whether a block shows it as it is."""
    return all(line.isprintable() and not line.startswith(" ") and line == line.rstrip() for line in text.split("\n"))
