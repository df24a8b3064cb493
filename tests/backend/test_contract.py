"""The published contract: models, schemas and examples say the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from backtalk.backend import contract
from backtalk.backend.contract import SchemaName
from backtalk.backend.reply import read_reply
from backtalk.engine.customer import (
    DOCUMENTED_NAMES,
    MAX_ATTRIBUTE_BYTES,
    MAX_ATTRIBUTE_NAME_CHARS,
    MAX_ATTRIBUTES_PER_REPLY,
    PROTECTED_NAMES,
)
from backtalk.engine.messages import Button, Card, Media
from backtalk.engine.reply import ApiReply, Outcome, Shape
from backtalk.exchange import HttpReply

NAMES: tuple[SchemaName, ...] = get_args(SchemaName)
SHAPES: tuple[Shape, ...] = get_args(Shape)


def validator(name: SchemaName) -> Draft202012Validator:
    return Draft202012Validator(contract.schemas()[name])


@pytest.mark.parametrize("name", NAMES)
def test_section_7_each_schema_is_draft_2020_12_with_title_description_and_example(name: SchemaName) -> None:
    schema = contract.schemas()[name]
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"]
    assert schema["description"]
    assert schema["examples"] == [contract.example(name)]
    json.dumps(schema, allow_nan=False)


@pytest.mark.parametrize("name", NAMES)
def test_section_7_each_example_fits_its_schema(name: SchemaName) -> None:
    validator(name).validate(contract.example(name))


@pytest.mark.parametrize("name", NAMES)
def test_every_field_has_a_description_or_a_telling_name(name: SchemaName) -> None:
    schema = contract.schemas()[name]
    plain = {"first_name", "last_name", "full_name", "gender", "locale", "language", "phone", "email"}
    for model in (schema, *schema.get("$defs", {}).values()):
        for field, rule in model["properties"].items():
            assert "description" in rule or field in plain, field


def test_section_3_the_request_example_has_every_documented_key_and_one_attribute() -> None:
    assert set(contract.example("request")) - DOCUMENTED_NAMES == {"plan"}
    assert set(contract.schemas()["request"]["required"]) == DOCUMENTED_NAMES


LINK = Button("Hello World", "url", "https://getalice.ai/", "extra payload")
SHOWN: dict[Shape, Any] = {
    "text": "text",
    "image": Media("image", "https://amazon.com/pic.png"),
    "gallery": (Card("Hello World", "Hello World", "https://amazon.com/pic.png", "https://getalice.ai/", (LINK,)),),
    "buttons": (LINK,),
    "quick_replies": (LINK,),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_section_5_each_example_is_read_without_a_note(shape: Shape) -> None:
    body = json.dumps(contract.example(shape)).encode()
    reply = read_reply(shape, HttpReply(200, (("Content-Type", "application/json"),), body, 1))
    assert reply == ApiReply(SHOWN[shape], {"plan": "gold"}, (), "Successful", 200)


@pytest.mark.parametrize(
    ("shape", "data"),
    [
        ("text", 5),
        ("image", {"type": "picture", "url": "https://a.example/"}),
        ("image", {"type": "image", "url": "ftp://a.example/"}),
        ("buttons", [{"title": "x", "type": "url", "value": "javascript:alert(1)"}]),
        ("buttons", [{"title": "x", "type": "url"}]),
        ("buttons", [{"title": " ", "type": "basic"}]),
        ("buttons", [{"title": "x", "type": "sequence", "value": "twelve"}]),
        ("buttons", [{"title": "x", "type": "phone", "value": "call me"}]),
        ("quick_replies", [{"title": "x", "type": "phone", "value": "+4912345"}]),
        ("gallery", [{"subtitle": "no title"}]),
        ("gallery", [{"title": "x", "image": "data:image/png;base64,AA"}]),
        ("gallery", [{"title": "x", "buttons": [{"title": "x", "type": "phone", "value": "+4912345"}]}]),
        ("gallery", [{"title": "x"}] * (contract.MAX_ITEMS + 1)),
    ],
)
def test_schema_and_model_refuse_the_same(shape: Shape, data: Any) -> None:
    envelope = {**contract.example(shape), "data": data}
    assert not validator(shape).is_valid(envelope)
    with pytest.raises(ValidationError):
        contract.REPLIES[shape].model_validate(envelope)


@pytest.mark.parametrize(
    ("shape", "data"),
    [
        ("text", None),
        ("image", {"type": "video", "url": "http://a.example/film.mp4"}),
        ("buttons", []),
        ("buttons", [{"title": "x", "type": "sequence", "value": "12"}, {"title": "y", "type": "basic"}]),
        ("buttons", [{"title": "x", "type": "phone", "value": "+49 (30) 123-45"}]),
        ("quick_replies", [{"title": "x", "type": "sequence", "value": 12, "extra": None, "more": 1}]),
        ("gallery", [{"title": "x", "subtitle": None, "image": "", "url": None, "buttons": None}]),
    ],
)
def test_schema_and_model_accept_the_same(shape: Shape, data: Any) -> None:
    envelope = {"data": data, "success": True, "status": "200", "unknown": {}}
    validator(shape).validate(envelope)
    contract.REPLIES[shape].model_validate(envelope)


@pytest.mark.parametrize(
    ("value", "number"),
    [(7, 7), ("7", 7), ("007", 7), (True, None), ("", None), ("-1", None), ("٣", None), (7.5, None), ("9" * 19, None)],
)
def test_whole_number(value: object, number: int | None) -> None:
    assert contract.whole_number(value) == number


PAGE = (Path(__file__).parents[2] / "docs" / "backend-contract.md").read_text()


def test_the_page_shows_the_examples() -> None:
    shown = {
        name: json.loads(block) for name, block in re.findall(r"<!-- (\w+) -->\n```json\n(.*?)```", PAGE, re.DOTALL)
    }
    assert shown == {name: contract.example(name) for name in NAMES}
    assert PAGE.count("```json") == len(NAMES)


def test_the_page_explains_each_outcome_once_and_each_limit() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \|$", PAGE, re.MULTILINE)
    assert [row for row in rows if row in get_args(Outcome)] == list(get_args(Outcome))
    for limit in (
        contract.MAX_BODY_BYTES,
        contract.MAX_DEPTH,
        contract.MAX_ITEMS,
        contract.MAX_CARD_BUTTONS,
        MAX_ATTRIBUTES_PER_REPLY,
        MAX_ATTRIBUTE_NAME_CHARS,
        MAX_ATTRIBUTE_BYTES,
    ):
        assert re.search(rf"\b{limit}\b", PAGE)
    for name in PROTECTED_NAMES:
        assert f"`{name}`" in PAGE


def test_the_page_links_to_files_and_its_python_runs() -> None:
    for link in re.findall(r"\]\((\.\./[^)]+)\)", PAGE):
        assert (Path(__file__).parents[2] / "docs" / link).is_file(), link
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    written: dict[str, Any] = {}
    exec(compile(code, "backend-contract.md", "exec"), written)  # noqa: S102 - our own page
    written["test_answer"]()
