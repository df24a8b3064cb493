"""How findings about a reply are worded: what a value is, what a field should be, what was found instead."""

from __future__ import annotations

import json
from typing import Any

from pydantic_core import ErrorDetails

from backtalk.engine.template import as_text

_QUOTED_CHARS = 60

_TYPE_NAMES = {
    "string_type": "a string",
    "list_type": "a list",
    "dict_type": "an object",
    "bool_type": "true or false",
    "int_type": "an integer",
}


def reason(name: str, fault: ErrorDetails) -> str:
    """What is wrong with a field, as the first half of a sentence."""
    found = fault.get("input")
    match fault["type"]:
        case "missing":
            return f"`{name}` is missing"
        case "address" | "value" | "title":
            return f"`{name}` {fault['msg']}, not {quoted(found)}"
        case "literal_error":
            return f"`{name}` must be {fault['ctx']['expected']}, not {quoted(found)}"
        case "string_type" | "list_type" | "dict_type" | "bool_type" | "int_type":
            return f"`{name}` must be {_TYPE_NAMES[fault['type']]}, not {kind(found)}"
    return f"`{name}` cannot be {quoted(found)}"


def kind(value: Any) -> str:
    """What a JSON value is, with its article."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
    return "an object"


def quoted(value: Any) -> str:
    """A JSON value as it was sent, cut for a message."""
    if isinstance(value, str):
        return json.dumps(value if len(value) <= _QUOTED_CHARS else value[:_QUOTED_CHARS] + "…", ensure_ascii=False)
    return kind(value) if isinstance(value, list | dict) else as_text(value) or "null"
