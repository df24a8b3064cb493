"""A bot and its APIs as one readable YAML file: names instead of ids, no secrets.

Rules
- `write` and `read` are inverse: a file read into the bot it came from gives the same document, and is written again byte for byte.
- A file is data and a stranger's: bounded before it is parsed, no tags, no anchors, no ids. Whatever it refers to, it refers to by a
  name that stands in the file itself.

A name that two things share, or that could not stand between `<<` and `>>`, gets a `ref` in the file, which is used in its place. A
`<<…>>` that an author meant literally is written with a backslash before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from backtalk.errors import Invalid, Problem, Where
from backtalk.runtime import api_entry, yaml_text
from backtalk.runtime.references import MARKED, Change, Changes, Unknown, apis_used, replaced, token_api

FILE_FORMAT = 1

_UNFIT = re.compile(r"[<>\x00-\x1f]|^\s|\s$|^$")


@dataclass(frozen=True, slots=True)
class BotFile:
    """What a file holds. `document` and `apis` refer to sequences and APIs by their number in the file, from 1."""

    document: dict[str, Any]
    """A bot document whose sequence ids are 1, 2, 3 … in the order of the file."""
    apis: dict[int, dict[str, Any]]
    """Settings as `api_entry.settings_of` gives them."""


def write(document: Mapping[str, Any], apis: Mapping[int, Mapping[str, Any]]) -> str:
    """The file of a bot. `apis` are the settings of (at least) the APIs that it uses, by id; refuses dangling references."""
    sequences = {sequence["id"]: sequence["name"] for sequence in document["sequences"]}
    used = {
        api: apis[api]["name"] for api in sorted(apis_used(document), key=lambda api: str(apis.get(api))) if api in apis
    }
    sequence_refs, api_refs = _refs(sequences), _refs(used)
    name_of = _by_id(api_refs)
    changes = Changes(_by_id(sequence_refs), name_of, lambda text: _named_text(text, name_of))
    body = replaced(document, changes)
    _refuse(changes.problems, "The bot cannot be written to a file before this is mended.")
    file: dict[str, Any] = {
        "backtalk": FILE_FORMAT,
        **{key: value for key, value in body.items() if key != "sequences"},
    }
    if used:
        file["apis"] = [_headed(used[api], api_refs[api], api_entry.written(apis[api], sequence_refs)) for api in used]
    file["sequences"] = [
        _headed(sequence["name"], sequence_refs[original["id"]], {k: v for k, v in sequence.items() if k != "id"})
        for original, sequence in zip(document["sequences"], body["sequences"], strict=True)
    ]
    return yaml_text.dump(file)


def read(data: bytes) -> BotFile:
    """The content of a file; raises Invalid with every problem found. Blocks themselves are judged when the draft is."""
    loaded = yaml_text.load(data)
    problems = list(_shape_problems(loaded))
    _refuse(problems, "This is not a bot file.")
    api_ids, sequence_ids = (
        _numbers(loaded.get("apis", []), "apis", problems),
        _numbers(loaded["sequences"], "sequences", problems),
    )
    number_of = _by_name(api_ids, "API")
    changes = Changes(
        _by_name(sequence_ids, "sequence"), number_of, lambda text: _numbered_text(text, number_of), problems
    )
    document = replaced({key: value for key, value in loaded.items() if key not in ("backtalk", "apis")}, changes)
    document["sequences"] = [
        {"id": number, **{key: value for key, value in sequence.items() if key != "ref"}}
        for number, sequence in enumerate(document["sequences"], 1)
    ]
    apis = {number: api_entry.read(api, number, changes) for number, api in enumerate(loaded.get("apis", []), 1)}
    _refuse(problems, "The file refers to something that it does not hold.")
    return BotFile(document, apis)


def refs_of(document: Mapping[str, Any]) -> dict[str, int]:
    """Each sequence's id by the name that a file would use for it."""
    refs = _refs({sequence["id"]: sequence["name"] for sequence in document["sequences"]})
    return {ref: number for number, ref in refs.items()}


# --- names and numbers


def _refs(names: Mapping[int, str]) -> dict[int, str]:
    """What to call each thing in a file: its name, or where that will not do, the name with a number."""
    taken: set[str] = set()
    plain = {number: name for number, name in names.items() if not _UNFIT.search(name)}
    refs: dict[int, str] = {}
    for number, name in plain.items():
        if name not in taken:
            refs[number] = name
            taken.add(name)
    for number, name in names.items():
        base, count = re.sub(r"[<>\x00-\x1f]", "", name).strip() or "unnamed", 2
        while number not in refs:
            if f"{base} ({count})" not in taken:
                refs[number] = f"{base} ({count})"
                taken.add(refs[number])
            count += 1
    return {number: refs[number] for number in names}


def _numbers(entries: list[dict[str, Any]], key: str, problems: list[Problem]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for number, entry in enumerate(entries, 1):
        ref = entry.get("ref", entry["name"])
        if ref in numbers:
            problems.append(
                Problem(
                    "same_name",
                    f"Two of the {key} are called “{ref}”.",
                    "Give one of them another name, or a `ref` that is used in place of its name.",
                    Where(path=f"$.{key}[{number - 1}].name"),
                )
            )
        numbers[ref] = number
    return numbers


def _by_id(refs: Mapping[int, str]) -> Change:
    def change(value: Any) -> Any:
        number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
        if not isinstance(number, int) or isinstance(number, bool) or number not in refs:
            raise Unknown(f"It refers to {value}, which is not there.", "Choose something that exists, or remove it.")
        return refs[number]

    return change


def _by_name(numbers: Mapping[str, int], kind: str) -> Change:
    def change(value: Any) -> Any:
        if not isinstance(value, str) or value not in numbers:
            like = get_close_matches(str(value), numbers, n=1)
            known = ", ".join(f"“{name}”" for name in list(numbers)[:10]) or "none"
            hint = f"Did you mean “{like[0]}”?" if like else f"Use the name of one that is there: {known}."
            raise Unknown(f"There is no {kind} “{value}” in this file.", hint)
        return numbers[value]

    return change


def _named_text(text: str, name_of: Change) -> str:
    def written(match: re.Match[str]) -> str:
        api = token_api(match[2])
        if api is None:
            return f"{match[1] * 2}\\<<{match[2]}>>"
        return f"{match[1] * 2}<<{name_of(api)}>>"

    return MARKED.sub(written, text)


def _numbered_text(text: str, number_of: Change) -> str:
    def written(match: re.Match[str]) -> str:
        backslashes = match[1][: len(match[1]) // 2]
        if len(match[1]) % 2 == 0:
            return f"{backslashes}<<api:{number_of(match[2].strip())}>>"
        if token_api(match[2]) is not None:  # it would become a reference by id
            raise Unknown(f"“{match[0]}” refers to an API by its id.", "Refer to an API of this file by its name.")
        return f"{backslashes}<<{match[2]}>>"

    return MARKED.sub(written, text)


# --- entries of a file


def _headed(name: str, ref: str, rest: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, **({"ref": ref} if ref != name else {}), **{k: v for k, v in rest.items() if k != "name"}}


def _shape_problems(loaded: Any) -> Iterable[Problem]:
    """What keeps a file from being walked at all."""
    if not isinstance(loaded, dict):
        yield Problem("bad_file", "The file is not a mapping.", "Export a bot to see what a file looks like.")
        return
    if loaded.get("backtalk") != FILE_FORMAT:
        yield Problem(
            "bad_file",
            "The file does not begin with `backtalk: 1`.",
            "Export it again with this version.",
            Where(path="$.backtalk"),
        )
    if not isinstance(loaded.get("name"), str):
        yield Problem("bad_file", "The bot has no name.", "Write `name: …` at the top.", Where(path="$.name"))
    unknown = loaded.keys() - {"backtalk", "name", "triggers", "apis", "sequences"}
    for key in sorted(unknown):
        yield Problem("unknown_key", f"“{key}” means nothing in a bot file.", "Remove it.", Where(path=f"$.{key}"))
    yield from _list_problems(loaded, "sequences", {"name", "ref", "blocks"})
    if "apis" in loaded:
        yield from _list_problems(loaded, "apis", {*api_entry.KEYS, "ref"})


def _list_problems(loaded: dict[str, Any], key: str, allowed: set[str]) -> Iterable[Problem]:
    entries = loaded.get(key)
    if not isinstance(entries, list):
        yield Problem(
            "bad_file", f"`{key}` is not a list.", f"Write `{key}:` and one entry per line.", Where(path=f"$.{key}")
        )
        return
    for index, entry in enumerate(entries):
        where = Where(path=f"$.{key}[{index}]")
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            yield Problem("bad_file", f"Entry {index + 1} of `{key}` has no name.", "Write `- name: …`.", where)
            continue
        if not isinstance(entry.get("ref", ""), str) or not isinstance(entry.get("blocks", []), list):
            yield Problem(
                "bad_file", f"Entry {index + 1} of `{key}` has the wrong shape.", "Compare it with an export.", where
            )
        for name in sorted(entry.keys() - allowed):
            yield Problem(
                "unknown_key", f"“{name}” means nothing here.", "Remove it.", Where(path=f"{where.path}.{name}")
            )


def _refuse(problems: list[Problem], detail: str) -> None:
    if problems:
        raise Invalid(detail, hint=problems[0].hint, problems=tuple(problems))
