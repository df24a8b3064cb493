"""A bot and its APIs as one readable YAML file: names instead of ids, no secrets.

Rules
- `write` and `read` are inverse: a file read into the bot it came from gives the same document, and is written again byte for byte.
- A file is data and a stranger's: bounded before it is parsed, no tags, no anchors, no ids. Whatever it refers to, it refers to by a
  name that stands in the file itself.

Where a document refers to a sequence or an API is known by the words of INTERFACES.md section 4 (`sequence`, `then`, `else`, `api`,
`value` of a sequence button, `<<api:ID>>` in a Text Block), so a new block type that uses the same words needs nothing here. A name
that two things share, or that could not stand between `<<` and `>>`, gets a `ref` in the file, which is used in its place.
A `<<…>>` that an author meant literally is written with a backslash before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from backtalk.engine.reply import Shape
from backtalk.errors import Invalid, Problem, Where
from backtalk.runtime import yaml_text

FILE_FORMAT = 1

_MARKED = re.compile(r"(?<!\\)(\\*)<<([^<>]*)>>")
_API_TOKEN = re.compile(r"\s*api:([0-9]{1,18})\s*")
_UNFIT = re.compile(r"[<>\x00-\x1f]|^\s|\s$|^$")
_SEQUENCE_KEYS = frozenset({"sequence", "then", "else"})
_AUTHORS_OWN = frozenset({"attributes", "if"})
"""Fields whose keys and values are the author's: nothing in them is a reference."""
_API_DEFAULTS: dict[str, Any] = {
    "headers": [],
    "params": [],
    "output": None,
    "timeout_s": 5.0,
    "on_failure": None,
    "dialect": "backtalk",
    "mapping": None,
}
_API_KEYS = ("name", "method", "url", *_API_DEFAULTS)


@dataclass(frozen=True, slots=True)
class BotFile:
    """What a file holds. `document` and `apis` refer to sequences and APIs by their number in the file, from 1."""

    document: dict[str, Any]
    """A bot document whose sequence ids are 1, 2, 3 … in the order of the file."""
    apis: dict[int, dict[str, Any]]
    """Settings as `api_settings` gives them."""


class ApiEntry(BaseModel):
    """An API as a file holds it: of the headers only the names, for their values are secrets."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    method: str = "GET"
    url: str
    headers: list[str] = []
    params: list[Param] = []
    output: Shape | None = None
    timeout_s: Annotated[float, Field(ge=0.5, le=5)] = 5.0
    on_failure: Fallback | None = None
    dialect: Literal["backtalk"] = "backtalk"
    mapping: dict[str, Any] | None = None


class Param(BaseModel):
    """A parameter; the value may hold `{{attribute}}`."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    name: str
    value: str


class Fallback(BaseModel):
    """The API's own default for when a call does not work."""

    model_config = ConfigDict(extra="forbid")

    say: str | None = None
    sequence: int | None = None


@dataclass(slots=True)
class _Names:
    """The two maps that references go through, and what did not map."""

    sequences: Callable[[Any], Any]
    apis: Callable[[Any], Any]
    text: Callable[[str], str]
    problems: list[Problem] = field(default_factory=list)


def api_settings(
    *,
    name: str,
    method: str,
    url: str,
    headers: Iterable[str],
    params: Iterable[tuple[str, str]],
    output: str | None,
    timeout_s: float,
    on_failure: Mapping[str, Any] | None,
    dialect: str,
    mapping: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """An API as a file holds it: of the headers only the names, for their values are secrets."""
    return {
        "name": name,
        "method": method,
        "url": url,
        "headers": list(headers),
        "params": [{"name": key, "value": value} for key, value in params],
        "output": output,
        "timeout_s": float(timeout_s),
        "on_failure": {key: value for key, value in on_failure.items() if value is not None} if on_failure else None,
        "dialect": dialect,
        "mapping": dict(mapping) if mapping else None,
    }


def apis_used(document: Mapping[str, Any]) -> set[int]:
    """The ids of the APIs that a document refers to."""
    found: set[int] = set()

    def note(api: Any) -> Any:
        if isinstance(api, int):
            found.add(api)
        return api

    def note_text(text: str) -> str:
        for match in _MARKED.finditer(text):
            token = _API_TOKEN.fullmatch(match[2])
            if token:
                found.add(int(token[1]))
        return text

    _mapped_document(document, _Names(lambda value: value, note, note_text))
    return found


def write(document: Mapping[str, Any], apis: Mapping[int, Mapping[str, Any]]) -> str:
    """The file of a bot. `apis` are the settings of (at least) the APIs that it uses, by id; refuses dangling references."""
    sequences = {sequence["id"]: sequence["name"] for sequence in document["sequences"]}
    used = {
        api: apis[api]["name"] for api in sorted(apis_used(document), key=lambda api: str(apis.get(api))) if api in apis
    }
    sequence_refs, api_refs = _refs(sequences), _refs(used)
    names = _Names(_by_id(sequence_refs), _by_id(api_refs), lambda text: text)
    names.text = lambda text: _named_text(text, names.apis)
    body = _mapped_document(document, names)
    _refuse(names.problems, "The bot cannot be written to a file before this is mended.")
    file: dict[str, Any] = {
        "backtalk": FILE_FORMAT,
        **{key: value for key, value in body.items() if key != "sequences"},
    }
    if used:
        file["apis"] = [_headed(used[api], api_refs[api], _api_written(apis[api], sequence_refs)) for api in used]
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
    names = _Names(_by_name(sequence_ids, "sequence"), _by_name(api_ids, "API"), lambda text: text, problems)
    names.text = lambda text: _numbered_text(text, names.apis)
    document = _mapped_document({key: value for key, value in loaded.items() if key not in ("backtalk", "apis")}, names)
    document["sequences"] = [
        {"id": number, **{key: value for key, value in sequence.items() if key != "ref"}}
        for number, sequence in enumerate(document["sequences"], 1)
    ]
    apis = {number: _api_read(api, number, names) for number, api in enumerate(loaded.get("apis", []), 1)}
    _refuse(problems, "The file refers to something that it does not hold.")
    return BotFile(document, apis)


def renumbered(file: BotFile, *, sequences: Mapping[int, int], apis: Mapping[int, int]) -> dict[str, Any]:
    """The document with the file's numbers replaced by the ids that they have in a workspace."""
    names = _Names(_renumber(sequences), _renumber(apis), lambda text: text)
    names.text = lambda text: _MARKED.sub(lambda match: _renumbered_token(match, apis), text)
    document = _mapped_document(file.document, names)
    document["sequences"] = [{**sequence, "id": sequences[sequence["id"]]} for sequence in document["sequences"]]
    return document


def refs_of(document: Mapping[str, Any]) -> dict[str, int]:
    """Each sequence's id by the name that a file would use for it."""
    refs = _refs({sequence["id"]: sequence["name"] for sequence in document["sequences"]})
    return {ref: number for number, ref in refs.items()}


# --- walking a document


def _mapped_document(document: Mapping[str, Any], names: _Names) -> dict[str, Any]:
    """A copy with every reference mapped; problems name where it stands."""
    copy = dict(document)
    triggers = copy.get("triggers")
    if isinstance(triggers, dict):
        copy["triggers"] = {
            key: _mapped_ref(value, names.sequences, names, Where(path=f"$.triggers.{key}"))
            if key in ("welcome", "default")
            else _mapped(value, names, Where(path=f"$.triggers.{key}"))
            for key, value in triggers.items()
        }
    copy["sequences"] = [
        {
            **sequence,
            "blocks": [
                _mapped_block(block, names, Where(block=block.get("id"), path=f"$.sequences[{s}].blocks[{b}]"))
                if isinstance(block, dict)
                else block
                for b, block in enumerate(sequence.get("blocks", []))
            ],
        }
        for s, sequence in enumerate(document["sequences"])
    ]
    return copy


def _mapped_block(block: dict[str, Any], names: _Names, where: Where) -> dict[str, Any]:
    copy = {key: value if key == "type" else _mapped_field(key, value, names, where) for key, value in block.items()}
    if block.get("type") == "text" and isinstance(block.get("text"), str):
        try:
            copy["text"] = names.text(block["text"])
        except _Unknown as unknown:
            names.problems.append(unknown.problem(Where(block=where.block, field="text", path=f"{where.path}.text")))
    return copy


def _mapped(value: Any, names: _Names, where: Where) -> Any:
    if isinstance(value, list):
        return [_mapped(item, names, _inside(where, f"[{index}]")) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    copy = {key: _mapped_field(key, item, names, where) for key, item in value.items()}
    if value.get("type") == "sequence" and "value" in value:
        copy["value"] = _mapped_ref(value["value"], names.sequences, names, _inside(where, ".value"))
    return copy


def _mapped_field(key: str, value: Any, names: _Names, where: Where) -> Any:
    place = _inside(where, f".{key}")
    if key in _AUTHORS_OWN:
        return value
    if key in _SEQUENCE_KEYS:
        return _mapped_ref(value, names.sequences, names, place)
    if key == "api":
        return _mapped_ref(value, names.apis, names, place)
    return _mapped(value, names, place)


def _mapped_ref(value: Any, change: Callable[[Any], Any], names: _Names, where: Where) -> Any:
    if value is None:
        return None
    try:
        return change(value)
    except _Unknown as unknown:
        names.problems.append(unknown.problem(where))
        return value


def _inside(where: Where, step: str) -> Where:
    return Where(
        block=where.block, field=step.lstrip(".") if step.startswith(".") else where.field, path=f"{where.path}{step}"
    )


# --- names and numbers


class _Unknown(Exception):
    """A reference that leads nowhere."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint

    def problem(self, where: Where) -> Problem:
        return Problem("unknown_name", self.message, self.hint, where)


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


def _by_id(refs: Mapping[int, str]) -> Callable[[Any], Any]:
    def change(value: Any) -> Any:
        number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
        if not isinstance(number, int) or isinstance(number, bool) or number not in refs:
            raise _Unknown(f"It refers to {value}, which is not there.", "Choose something that exists, or remove it.")
        return refs[number]

    return change


def _by_name(numbers: Mapping[str, int], kind: str) -> Callable[[Any], Any]:
    def change(value: Any) -> Any:
        if not isinstance(value, str) or value not in numbers:
            known = ", ".join(f"“{name}”" for name in list(numbers)[:10]) or "none"
            raise _Unknown(
                f"There is no {kind} “{value}” in this file.", f"Use the name of one that is there: {known}."
            )
        return numbers[value]

    return change


def _renumber(ids: Mapping[int, int]) -> Callable[[Any], Any]:
    return lambda value: ids[value]


def _renumbered_token(match: re.Match[str], apis: Mapping[int, int]) -> str:
    token = _API_TOKEN.fullmatch(match[2])
    return f"{match[1]}<<api:{apis[int(token[1])]}>>" if token and int(token[1]) in apis else match[0]


def _named_text(text: str, name_of: Callable[[Any], Any]) -> str:
    def written(match: re.Match[str]) -> str:
        token = _API_TOKEN.fullmatch(match[2])
        if token:
            return f"{match[1] * 2}<<{name_of(int(token[1]))}>>"
        return f"{match[1] * 2}\\<<{match[2]}>>"

    return _MARKED.sub(written, text)


def _numbered_text(text: str, number_of: Callable[[Any], Any]) -> str:
    def written(match: re.Match[str]) -> str:
        backslashes = match[1][: len(match[1]) // 2]
        if len(match[1]) % 2 and _API_TOKEN.fullmatch(match[2]):  # it would become a reference by id
            raise _Unknown(f"“{match[0]}” refers to an API by its id.", "Refer to an API of this file by its name.")
        if len(match[1]) % 2:
            return f"{backslashes}<<{match[2]}>>"
        return f"{backslashes}<<api:{number_of(match[2].strip())}>>"

    return _MARKED.sub(written, text)


# --- entries of a file


def _headed(name: str, ref: str, rest: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, **({"ref": ref} if ref != name else {}), **{k: v for k, v in rest.items() if k != "name"}}


def _api_written(settings: Mapping[str, Any], sequence_refs: Mapping[int, str]) -> dict[str, Any]:
    shown = {key: settings[key] for key in _API_KEYS if key not in _API_DEFAULTS or settings[key] != _API_DEFAULTS[key]}
    if isinstance(shown.get("on_failure"), dict) and "sequence" in shown["on_failure"]:
        plan = dict(shown["on_failure"])
        if plan["sequence"] in sequence_refs:
            plan["sequence"] = sequence_refs[plan["sequence"]]
        else:  # it belongs to another bot
            del plan["sequence"]
        shown["on_failure"] = plan or None
    return {key: value for key, value in shown.items() if value is not None}


def _api_read(api: Mapping[str, Any], number: int, names: _Names) -> dict[str, Any]:
    place = f"$.apis[{number - 1}]"
    entry = {key: value for key, value in api.items() if key != "ref"}
    if isinstance(entry.get("on_failure"), dict):
        entry["on_failure"] = _mapped(entry["on_failure"], names, Where(path=f"{place}.on_failure"))
    try:
        read = ApiEntry.model_validate(entry)
    except ValidationError as error:
        for found in error.errors(include_url=False, include_context=False, include_input=False):
            path = place + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in found["loc"])
            hint = "Compare it with an API of an exported file."
            names.problems.append(Problem(found["type"], f"{found['msg']}.", hint, Where(path=path)))
        return {}
    plan = read.on_failure
    return {
        **read.model_dump(),
        "on_failure": plan.model_dump(exclude_none=True) or None if plan else None,
    }


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
        yield from _list_problems(loaded, "apis", {*_API_KEYS, "ref"})


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
