"""YAML that is nothing but JSON in a readable dress: what strangers send is bounded and plain, what we write reads back the same."""

from __future__ import annotations

import re
from collections.abc import Hashable
from math import isfinite
from typing import Any

import yaml

from backtalk.engine.messages import storable_json
from backtalk.errors import Invalid, Problem, TooLarge

MAX_FILE_BYTES = 4 * 1_048_576
MAX_DEPTH = 32
MAX_NODES = 500_000
_WIDE = 1 << 30
_PLAIN_LINES = re.compile(r"[^\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]*")


class _Loader(yaml.CSafeLoader):
    """Knows the types of JSON only: `no` and `2020-01-01` are texts. A key that stands twice is refused.

    Each pattern below takes less than the library's own, so a text that the dumper leaves unquoted is read as a text.
    """

    yaml_implicit_resolvers = {}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - the library's signature
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                message = "a brace opens a mapping here; write a text that begins with one in quotes: '{{name}}'"
                raise yaml.constructor.ConstructorError(None, None, message, key.start_mark)
            if key.tag != "tag:yaml.org,2002:str" or key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key “{key.value}” stands twice or is not a text", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_yaml_float(self, node: yaml.ScalarNode) -> float:
        value = float(node.value)
        if not isfinite(value):
            raise yaml.constructor.ConstructorError(None, None, f"{node.value} is too large", node.start_mark)
        return value


_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.construct_yaml_float)


class _Dumper(yaml.SafeDumper):
    """Lists inside mappings are indented, texts of several lines stand as such."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002, ARG002 - the library's signature
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the library's signature
        return True


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = None
    if not _PLAIN_LINES.fullmatch(text):  # defensive: some of these count as line breaks between plain words
        style = '"'
    elif "\n" in text:
        style = "|" if text.strip() == text.rstrip("\n") else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
for _tag, _pattern, _first in (
    ("null", r"~|null|", ["~", "n", ""]),
    ("bool", r"true|false", ["t", "f"]),
    ("int", r"-?(?:0|[1-9][0-9]{0,18})", list("-0123456789")),
    ("float", r"-?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+][0-9]{1,3})?", list("-0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _first)


def dump(value: dict[str, Any]) -> str:
    """JSON-able data as YAML; keys keep their order, long lines are not folded."""
    text: str = yaml.dump(
        value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=_WIDE, default_flow_style=False
    )
    return text


def load(data: bytes) -> Any:
    """JSON-able data from YAML; raises Invalid naming line and column, TooLarge beyond MAX_FILE_BYTES."""
    if len(data) > MAX_FILE_BYTES:
        raise TooLarge(f"The file has {len(data)} bytes.", hint=f"A file may have {MAX_FILE_BYTES} bytes.")
    try:
        _check_events(data)
        return storable_json(yaml.load(data, Loader=_Loader))  # noqa: S506 - a safe loader with fewer types
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise _invalid(error) from error


def _check_events(data: bytes) -> None:
    """Refuse, before anything is built, what makes a file more than a tree of plain values."""
    depth = nodes = 0
    for event in yaml.parse(data, Loader=yaml.CSafeLoader):
        match event:
            case yaml.AliasEvent():
                raise _refused("aliases (`*name`) are not allowed", event.start_mark)
            case yaml.NodeEvent() if event.anchor is not None:
                raise _refused("anchors (`&name`) are not allowed", event.start_mark)
            case yaml.ScalarEvent() | yaml.CollectionStartEvent() if event.tag not in (None, "!"):
                raise _refused("tags (`!name`) are not allowed", event.start_mark)
            case _:
                pass
        nodes += isinstance(event, yaml.NodeEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            raise _refused(f"more than {MAX_DEPTH} levels or {MAX_NODES} values", event.start_mark)


def _refused(message: str, mark: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=message, problem_mark=mark)


def _invalid(error: Exception) -> Invalid:
    mark = getattr(error, "problem_mark", None)
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    reason = getattr(error, "problem", None) or "it is not UTF-8 text that YAML allows"
    hint = "Write plain YAML: texts, numbers, lists and mappings. `backtalk export` shows the form."
    problem = Problem("bad_yaml", f"{place}{reason}", hint)
    return Invalid(f"The file is not readable: {place}{reason}.", hint=hint, problems=(problem,))
