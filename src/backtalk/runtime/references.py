"""Where a bot document refers to sequences and APIs, and how every reference is replaced at once.

Known by the words of INTERFACES.md section 4 (`sequence`, `then`, `else`, `api`, `value` of a sequence button, `<<api:ID>>` in a Text
Block), so that a new block type that uses the same words needs nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from backtalk.errors import Problem, Where

MARKED = re.compile(r"(?<!\\)(\\*)<<([^<>]*)>>")
"""`<<…>>` with the backslashes before it."""
_API_TOKEN = re.compile(r"\s*api:([0-9]{1,18})\s*")
_SEQUENCE_KEYS = frozenset({"sequence", "then", "else"})
_AUTHORS_OWN = frozenset({"attributes", "if"})
"""Fields whose keys and values are the author's: nothing in them is a reference."""

Change = Callable[[Any], Any]
"""Gives what a reference is to become; raises Unknown for one that leads nowhere."""


class Unknown(Exception):
    """A reference that leads nowhere."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


@dataclass(slots=True)
class Changes:
    """What becomes of references to sequences, to APIs, and of the text of a Text Block; `problems` collects what was unknown."""

    sequences: Change
    apis: Change
    text: Callable[[str], str]
    problems: list[Problem] = field(default_factory=list)


def token_api(marked: str) -> int | None:
    """The API that the inside of `<<…>>` refers to by its id; None when it is no reference."""
    token = _API_TOKEN.fullmatch(marked)
    return int(token[1]) if token else None


def apis_used(document: Mapping[str, Any]) -> set[int]:
    """The ids of the APIs that a document refers to."""
    found: set[int] = set()

    def note(api: Any) -> Any:
        if isinstance(api, int):
            found.add(api)
        return api

    def note_text(text: str) -> str:
        found.update(api for match in MARKED.finditer(text) if (api := token_api(match[2])) is not None)
        return text

    replaced(document, Changes(lambda value: value, note, note_text))
    return found


def renumbered(document: Mapping[str, Any], *, sequences: Mapping[int, int], apis: Mapping[int, int]) -> dict[str, Any]:
    """The document with other ids; each that it holds must be in the maps."""

    def token(match: re.Match[str]) -> str:
        api = token_api(match[2])
        return match[0] if api is None else f"{match[1]}<<api:{apis[api]}>>"

    changes = Changes(sequences.__getitem__, apis.__getitem__, lambda text: MARKED.sub(token, text))
    changed = replaced(document, changes)
    changed["sequences"] = [{**sequence, "id": sequences[sequence["id"]]} for sequence in changed["sequences"]]
    return changed


def replaced(document: Mapping[str, Any], changes: Changes) -> dict[str, Any]:
    """A copy with every reference changed; a problem names where an unknown one stands."""
    copy = dict(document)
    triggers = copy.get("triggers")
    if isinstance(triggers, dict):
        copy["triggers"] = {
            key: _changed(value, changes.sequences, changes, Where(path=f"$.triggers.{key}"))
            if key in ("welcome", "default")
            else replaced_inside(value, changes, Where(path=f"$.triggers.{key}"))
            for key, value in triggers.items()
        }
    copy["sequences"] = [
        {
            **sequence,
            "blocks": [
                _block(block, changes, Where(block=block.get("id"), path=f"$.sequences[{s}].blocks[{b}]"))
                if isinstance(block, dict)
                else block
                for b, block in enumerate(sequence.get("blocks", []))
            ],
        }
        for s, sequence in enumerate(document["sequences"])
    ]
    return copy


def replaced_inside(value: Any, changes: Changes, where: Where) -> Any:
    """The same for a part of a document."""
    if isinstance(value, list):
        return [replaced_inside(item, changes, _step(where, f"[{index}]")) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    copy = {key: _field(key, item, changes, where) for key, item in value.items()}
    if value.get("type") == "sequence" and "value" in value:
        copy["value"] = _changed(value["value"], changes.sequences, changes, _step(where, ".value"))
    return copy


def _block(block: dict[str, Any], changes: Changes, where: Where) -> dict[str, Any]:
    copy = {key: value if key == "type" else _field(key, value, changes, where) for key, value in block.items()}
    if block.get("type") == "text" and isinstance(block.get("text"), str):
        copy["text"] = _changed(block["text"], changes.text, changes, _step(where, ".text"))
    return copy


def _field(key: str, value: Any, changes: Changes, where: Where) -> Any:
    place = _step(where, f".{key}")
    if key in _AUTHORS_OWN:
        return value
    if key in _SEQUENCE_KEYS:
        return _changed(value, changes.sequences, changes, place)
    if key == "api":
        return _changed(value, changes.apis, changes, place)
    return replaced_inside(value, changes, place)


def _changed(value: Any, change: Change, changes: Changes, where: Where) -> Any:
    if value is None:
        return None
    try:
        return change(value)
    except Unknown as unknown:
        changes.problems.append(Problem("unknown_name", unknown.message, unknown.hint, where))
        return value


def _step(where: Where, step: str) -> Where:
    name = step.removeprefix(".") if step.startswith(".") else where.field
    return Where(block=where.block, field=name, path=f"{where.path}{step}")
