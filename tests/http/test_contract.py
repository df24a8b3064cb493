"""The published schemas."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from backtalk.backend.contract import schemas
from backtalk.http.contract import NAMES
from tests.http.site import Site


@pytest.mark.parametrize("name", NAMES)
async def test_every_schema_is_public_and_fits_its_own_example(site: Site, name: str) -> None:
    reply = await site.anybody.get(f"/api/v1/contract/{name}.json")
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/schema+json"
    schema = reply.json()
    Draft202012Validator.check_schema(schema)
    for example in schema["examples"]:
        Draft202012Validator(schema).validate(example)


def test_no_schema_is_forgotten() -> None:
    assert set(NAMES) == set(schemas())


async def test_another_name_is_not_found(site: Site) -> None:
    reply = await site.anybody.get("/api/v1/contract/nothing.json")
    assert reply.status == 404
    assert "quick_replies" in reply.json()["detail"]
