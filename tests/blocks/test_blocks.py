"""The registry of block types, documents, and what keeps a bot from working."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from backtalk import blocks
from backtalk.blocks import TYPES, Document, problems_of, read_bot, read_document, to_bot
from backtalk.engine.block import ApiSummary
from backtalk.errors import Invalid, Problem, Where
from tests.support.bots import a_document, text


def problems(document: Any) -> list[Problem]:
    with pytest.raises(Invalid) as caught:
        read_document(document)
    assert caught.value.problems
    return list(caught.value.problems)


# --- the folder is the registry


def test_a_type_is_a_file() -> None:
    folder = Path(blocks.__file__).parent
    assert sorted(TYPES) == sorted(file.stem for file in folder.glob("*.py") if file.stem != "__init__")
    for name, kind in TYPES.items():
        assert kind.__module__ == f"backtalk.blocks.{name}"
        assert kind.__name__ == "".join(part.title() for part in name.split("_")) + "Block"


ONE = """
from typing import Literal
from backtalk.engine.block import Block
class {name}(Block):
    type: Literal["{type}"] = "{type}"
"""


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("empty", "x = 1"),
        ("renamed", ONE.format(name="A", type="other")),
        ("doubled", ONE.format(name="A", type="doubled") + ONE.format(name="B", type="doubled")),
        ("borrowed", "from backtalk.blocks.text import TextBlock"),
    ],
)
def test_a_file_that_breaks_the_rule_stops_the_start_with_its_name(
    file: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f"{file}.py").write_text(code)
    monkeypatch.setattr(blocks, "__path__", [str(tmp_path)])
    with pytest.raises(ImportError, match=f"blocks/{file}.py"):
        blocks._load()


# --- documents


def test_a_document_becomes_a_bot() -> None:
    document = a_document(sequences={1: [text("a"), text("b")], 2: []}, keywords=[{"words": ["x"], "sequence": 2}])
    bot = read_bot(document, number=4)
    assert (bot.name, bot.number, list(bot.sequences)) == ("Shop", 4, [1, 2])
    assert [block.id for block in bot.sequences[1].blocks] == ["1.0", "1.1"]
    assert bot.triggers.keywords[0].match == "contains"
    assert to_bot(read_document(document), number=4) == bot


def test_the_smallest_document() -> None:
    assert read_bot({"name": "x"}).sequences == {}


def test_a_document_goes_through_json() -> None:
    blocks_of_all = [{**kind.example, "id": name} for name, kind in TYPES.items()]
    read = read_document(a_document(sequences={1: blocks_of_all}))
    assert Document.model_validate_json(read.model_dump_json(by_alias=True)) == read


@pytest.mark.parametrize("document", [None, [], "x", 5, True, b"{}"])
def test_n14_what_is_no_document(document: Any) -> None:
    (problem,) = problems(document)
    assert (problem.where, problem.severity) == (Where(path="$"), "error")


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"name": ""}, Where(field="name", path="$.name")),
        ({"name": 5}, Where(field="name", path="$.name")),
        ({"other": 5}, Where(field="other", path="$.other")),
        ({"a b": 5}, Where(field="a b", path='$["a b"]')),
        ({"triggers": {"welcome": "1"}}, Where(field="triggers.welcome", path="$.triggers.welcome")),
        (
            {"triggers": {"keywords": [{"words": "x", "sequence": 1}]}},
            Where(field="triggers.keywords.0.words", path="$.triggers.keywords[0].words"),
        ),
        (
            {"triggers": {"keywords": [{"words": []}]}},
            Where(field="triggers.keywords.0.sequence", path="$.triggers.keywords[0].sequence"),
        ),
        ({"sequences": 5}, Where(field="sequences", path="$.sequences")),
        ({"sequences": [5]}, Where(field="sequences.0", path="$.sequences[0]")),
        ({"sequences": [{"id": 3, "name": ""}]}, Where(3, None, "name", "$.sequences[0].name")),
        ({"sequences": [{"id": 3}]}, Where(3, None, "name", "$.sequences[0].name")),
        ({"sequences": [{"id": "3", "name": "x"}]}, Where(field="sequences.0.id", path="$.sequences[0].id")),
        ({"sequences": [{"id": 0, "name": "x"}]}, Where(0, None, "id", "$.sequences[0].id")),
        (
            {"sequences": [{"id": 3, "name": "x", "blocks": [5]}]},
            Where(3, None, "blocks.0", "$.sequences[0].blocks[0]"),
        ),
        ({"sequences": [{"id": 3, "name": "x", "blocks": {}}]}, Where(3, None, "blocks", "$.sequences[0].blocks")),
    ],
)
def test_the_place_of_a_problem(change: dict[str, Any], where: Where) -> None:
    assert problems({"name": "x", **change})[0].where == where


@pytest.mark.parametrize(
    ("block", "field"),
    [
        ({"type": "text", "text": 5}, "text"),
        ({"type": "text", "text": "x", "bogus": 1}, "bogus"),
        ({"type": "text", "on_failure": {"say": 5}}, "on_failure.say"),
        ({"type": "image", "media": {"api": "1"}}, "media.api"),
        ({"type": "image", "media": {"type": "pdf", "url": "x"}}, "media.type"),
        ({"type": "image", "media": {"api": 1, "url": "x"}}, "media.url"),
        ({"type": "gallery", "items": [{"api": 1}, {"title": 5}]}, "items.1.title"),
        (
            {"type": "gallery", "items": [{"title": "x", "buttons": [{"title": "x", "type": "call", "value": 1}]}]},
            "items.0.buttons.0.type",
        ),
        ({"type": "buttons", "buttons": [{"title": "x", "type": "url", "value": []}]}, "buttons.0.value"),
        ({"type": "buttons", "buttons": [{"api": 1, "title": "x"}]}, "buttons.0.title"),
        ({"type": "call_api"}, "api"),
        ({"type": "call_api", "api": True}, "api"),
        ({"type": "condition", "if": {"all": [{"attribute": "a", "op": "like"}]}}, "if.all.0.op"),
        ({"type": "condition", "if": {"all": [{"any": [{"op": "eq"}]}]}}, "if.all.0.any.0.attribute"),
        ({"type": "set_attributes", "attributes": {"a": []}}, "attributes.a"),
        ({"type": "set_attributes", "attributes": {"a{b": 1}}, "attributes.a{b"),
        ({"type": "delay", "seconds": 0}, "seconds"),
        ({"type": "delay", "seconds": float("nan")}, "seconds"),
    ],
)
def test_the_field_of_a_problem_of_a_block(block: dict[str, Any], field: str) -> None:
    found = problems(
        {
            "name": "x",
            "sequences": [{"id": 3, "name": "s", "blocks": [{"id": "ok", **text("x")}, {"id": "b", **block}]}],
        }
    )
    assert {(problem.where.sequence, problem.where.block, problem.where.field) for problem in found} == {
        (3, "b", field)
    }
    assert all(problem.message and problem.hint for problem in found)


def test_one_problem_for_each_place_even_where_several_kinds_are_allowed() -> None:
    (problem,) = problems(a_document({"type": "set_attributes", "attributes": {"a": []}}))
    assert "string" in problem.message
    assert "number" in problem.message


@pytest.mark.parametrize(
    "block", [{"type": "video"}, {}, {"type": None}, {"type": 5}, {"type": ["text"]}, {"type": "__init__"}]
)
def test_n14_an_unknown_type_names_the_known_ones(block: dict[str, Any]) -> None:
    (problem,) = problems(a_document(block))
    assert (problem.where.sequence, problem.where.block) == (1, "1.0")
    assert "text" in problem.hint


def test_p3_the_list_of_problems_is_bounded() -> None:
    assert len(problems(a_document(*[{"type": "text", "text": 5}] * 500))) == 100


@pytest.mark.parametrize(("sequences", "blocks_each"), [(2_001, 0), (1, 1_001)])
def test_n14_a_document_that_is_too_large(sequences: int, blocks_each: int) -> None:
    listed = {number: [text("x")] * blocks_each for number in range(1, sequences + 1)}
    assert problems(a_document(sequences=listed))[0].code == "too_long"


@pytest.mark.parametrize("depth", [6, 100, 300, 5_000])
def test_n14_conditions_that_are_too_deep(depth: int) -> None:
    group: dict[str, Any] = {"all": []}
    for _ in range(depth):
        group = {"all": [group]}
    (problem,) = problems(a_document({"type": "condition", "if": group}))
    assert (problem.where.block, (problem.where.field or "").split(".")[0]) == ("1.0", "if")


def test_n14_code_is_only_data() -> None:
    nasty = "__import__('os').system('x')"
    read = read_document(a_document(text(nasty), {"type": "set_attributes", "attributes": {"__class__": nasty}}))
    assert json.loads(read.model_dump_json())["sequences"][0]["blocks"][0]["text"] == nasty
    problems({"name": "x", "__class__": "Document"})


def test_ids_that_are_used_twice_are_named() -> None:
    document = {
        "name": "x",
        "sequences": [
            {"id": 1, "name": "a", "blocks": [{"id": "b", **text("x")}]},
            {"id": 1, "name": "b", "blocks": [{"id": "b", **text("x")}]},
        ],
    }
    assert [(problem.code, problem.where) for problem in problems(document)] == [
        ("double_id", Where(1, None, "id", "$.sequences[1].id")),
        ("double_id", Where(1, "b", "id", "$.sequences[1].blocks[0].id")),
    ]


# --- what keeps a bot from working


def codes(document: dict[str, Any], **more: Any) -> list[tuple[str, str | None, str]]:
    return [
        (problem.code, problem.where.field, problem.severity)
        for problem in problems_of(read_bot(document), apis={}, **more)
    ]


def test_a_bot_without_problems() -> None:
    assert codes(a_document(text("x"), keywords=[{"words": ["a"], "sequence": 1}])) == []


def test_a_bot_without_blocks() -> None:
    assert codes(a_document(sequences={1: []})) == [("empty", "sequences", "error")]


def test_missing_triggers_are_warnings() -> None:
    assert codes(a_document(text("x"), welcome=None, default=None)) == [
        ("no_welcome", "triggers.welcome", "warning"),
        ("no_default", "triggers.default", "warning"),
    ]


def test_triggers_of_sequences_that_do_not_exist() -> None:
    keywords = [{"words": [" "], "sequence": 1}, {"words": ["a"], "sequence": 8}]
    assert codes(a_document(text("x"), welcome=9, default=9, keywords=keywords)) == [
        ("unknown_sequence", "triggers.welcome", "error"),
        ("unknown_sequence", "triggers.default", "error"),
        ("blank", "triggers.keywords.0.words", "error"),
        ("unknown_sequence", "triggers.keywords.1.sequence", "error"),
    ]


def test_findings_of_blocks_name_sequence_and_block() -> None:
    bot = read_bot(a_document(sequences={1: [text("x")], 2: [text("<<api:7>>"), text(" ")]}))
    found = problems_of(bot, apis={1: ApiSummary("Orders", None)})
    assert [problem.where for problem in found] == [Where(2, "2.0", "text"), Where(2, "2.1", "text")]
    assert [problem.code for problem in found] == ["unknown_api", "blank"]
    assert all(problem.hint for problem in found)
