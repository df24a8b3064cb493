from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtalk.errors import Invalid
from backtalk.runtime import api_entry, bot_file
from backtalk.runtime.references import apis_used, renumbered

STOCK = api_entry.settings_of(
    name="Stock",
    method="POST",
    url="https://shop.example/stock",
    headers=["X-Token"],
    params=[("sku", "{{sku}}")],
    output="text",
    timeout_s=2.5,
    on_failure={"say": "Later, please.", "sequence": 3},
    dialect="backtalk",
    mapping=None,
)


def block(**fields: Any) -> dict[str, Any]:
    return {"id": "b1", "type": "text", **fields}


def bot(*blocks: dict[str, Any], names: tuple[str, ...] = ("Welcome", "Order")) -> dict[str, Any]:
    ids = range(1, 2 * len(names), 2)
    return {
        "name": "Shop",
        "triggers": {
            "welcome": 1,
            "default": None,
            "keywords": [{"words": ["order", "no", "2020-01-01"], "match": "exact", "sequence": 3}],
        },
        "sequences": [
            {"id": number, "name": name, "blocks": list(blocks) if number == 1 else []}
            for number, name in zip(ids, names, strict=True)
        ],
    }


def back(text: str, document: dict[str, Any], apis: list[int]) -> dict[str, Any]:
    """What a file gives when it is read into the bot that it came from."""
    file = bot_file.read(text.encode())
    sequences = {number: sequence["id"] for number, sequence in enumerate(document["sequences"], 1)}
    return renumbered(file.document, sequences=sequences, apis=dict(enumerate(apis, 1)))


EVERY_REFERENCE = bot(
    block(id="t", text="Left: <<api:7>>, \\<<api:7>> and <<Stock>>", on_failure={"say": "Oh", "sequence": 3}),
    {"id": "i", "type": "image", "media": {"api": 7}},
    {
        "id": "g",
        "type": "gallery",
        "items": [{"title": "A", "buttons": [{"title": "b", "type": "sequence", "value": 3}]}],
    },
    {"id": "b", "type": "buttons", "text": "?", "buttons": [{"api": 7}, {"title": "u", "type": "url", "value": "3"}]},
    {"id": "q", "type": "quick_replies", "text": "?", "replies": [{"title": "b", "type": "sequence", "value": 1}]},
    {
        "id": "c",
        "type": "condition",
        "if": {"all": [{"attribute": "then", "op": "eq", "value": 1}]},
        "then": 3,
        "else": None,
    },
    {"id": "s", "type": "set_attributes", "attributes": {"sequence": 1, "api": 7, "then": 3}},
    {"id": "o", "type": "go_to", "sequence": 1},
    {"id": "a", "type": "call_api", "api": 7},
)


def test_what_was_written_is_read_back_the_same_and_written_again_byte_for_byte() -> None:
    text = bot_file.write(EVERY_REFERENCE, {7: STOCK})
    document = back(text, EVERY_REFERENCE, [7])
    assert json.dumps(document) == json.dumps(EVERY_REFERENCE)
    assert bot_file.write(document, {7: STOCK}) == text


def test_a_file_holds_names_instead_of_ids_and_no_secret() -> None:
    text = bot_file.write(EVERY_REFERENCE, {7: STOCK})
    assert "text: 'Left: <<Stock>>, \\\\<<Stock>> and \\<<Stock>>'" in text
    assert "sequence: Order" in text
    assert "else: null" in text
    assert "api:7" not in text
    assert "- X-Token" in text


def test_an_api_is_read_with_its_settings() -> None:
    file = bot_file.read(bot_file.write(EVERY_REFERENCE, {7: STOCK}).encode())
    assert file.apis == {1: {**STOCK, "on_failure": {"say": "Later, please.", "sequence": 2}}}


def test_names_that_are_shared_or_cannot_stand_in_a_token_get_a_ref() -> None:
    document = bot(
        block(text="<<api:7>> <<api:8>>"),
        {"id": "o", "type": "go_to", "sequence": 3},
        names=("Same", "Same", "Same (2)"),
    )
    apis = {7: {**STOCK, "name": "a>>b", "on_failure": None}, 8: {**STOCK, "name": "ab", "on_failure": None}}
    text = bot_file.write(document, apis)
    assert "ref: Same (3)" in text
    assert "ref: ab (2)" in text
    order = [apis[api]["name"] for api in (7, 8)]
    ids = [7 if name == "a>>b" else 8 for name in (bot_file.read(text.encode()).apis[n]["name"] for n in (1, 2))]
    assert sorted(order) == ["a>>b", "ab"]
    assert back(text, document, ids) == document


@given(st.text(alphabet="<>\\api:17 Stock\n{}", max_size=60))
def test_any_text_survives(text: str) -> None:
    document = bot(block(text=text))
    try:
        written = bot_file.write(
            document, {7: {**STOCK, "on_failure": None}, 1: {**STOCK, "name": "One", "on_failure": None}}
        )
    except Invalid:
        return  # it refers to an API that is not there
    ids = [{"Stock": 7, "One": 1}[api["name"]] for api in bot_file.read(written.encode()).apis.values()]
    read = back(written, document, ids)["sequences"][0]["blocks"][0]["text"]
    assert apis_used(back(written, document, ids)) == apis_used(document)
    assert "".join(read.split()) == "".join(text.split())  # blanks inside a token are not kept


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53), 2**53)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=8), inner, max_size=3
            )
        ),
        max_leaves=8,
    )
)
def test_any_json_in_a_block_survives(value: Any) -> None:
    document = bot({"id": "s", "type": "set_attributes", "attributes": {"x": value}})
    written = bot_file.write(document, {})
    assert json.dumps(back(written, document, [])) == json.dumps(document)


def test_a_dangling_reference_is_refused_with_its_place() -> None:
    with pytest.raises(Invalid) as caught:
        bot_file.write(bot(block(text="<<api:9>>"), {"id": "o", "type": "go_to", "sequence": 99}), {})
    assert [(problem.where.block, problem.where.field) for problem in caught.value.problems] == [
        ("b1", "text"),
        ("o", "sequence"),
    ]


HEAD = "backtalk: 1\nname: X\nsequences:\n  - name: A\n    blocks:\n"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (HEAD + "      - {id: b, type: go_to, sequence: B}\n", "$.sequences[0].blocks[0].sequence"),
        (HEAD + "      - {id: b, type: go_to, sequence: 1}\n", "$.sequences[0].blocks[0].sequence"),
        (HEAD + "      - {id: b, type: call_api, api: 7}\n", "$.sequences[0].blocks[0].api"),
        (HEAD + "      - {id: b, type: text, text: 'a <<Nope>>'}\n", "$.sequences[0].blocks[0].text"),
        (HEAD + "      - {id: b, type: text, text: 'a \\<<api:7>>'}\n", "$.sequences[0].blocks[0].text"),
        (HEAD + "      - {id: b, type: image, media: {api: Nope}}\n", "$.sequences[0].blocks[0].media.api"),
        ("backtalk: 1\nname: X\ntriggers: {welcome: 1}\nsequences: []\n", "$.triggers.welcome"),
        ("backtalk: 1\nname: X\nsequences: [{name: A}, {name: A}]\n", "$.sequences[1].name"),
        ("backtalk: 1\nname: X\nsequences: [{name: A, id: 4}]\n", "$.sequences[0].id"),
        ("backtalk: 1\nname: X\nsequences: []\nworkspace_id: 2\n", "$.workspace_id"),
        ("backtalk: 1\nname: X\nsequences: []\napis: [{name: A, id: 3}]\n", "$.apis[0].id"),
        ("backtalk: 2\nname: X\nsequences: []\n", "$.backtalk"),
        ("backtalk: 1\nsequences: []\n", "$.name"),
        ("backtalk: 1\nname: X\nsequences: 3\n", "$.sequences"),
        ("backtalk: 1\nname: X\nsequences: [3]\n", "$.sequences[0]"),
        ("backtalk: 1\nname: X\nsequences: [{name: A, blocks: 3}]\n", "$.sequences[0]"),
        ("- 1\n", None),
        ("", None),
    ],
)
def test_n14_ids_and_unknown_names_are_refused_with_their_place(text: str, path: str | None) -> None:
    with pytest.raises(Invalid) as caught:
        bot_file.read(text.encode())
    assert path in [problem.where.path for problem in caught.value.problems]
    assert all(problem.hint for problem in caught.value.problems)
