from __future__ import annotations

from typing import Any

import pytest

from backtalk.blocks import TYPES
from backtalk.runtime.references import Changes, Unknown, apis_used, renumbered, replaced
from tests.support.house import document


def test_every_reference_is_renumbered_and_nothing_else() -> None:
    def bot(a: int, b: int, api: int) -> dict[str, Any]:
        blocks: list[dict[str, Any]] = [
            {"type": "text", "text": f"\\<<api:{api}>> <<Name>> <<api:x>>", "on_failure": {"say": "s", "sequence": b}},
            {"type": "image", "media": {"api": api}},
            {"type": "image", "media": {"type": "image", "url": "https://x.example/<<api:1>>"}},
            {"type": "gallery", "items": [{"title": "t", "buttons": [{"type": "sequence", "value": a}]}, {"api": api}]},
            {"type": "buttons", "buttons": [{"type": "phone", "value": "1"}, {"type": "url", "value": "2"}]},
            {"type": "quick_replies", "replies": [{"type": "sequence", "value": b}]},
            {"type": "condition", "if": {"all": [{"attribute": "api", "value": 1}]}, "then": a, "else": None},
            {"type": "set_attributes", "attributes": {"api": 1, "sequence": 1, "x": {"type": "sequence", "value": 1}}},
            {"type": "ask", "text": "<<api:1>>", "retry": "<<api:1>>"},
        ]
        made = document(blocks, [], welcome=a, default=b, keywords=[{"words": ["1"], "sequence": a}])
        for sequence, number in zip(made["sequences"], (a, b), strict=True):
            sequence["id"] = number
        for index, block in enumerate(made["sequences"][0]["blocks"]):
            block["id"] = f"b{index}"
        return made

    assert renumbered(bot(1, 2, 1), sequences={1: 11, 2: 12}, apis={1: 21}) == bot(11, 12, 21)
    assert apis_used(bot(1, 2, 21)) == {21}


def test_what_leads_nowhere_is_a_problem_with_its_place_and_stays() -> None:
    def unknown(value: Any) -> Any:
        raise Unknown(f"no {value}", "hint")

    bot = document([{"type": "go_to", "sequence": 1}, {"type": "call_api", "api": 2}], welcome=3, default=None)
    changes = Changes(unknown, unknown, lambda text: text)
    assert replaced(bot, changes) == bot
    assert [(problem.message, problem.where.path) for problem in changes.problems] == [
        ("no 3", "$.triggers.welcome"),
        ("no 1", "$.sequences[0].blocks[0].sequence"),
        ("no 2", "$.sequences[0].blocks[1].api"),
    ]


@pytest.mark.parametrize("name", TYPES)
def test_the_references_of_every_block_type_are_known_by_their_words(name: str) -> None:
    """A new block type that refers to an API must use the words that this module knows."""
    example = TYPES[name].model_validate(TYPES[name].example)
    assert apis_used(document([TYPES[name].example])) == set(example.apis())
