from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.http.site import Site
from tests.support.backend import Backend, backend
from tests.support.house import document
from tests.support.shop import HELLO, V1, add_customer, add_shop, ok

STARTED = {"event": {"kind": "started"}}


@pytest.fixture
async def shop_backend() -> AsyncIterator[Backend]:
    async with backend() as listening:
        yield listening


def counts(site: Site) -> dict[str, int]:
    """Rows of every table."""
    with sqlite3.connect(site.services.database.path) as raw:
        names = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {name: raw.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}  # noqa: S608 - ours
    raw.close()
    return found


async def test_a_whole_conversation_is_tried_out_and_nothing_is_stored(site: Site) -> None:
    ask = {"type": "ask", "text": "Number?", "save_as": "number", "input": "number"}
    shop = await add_shop(site.own.admin, site.own.id, [HELLO, ask, {"type": "text", "text": "{{number}}, {{vip}}"}])
    before = counts(site)
    place = f"{V1}/bots/{shop.bot_id}/preview"
    customer = {"first_name": "Ann", "attributes": {"vip": True}}
    first = ok(await site.own.editor.post(place, {**STARTED, "customer": customer}))
    assert [message["text"] for message in first["messages"]] == ["Hello Ann", "Number?"]
    assert first["attributes"] == {"vip": True}
    said = {"event": {"kind": "said", "text": "42"}, "state": first["state"]}
    second = ok(await site.own.editor.post(place, said))
    assert [message["text"] for message in second["messages"]] == ["42, true"]
    assert second["attributes"] == {"vip": True, "number": 42}
    changed = ok(await site.own.editor.post(place, {**said, "customer": {"attributes": {"vip": None}}}))
    assert [message["text"] for message in changed["messages"]] == ["42, "]
    assert counts(site) == before


async def test_a_document_that_is_sent_is_tried_instead_of_the_draft(site: Site) -> None:
    shop = await add_shop(site.own.admin, site.own.id)
    place = f"{V1}/bots/{shop.bot_id}/preview"
    sent = {**STARTED, "document": document([{"type": "text", "text": "Another"}])}
    assert [m["text"] for m in ok(await site.own.editor.post(place, sent))["messages"]] == ["Another"]
    refused = await site.own.editor.post(place, {**STARTED, "document": {"name": "x", "sequences": 7}})
    assert refused.status == 422


async def test_a_real_customer_plays_along_and_is_not_changed(site: Site) -> None:
    save = {"type": "set_attributes", "attributes": {"vip": True}}
    shop = await add_shop(site.own.admin, site.own.id, [HELLO], [save])
    opened = await add_customer(site.services, shop, first_name="Ann")
    customer = f"{V1}/customers/{opened.customer_id}"
    before = ok(await site.own.viewer.get(customer))
    sent = {"event": {"kind": "sequence_sent", "sequence": 2}, "customer": {"id": opened.customer_id}}
    assert ok(await site.own.editor.post(f"{V1}/bots/{shop.bot_id}/preview", sent))["attributes"] == {"vip": True}
    assert ok(await site.own.viewer.get(customer)) == before


async def test_apis_are_really_called_and_logged_as_tests(site: Site, shop_backend: Backend) -> None:
    shop = await add_shop(site.own.admin, site.own.id)
    site.services.policy.__init__([shop_backend.place])  # type: ignore[misc] # the fixture's policy cannot know the port
    shop_backend.answers["/stock"] = {"success": True, "data": "3 left", "attributes": {"stock": 3}}
    form = {"name": "Stock", "method": "POST", "url": shop_backend.url("/stock")}
    api = ok(await site.own.editor.post(f"{V1}/apis", form), 201)
    sent = {**STARTED, "document": document([{"type": "text", "text": f"<<api:{api['id']}>>"}])}
    seen = ok(await site.own.editor.post(f"{V1}/bots/{shop.bot_id}/preview", sent))
    assert [message["text"] for message in seen["messages"]] == ["3 left"]
    (call,) = [entry for entry in seen["trace"] if entry["kind"] == "call"]
    logged = ok(await site.own.editor.get(f"{V1}/calls/{call['call_id']}"))
    assert (logged["test"], logged["api_id"], logged["outcome"], logged["customer_id"]) == (True, api["id"], "ok", None)
    asked = len(shop_backend.asked)
    forced = {**sent, "outcomes": {str(api["id"]): "timeout"}}
    seen = ok(await site.own.editor.post(f"{V1}/bots/{shop.bot_id}/preview", forced))
    assert [entry["outcome"] for entry in seen["trace"] if entry["kind"] == "call"] == ["timeout"]
    assert len(shop_backend.asked) == asked


async def test_e25_a_preview_calls_no_forbidden_address(site: Site) -> None:
    shop = await add_shop(site.own.admin, site.own.id)
    form = {"name": "Nine", "method": "GET", "url": "http://127.0.0.1:9/"}
    api = ok(await site.own.editor.post(f"{V1}/apis", form), 201)
    site.services.policy.__init__([])  # type: ignore[misc] # it was allowed when it was saved
    sent = {**STARTED, "document": document([{"type": "text", "text": f"x<<api:{api['id']}>>"}])}
    seen = ok(await site.own.editor.post(f"{V1}/bots/{shop.bot_id}/preview", sent))
    assert [entry["outcome"] for entry in seen["trace"] if entry["kind"] == "call"] == ["blocked_address"]


async def test_a01_another_workspaces_api_and_customer_are_not_there(site: Site) -> None:
    own, other = await add_shop(site.own.admin, site.own.id), await add_shop(site.other.admin, site.other.id)
    form = {"name": "Nine", "method": "GET", "url": "http://127.0.0.1:9/"}
    api = ok(await site.other.editor.post(f"{V1}/apis", form), 201)
    opened = await add_customer(site.services, other)
    place = f"{V1}/bots/{own.bot_id}/preview"
    sent = {**STARTED, "document": document([{"type": "text", "text": f"x<<api:{api['id']}>>"}])}
    seen = ok(await site.own.editor.post(place, sent))
    (call,) = [entry for entry in seen["trace"] if entry["kind"] == "call"]
    assert (call["outcome"], "Nine" in call["message"]) == ("not_allowed", False)
    for customer_id in (opened.customer_id, 999):
        assert (await site.own.editor.post(place, {**STARTED, "customer": {"id": customer_id}})).status == 404


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "$.event"),
        ({"event": {"kind": "nope"}}, "$.event"),
        ({"event": {"kind": "said"}}, "$.event.said.text"),
        ({"event": {"kind": "pressed", "button": {"title": "x", "type": "js"}}}, "$.event.pressed.button.type"),
        ({**STARTED, "outcomes": {"1": "sunshine"}}, "$"),
        ({**STARTED, "outcomes": {"x": "ok"}}, "$.outcomes.x.[key]"),
        ({**STARTED, "channel_type": "pigeon"}, "$.channel_type"),
        ({**STARTED, "state": {"a": 1}}, "$.state"),
        ({**STARTED, "customer": {"attributes": {"uid": 7}}}, "$.customer.attributes.uid"),
        ({**STARTED, "workspace_id": 2}, "$.workspace_id"),
    ],
)
async def test_what_is_no_preview_gets_422_with_its_place(site: Site, body: Any, path: str) -> None:
    shop = await add_shop(site.own.admin, site.own.id)
    refused = await site.own.editor.post(f"{V1}/bots/{shop.bot_id}/preview", body)
    assert refused.status == 422
    assert [problem["where"].get("path") for problem in refused.json()["problems"]] == [path]
