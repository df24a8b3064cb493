"""The published documents on the command line."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from backtalk.cli.schema import NAMES
from tests.cli.conftest import Run


@pytest.mark.parametrize("name", [name for name in NAMES if name != "openapi"])
def test_a_schema_is_a_valid_schema_and_accepts_its_examples(run: Run, name: str) -> None:
    schema = json.loads(run("schema", name).stdout)
    Draft202012Validator.check_schema(schema)
    assert schema["examples"]
    for example in schema["examples"]:
        Draft202012Validator(schema).validate(example)


def test_the_management_api_is_described(run: Run) -> None:
    document = json.loads(run("schema", "openapi").stdout)
    assert document["openapi"].startswith("3.")
    assert "/bots/{bot_id}/publish" in document["paths"] or "/bots/{id}/publish" in document["paths"]
