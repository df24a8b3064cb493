"""The test console: a real call with all that came of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from backtalk.errors import NotFound, PlanRequired
from backtalk.runtime.api_test import TestedBy, test_api
from backtalk.storage import attributes, customers, workspaces
from backtalk.storage.database import Database
from tests.support.backend import Backend, backend
from tests.support.house import House, house

CANARY = "canary-91c2-secret"
NOBODY = TestedBy()
CARD = {"title": "Lamp", "image": "https://example.com/l.png"}
BUTTON = {"title": "More", "type": "url", "value": "https://example.com/"}


@pytest.fixture
async def shop() -> AsyncIterator[Backend]:
    async with backend() as listening:
        yield listening


@pytest.fixture
async def home(database: Database, shop: Backend) -> AsyncIterator[House]:
    async with house(database, shop.place) as made:
        yield made


async def _tested(home: House, shop: Backend, answer: Any, by: TestedBy = NOBODY, **settings: Any) -> dict[str, Any]:
    shop.answers["/api"] = answer
    api_id = await home.add_api(f"API {len(shop.asked)}", shop.url("/api"), **settings)
    return await test_api(home.services, home.workspace_id, api_id, by)


@pytest.mark.parametrize(
    ("output", "data", "message"),
    [
        ("text", "On its way", {"type": "text", "text": "On its way"}),
        (
            "image",
            {"type": "image", "url": "https://example.com/a.png"},
            {"type": "image", "url": "https://example.com/a.png"},
        ),
        ("gallery", [CARD], {"type": "gallery", "items": [{**CARD, "buttons": []}]}),
        ("buttons", [BUTTON], {"type": "buttons", "text": "", "buttons": [BUTTON]}),
        ("quick_replies", [BUTTON], {"type": "quick_replies", "text": "", "replies": [BUTTON]}),
    ],
)
async def test_a_good_answer_is_shown_as_a_customer_would_see_it(
    home: House, shop: Backend, output: str, data: Any, message: dict[str, Any]
) -> None:
    answer = {"data": data, "success": True, "message": "fine", "status": 200, "attributes": {"plan": "gold"}}
    tested = await _tested(home, shop, answer, output=output)
    assert (tested["outcome"], tested["http_status"], tested["problems"]) == ("ok", 200, [])
    assert tested["messages"] == [message]
    assert tested["attributes"] == {"plan": "gold"}
    assert (tested["reply"]["message"], tested["reply"]["status"]) == ("fine", 200)
    assert '"success":true' in tested["response"]["body"]


async def test_nothing_to_show_is_no_problem(home: House, shop: Backend) -> None:
    tested = await _tested(home, shop, {"success": True, "data": ""}, output="text")
    assert (tested["outcome"], tested["messages"], tested["problems"]) == ("ok", [], [])


async def test_what_is_not_json_is_shown_with_line_and_column(home: House, shop: Backend) -> None:
    tested = await _tested(home, shop, b'{\n  "data": oops\n}', output="text")
    first = tested["problems"][0]
    assert tested["outcome"] == "invalid_json"
    assert (first["line"], first["column"]) == (2, 11)
    assert first["message"]
    assert len([problem for problem in tested["problems"] if problem["line"]]) == 1


async def test_a_wrong_shape_is_shown_with_its_path(home: House, shop: Backend) -> None:
    tested = await _tested(home, shop, {"success": True, "data": {"a": 1}}, output="text")
    assert (tested["outcome"], tested["problems"][0]["path"]) == ("bad_shape", "$.data")


async def test_dropped_items_and_protected_names_are_problems_with_paths(home: House, shop: Backend) -> None:
    bad = {"title": "x", "type": "url", "value": "javascript:alert(1)"}
    answer = {"success": True, "data": [BUTTON, bad], "attributes": {"uid": 5, "plan": "gold"}}
    tested = await _tested(home, shop, answer, output="buttons")
    assert tested["messages"][0]["buttons"] == [BUTTON]
    assert tested["attributes"] == {"plan": "gold"}
    assert [problem["path"] for problem in tested["problems"]] == ["$.data[1].value", '$.attributes["uid"]']


async def test_an_error_status_is_shown(home: House, shop: Backend) -> None:
    tested = await _tested(home, shop, (500, b"{}"), output="text")
    assert (tested["outcome"], tested["http_status"]) == ("bad_status", 500)
    assert "500" in tested["problems"][0]["message"]


@pytest.mark.parametrize("secret", [CANARY, 'with "quotes" and \\ in it', "5432", "Bearer 98761234"])
async def test_k01_an_echoed_secret_is_masked_everywhere(home: House, shop: Backend, secret: str) -> None:
    bare = secret.rpartition(" ")[2] if secret.startswith("Bearer") else secret
    answer = {
        "success": True,
        "data": f"your secret is {secret}",
        "message": secret,
        "status": 5432,
        "attributes": {f"key {secret}": {"deep": [secret]}},
    }
    tested = await _tested(home, shop, answer, output="text", headers=[("Authorization", secret)])
    assert shop.asked[-1].headers["authorization"] == secret
    assert tested["outcome"] == "ok"
    shown = {name: value for name, value in tested.items() if name not in ("reply", "call_id", "ms")}
    assert bare not in repr(shown)
    assert bare not in tested["reply"]["message"] + tested["reply"]["data"]
    assert tested["reply"]["status"] == 5432
    for row in await home.calls():
        assert bare not in repr(replace(row, reply_status=None, response={}))


async def test_a_stored_customer_is_sent_and_not_changed(home: House, shop: Backend) -> None:
    talk = await home.open(first_name="Ada", email="ada@example.com")
    customer_id = talk.opened.customer_id
    by = TestedBy(customer_id=customer_id, values={"last_message_text": "42", "city": "Rome", "uid": 9})
    await _tested(home, shop, {"success": True, "data": "x", "attributes": {"plan": "gold"}}, by, output="text")
    body = shop.asked[-1].json()
    assert (body["uid"], body["first_name"], body["email"]) == (customer_id, "Ada", "ada@example.com")
    assert (body["last_message_text"], body["city"], body["platform_id"]) == ("42", "Rome", home.channel.id)
    stored = await home.services.database.read(lambda tx: customers.get(tx, home.workspace_id, customer_id))
    assert stored.customer.attributes == {}
    assert await home.services.database.read(lambda tx: attributes.names(tx, workspace_id=home.workspace_id)) == []


async def test_somebody_made_up_is_sent_whole(home: House, shop: Backend) -> None:
    await _tested(home, shop, {"success": True}, TestedBy(values={"first_name": "Ada", "timezone": 6}))
    body = shop.asked[-1].json()
    assert (body["uid"], body["platform_id"], body["full_name"], body["timezone"]) == (0, home.channel.id, "Ada", 6.0)
    assert body["last_message_time"] == ""


async def test_k14_get_sends_no_customer(home: House, shop: Backend) -> None:
    by = TestedBy(values={"first_name": "Ada"})
    tested = await _tested(home, shop, {"success": True}, by, method="GET", params=[("source", "chat")])
    assert shop.asked[-1].body == b""
    assert "Ada" not in repr(tested["request"])


async def test_p11_every_test_is_logged_as_a_test(home: House, shop: Backend) -> None:
    talk = await home.open()
    tested = await _tested(home, shop, {"success": False}, TestedBy(customer_id=talk.opened.customer_id))
    (row,) = await home.calls()
    assert (row.id, row.test, row.outcome) == (tested["call_id"], True, "declined")
    assert (row.customer_id, row.conversation_id) == (talk.opened.customer_id, None)


async def test_a_free_plan_calls_nobody(home: House, shop: Backend) -> None:
    await home.services.database.write(lambda tx: workspaces.set_plan(tx, home.workspace_id, "free"))
    with pytest.raises(PlanRequired):
        await _tested(home, shop, {"success": True})
    assert shop.asked == []


@pytest.mark.parametrize("by", [TestedBy(customer_id=99), TestedBy(channel_id=99)])
async def test_a01_strangers_are_not_found(home: House, shop: Backend, by: TestedBy) -> None:
    with pytest.raises(NotFound):
        await _tested(home, shop, {"success": True}, by)
    assert shop.asked == []


async def test_a_secret_that_is_a_common_word_leaves_the_names_in_the_answer_alone(home: House, shop: Backend) -> None:
    answer = {"data": "hello", "success": True, "attributes": {"text": {"text": 1}}}
    tested = await _tested(home, shop, answer, output="text", headers=[("X-Secret-Token", "text")])
    assert tested["messages"][0]["text"] == "hello"
    assert tested["attributes"] == {"•••": {"•••": 1}}
