"""What holds for every block type."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from backtalk.blocks import TYPES, Document, problems_of, read_bot, read_document
from backtalk.engine.block import ApiSummary, Block, Form, Surroundings
from backtalk.engine.effects import Note, Send
from backtalk.engine.events import (
    ApiAnswered,
    Event,
    HandedBack,
    Pressed,
    Said,
    SequenceSent,
    Started,
    TakenOver,
    TextSent,
    TimerFired,
)
from backtalk.engine.fields import ApiBlock
from backtalk.engine.messages import Button, Card, Media, Text
from backtalk.engine.reply import ApiFailure, ApiReply, OnFailure, Shape
from backtalk.engine.step import step
from backtalk.errors import Invalid
from tests.support.bots import T0, a_bot, a_customer, a_document, a_state, text
from tests.support.script import Script, ok, through_json

NAMES = sorted(TYPES)
API_TYPES = [name for name in NAMES if issubclass(TYPES[name], ApiBlock)]
SHOWN: dict[str, Any] = {
    "text": "x",
    "image": {"type": "image", "url": "https://x.example/a.png"},
    "gallery": [{"title": "Card"}],
    "buttons": [{"title": "Go", "type": "sequence", "value": 1}],
    "quick_replies": [{"title": "Go", "type": "sequence", "value": 1}],
    "call_api": None,
}


def example(name: str) -> dict[str, Any]:
    return copy.deepcopy(TYPES[name].example)


def document_of(*blocks: dict[str, Any]) -> dict[str, Any]:
    return a_document(sequences={1: blocks})


def test_the_block_types_of_the_product() -> None:
    assert NAMES == [
        "ask", "buttons", "call_api", "condition", "delay", "gallery", "go_to", "hand_over", "image", "quick_replies",
        "set_attributes", "text",
    ]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_the_example_is_complete_and_without_findings(name: str) -> None:
    shape = TYPES[name].shape
    bot = read_bot(document_of(example(name)))
    assert problems_of(bot, apis={1: ApiSummary("Orders", shape)}) == []
    shown = set(example(name)) - {"id", "type", "on_failure"}
    required = {
        field.alias or field_name for field_name, field in TYPES[name].model_fields.items() if field.is_required()
    }
    assert required - {"id"} <= shown | {"type"}
    assert example(name)["type"] == name


@pytest.mark.parametrize("name", NAMES)
def test_a_block_goes_through_its_document_and_back(name: str) -> None:
    read = read_document(document_of(example(name)))
    written = read.model_dump(mode="json", by_alias=True)
    assert read_document(json.loads(json.dumps(written))) == read
    block = written["sequences"][0]["blocks"][0]
    assert holds(block, example(name)), "what was written is still there; only defaults are added"


def holds(full: Any, sparse: Any) -> bool:
    if isinstance(sparse, dict):
        return all(key in full and holds(full[key], value) for key, value in sparse.items())
    if isinstance(sparse, list):
        return len(full) == len(sparse) and all(map(holds, full, sparse))
    return bool(full == sparse)


WRONG: dict[str, list[Any]] = {
    "string": [5, True, None, [], {}, "x" * 20_001],
    "number": ["5", True, None, [], {}],
    "list": ["x", 5, {}, None],
    "object": ["x", 5, [], None],
}


def kind_of(value: Any) -> str:
    return {str: "string", int: "number", float: "number", list: "list", dict: "object"}[type(value)]


@pytest.mark.parametrize("name", NAMES)
def test_n14_a_field_of_the_wrong_kind_is_named_with_sequence_block_and_field(name: str) -> None:
    for field, value in example(name).items():
        if value is None or field == "type":
            continue
        info = TYPES[name].model_fields.get(field)
        for wrong in WRONG[kind_of(value)]:
            if wrong is None and info and info.default is None:
                continue
            with pytest.raises(Invalid) as caught:
                read_document(document_of(text("fine"), {**example(name), field: wrong}))
            first = caught.value.problems[0]
            assert first.where.sequence == 1
            assert first.where.block == ("b1" if field != "id" else wrong if isinstance(wrong, str) else None)
            assert (first.where.field or "").removeprefix("blocks.1.").split(".")[0] == field
            assert (first.where.path or "").startswith(f"$.sequences[0].blocks[1].{field}")
            assert first.message
            assert first.hint


@pytest.mark.parametrize("name", NAMES)
def test_a_field_that_does_not_exist_is_named(name: str) -> None:
    for extra in ("extra_field", "text " * 2, "api" if name != "call_api" else "apis"):
        with pytest.raises(Invalid) as caught:
            read_document(document_of({**example(name), extra: 1}))
        (problem,) = caught.value.problems
        assert (problem.where.block, problem.where.field, problem.code) == ("b1", extra, "extra_forbidden")
        assert f"“{extra}”" in problem.message
        known = set(TYPES[name].model_fields) - {"id", "type"}
        assert all(field in problem.hint for field in known)


@pytest.mark.parametrize(
    ("given", "message"),
    [({"type": "carousel"}, "There is no block of type “carousel”."), ({}, "A block needs a type.")],
)
def test_a_type_that_does_not_exist_is_named(given: dict[str, str], message: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_document(document_of({"id": "b1", **given}))
    (problem,) = caught.value.problems
    assert (problem.message, problem.where.block) == (message, "b1")
    assert all(name in problem.hint for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_field_that_is_missing_is_named(name: str) -> None:
    for field, info in TYPES[name].model_fields.items():
        if info.is_required() and field not in ("id", "type"):
            block = example(name)
            del block[field]
            with pytest.raises(Invalid) as caught:
                read_document(document_of(block))
            (problem,) = caught.value.problems
            assert (problem.where.block, problem.where.field, problem.hint) == ("b1", field, "Add this field.")


# --- any event

EVENTS: list[Event] = [
    Started(T0),
    Said(T0, ""),
    Said(T0, "x"),
    Pressed(T0, None),
    Pressed(T0, Button("", "sequence", None, "=")),
    Pressed(T0, Button("", "sequence", 1)),
    *(
        ApiAnswered(T0, call, result, OnFailure("{{a}}", sequence))
        for call in ("call-1", "x")
        for result in (
            ApiReply(),
            ApiReply("x", {"a": [1]}),
            ApiReply(Media("image", "https://x.example")),
            ApiReply((Card(""),)),
            ApiReply((Button("", "sequence", 9), Button("", "basic"))),
            ApiFailure("tls", ""),
        )
        for sequence in (None, 1, 9)
    ),
    TimerFired(T0, "timer-1"),
    TimerFired(T0, "backlog-1"),
    TakenOver(T0),
    HandedBack(T0),
    TextSent(T0, ""),
    SequenceSent(T0, 1),
    SequenceSent(T0, 9),
]


@pytest.mark.parametrize("name", NAMES)
def test_no_event_makes_a_block_raise(name: str) -> None:
    for last in ([], [text("end")]):
        bot = read_bot(document_of(example(name), *last))
        opened = step(bot, a_state(), Started(T0)).state
        for first in EVENTS:
            between = through_json(step(bot, opened, first).state)
            for second in EVENTS:
                step(bot, between, second)


@pytest.mark.parametrize("name", NAMES)
def test_the_emptiest_block_runs_and_is_found_wanting_or_fine(name: str) -> None:
    needed = {
        field: example(name)[field]
        for field, info in TYPES[name].model_fields.items()
        if info.is_required() and field in example(name)
    }
    bot = read_bot(document_of({**needed, "type": name}))
    taken = step(bot, a_state(), Started(T0))
    step(bot, taken.state, Said(T0, "x"))
    assert not [effect for effect in taken.effects if isinstance(effect, Send)]


# --- what is generated from the class


def forms(model: type[BaseModel], seen: set[type[BaseModel]] | None = None) -> Iterator[type[BaseModel]]:
    """A form and the forms of its fields."""
    seen = seen if seen is not None else set()
    if model in seen:
        return
    seen.add(model)
    yield model
    names = {
        ref.rsplit("/", 1)[-1] for ref in json.dumps(model.model_json_schema()).split('"') if ref.startswith("#/$defs/")
    }
    known = {sub.__name__: sub for sub in _subclasses(Form)}
    for name in sorted(names):
        yield from forms(known[name], seen)


def _subclasses(kind: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for sub in kind.__subclasses__():
        yield sub
        yield from _subclasses(sub)


@pytest.mark.parametrize("name", NAMES)
def test_every_field_has_a_help_text(name: str) -> None:
    assert TYPES[name].title
    assert (TYPES[name].__doc__ or "").strip().endswith(".")
    for form in forms(TYPES[name]):
        for field, info in form.model_fields.items():
            if field not in ("id", "type") or form is not TYPES[name]:
                assert info.description, f"{form.__name__}.{field} has no string below it"
                assert info.description.rstrip().endswith((".", "`")), f"{form.__name__}.{field}"


@pytest.mark.parametrize("name", NAMES)
def test_the_json_schema_knows_the_type_and_the_help_texts(name: str) -> None:
    schema = TYPES[name].model_json_schema(by_alias=True)
    assert schema["properties"]["type"]["const"] == name
    assert schema["additionalProperties"] is False
    own = set(example(name)) - {"id", "type"}
    assert own <= set(schema["properties"])
    json.dumps(schema)


def test_the_json_schema_of_a_document_builds() -> None:
    schema = TypeAdapter(Document).json_schema(by_alias=True)
    assert set(schema["$defs"]) >= {kind.__name__ for kind in TYPES.values()}


@pytest.mark.parametrize("name", NAMES)
def test_a_block_that_asks_hears(name: str) -> None:
    block = TYPES[name].model_validate(example(name))
    assert (type(block).hear is not Block.hear) == (name == "ask")


# --- blocks with an API


def test_which_blocks_may_use_an_api() -> None:
    assert sorted(SHOWN) == API_TYPES
    assert {name: TYPES[name].shape for name in API_TYPES} == {
        name: None if name == "call_api" else name for name in API_TYPES
    }
    assert all(TYPES[name].shape is None for name in NAMES if name not in API_TYPES)


@pytest.mark.parametrize("name", API_TYPES)
def test_an_api_block_waits_shows_and_goes_on(name: str) -> None:
    script = Script(read_bot(document_of(example(name), text("below")))).start().calls(1).replies(ok(SHOWN[name], a=1))
    sent = [effect.message for effect in script.last(Send)]
    script.bot(*sent).attributes({"a": 1})
    assert sent[-1] == Text("below")
    assert len(sent) == (1 if name == "call_api" else 2)


@pytest.mark.parametrize("name", API_TYPES)
def test_a_failure_leaves_the_static_rest_then_the_blocks_own_fallback(name: str) -> None:
    own = {"say": "Sorry {{first_name}}", "sequence": 2}
    bot = read_bot(a_document(sequences={1: [{**example(name), "on_failure": own}, text("below")], 2: [text("two")]}))
    script = Script(bot).start().calls(1).fails(default=OnFailure("never", 1))
    sent = [effect.message for effect in script.last(Send)]
    script.bot(*sent)
    assert sent[-2:] == [Text("Sorry Ada"), Text("two")]
    assert len(sent) == (2 if name in ("call_api", "image") else 3), "what the author wrote in the block is still sent"


@pytest.mark.parametrize("name", API_TYPES)
def test_a_failure_without_own_fallback_takes_that_of_the_api(name: str) -> None:
    bot = read_bot(a_document(sequences={1: [example(name), text("below")], 2: [text("two")]}))
    script = Script(bot).start().calls(1).fails(default=OnFailure("Sorry", 2))
    sent = [effect.message for effect in script.last(Send)]
    script.bot(*sent)
    assert sent[-2:] == [Text("Sorry"), Text("two")]
    script = Script(bot).start().calls(1).fails()
    sent = [effect.message for effect in script.last(Send)]
    script.bot(*sent)
    assert sent[-1:] == [Text("below")]


@pytest.mark.parametrize("name", API_TYPES)
def test_findings_of_an_api_name_the_field(name: str) -> None:
    fields = {
        "text": "text",
        "image": "media.api",
        "gallery": "items.1.api",
        "buttons": "buttons.1.api",
        "quick_replies": "replies.1.api",
    }
    field = fields.get(name, "api")
    block = TYPES[name].model_validate({**example(name), "on_failure": {"sequence": 9}})
    assert [(found.code, found.field) for found in block.findings(Surroundings({1}, {}))] == [
        ("unknown_api", field),
        ("unknown_sequence", "on_failure.sequence"),
    ]
    other: Shape = "image" if name != "image" else "text"
    found = list(
        TYPES[name].model_validate(example(name)).findings(Surroundings({1}, {1: ApiSummary("Orders", other)}))
    )
    assert [(one.code, one.field, one.severity) for one in found] == (
        [] if name == "call_api" else [("other_output", field, "warning")]
    )


TWICE: dict[str, dict[str, Any]] = {
    "text": {"text": "<<api:2>><<api:1>><<api:2>>"},
    "gallery": {"items": [{"api": 2}, {"api": 1}, {"api": 2}]},
    "buttons": {"buttons": [{"api": 2}, {"api": 1}, {"api": 2}]},
    "quick_replies": {"replies": [{"api": 2}, {"api": 1}, {"api": 2}]},
}


@pytest.mark.parametrize("name", TWICE)
def test_contract_2_several_apis_are_called_at_once_each_once_and_shown_where_they_stand(name: str) -> None:
    script = Script(a_bot({**example(name), **TWICE[name], "id": "b"})).start().calls(2, 1)
    words = {
        api: {"text": str(api), "gallery": [{"title": str(api)}]}.get(name, [{"title": str(api), "type": "basic"}])
        for api in (1, 2)
    }
    script.replies(ok(words[1]), api=1).silent().replies(ok(words[2]), api=2)
    (message,) = (effect.message for effect in script.last(Send))
    script.bot(message)
    shown = (
        message.text
        if name == "text"
        else "".join(
            item.title for item in getattr(message, {"gallery": "items", "buttons": "buttons"}.get(name, "replies"))
        )
    )
    assert shown == "212"


@pytest.mark.parametrize("name", ["buttons", "quick_replies"])
def test_contract_5_a_button_to_an_unknown_sequence_is_dropped_and_noted(name: str) -> None:
    given = [{"title": "Gone", "type": "sequence", "value": 77}, {"title": "Here", "type": "sequence", "value": "1"}]
    script = Script(a_bot({**example(name), "id": "b"})).start().calls(1).replies(ok(given)).noted("unknown_sequence")
    (message,) = (effect.message for effect in script.last(Send))
    script.bot(message)
    shown = message.buttons if name == "buttons" else message.replies
    assert [button.title for button in shown] == ["Start again", "Here"]
    (note,) = script.last(Note)
    assert note.call == "call-1"


def test_what_a_customer_is_called_does_not_matter() -> None:
    """The examples run for a customer of whom nothing is known."""
    nobody = a_state(customer=a_customer(first_name=""))
    for name in NAMES:
        step(read_bot(document_of(example(name))), nobody, Started(T0))
