from __future__ import annotations

from typing import Any

import pytest

from backtalk.runtime import api_entry
from backtalk.runtime.references import Changes

USUAL = api_entry.settings_of(
    name="Stock",
    method="POST",
    url="https://x.example/",
    headers=[],
    params=[],
    output=None,
    timeout_s=5,
    on_failure=None,
    dialect="backtalk",
    mapping=None,
)


def read(entry: dict[str, Any]) -> tuple[dict[str, Any], list[str | None]]:
    changes = Changes({"Order": 2}.__getitem__, lambda api: api, lambda text: text)
    settings = api_entry.read(entry, 3, changes)
    return settings, [problem.where.path for problem in changes.problems]


def test_what_is_usual_is_left_out_and_comes_back() -> None:
    written = api_entry.written(USUAL, {})
    assert written == {"name": "Stock", "method": "POST", "url": "https://x.example/"}
    assert read(written) == (USUAL, [])


def test_a_fallback_names_its_sequence_and_drops_one_of_another_bot() -> None:
    settings = {**USUAL, "on_failure": {"say": "Oh", "sequence": 2}}
    assert api_entry.written(settings, {2: "Order"})["on_failure"] == {"say": "Oh", "sequence": "Order"}
    assert read(api_entry.written(settings, {2: "Order"})) == (settings, [])
    assert api_entry.written(settings, {})["on_failure"] == {"say": "Oh"}
    assert "on_failure" not in api_entry.written({**USUAL, "on_failure": {"sequence": 2}}, {})


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"url": None}, "$.apis[2].url"),
        ({"headers": {"X": "secret"}}, "$.apis[2].headers"),
        ({"headers": [{"name": "X", "value": "secret"}]}, "$.apis[2].headers[0]"),
        ({"params": [{"name": "x"}]}, "$.apis[2].params[0].value"),
        ({"output": "video"}, "$.apis[2].output"),
        ({"timeout_s": 0}, "$.apis[2].timeout_s"),
        ({"on_failure": "sorry"}, "$.apis[2].on_failure"),
        ({"dialect": "klingon"}, "$.apis[2].dialect"),
        ({"id": 7}, "$.apis[2].id"),
    ],
)
def test_n14_a_wrong_entry_is_a_problem_with_its_place(more: dict[str, Any], path: str) -> None:
    assert read({"name": "Stock", "url": "https://x.example/", **more}) == ({}, [path])


def test_numbers_as_values_of_parameters_become_texts() -> None:
    settings, problems = read({"name": "A", "url": "https://x.example/", "params": [{"name": "n", "value": 2}]})
    assert (settings["params"], problems) == ([{"name": "n", "value": "2"}], [])
