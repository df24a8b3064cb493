from __future__ import annotations

import asyncio
from typing import Any

import pytest

from backtalk.engine.events import Said
from backtalk.storage import attributes
from tests.http.site import Site
from tests.support.house import now
from tests.support.shop import V1, Shop, add_customer, add_shop, ok

CUSTOMERS = f"{V1}/customers"


async def texts(site: Site, conversation_id: int) -> list[str]:
    items = ok(await site.own.viewer.get(f"{V1}/conversations/{conversation_id}/messages"))["items"]
    return [f"{item['from']}: {item['text']}" for item in items]


async def say(site: Site, shop: Shop, conversation_id: int, text: str) -> None:
    await site.services.turns.take(
        workspace_id=shop.workspace_id,
        conversation_id=conversation_id,
        event=Said(now(), text),
        external_id=f"in:{text}",
    )


async def test_a_customer_is_shown_with_source_and_time_of_each_value(site: Site) -> None:
    shop = await add_shop(site.own.admin, site.own.id)
    opened = await add_customer(site.services, shop, first_name="Ann")
    place = f"{CUSTOMERS}/{opened.customer_id}"
    changes = {"email": " ann@x.example ", "timezone": 5.75, "attributes": {"vip": True, "tags": ["a", {"b": 1}]}}
    shown = ok(await site.own.editor.patch(place, changes))
    assert (shown["first_name"], shown["email"], shown["timezone"]) == ("Ann", "ann@x.example", 5.75)
    assert shown["attributes"] == {"vip": True, "tags": ["a", {"b": 1}]}
    assert {name: value["source"] for name, value in shown["sources"].items()} == dict.fromkeys(
        ("email", "timezone", "vip", "tags"), "management"
    )
    assert ok(await site.own.viewer.get(place)) == shown
    shown = ok(await site.own.editor.patch(place, {"email": "", "timezone": None, "attributes": {"tags": None}}))
    assert (shown["email"], shown["timezone"], shown["attributes"]) == ("", None, {"vip": True})
    assert shown["sources"].keys() == {"vip"}
    known = await site.services.database.read(lambda tx: attributes.names(tx, workspace_id=shop.workspace_id))
    assert set(known) == {"vip", "tags"}, "every POST to a backend carries them from now on"


async def test_what_the_bot_says_next_uses_what_was_changed(site: Site) -> None:
    shop = await add_shop(site.own.admin, site.own.id)
    opened = await add_customer(site.services, shop, first_name="Ann")
    ok(await site.own.editor.patch(f"{CUSTOMERS}/{opened.customer_id}", {"first_name": "Bea"}))
    ok(await site.own.editor.post(f"{CUSTOMERS}/{opened.customer_id}/send-sequence", {"sequence_id": 1}), 202)
    assert await texts(site, opened.conversation_id) == ["bot: Hello Ann", "bot: Hello Bea"]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"uid": 7}, "$.uid"),
        ({"id": 7}, "$.id"),
        ({"workspace_id": 2}, "$.workspace_id"),
        ({"created_at": "2020-01-01T00:00:00Z"}, "$.created_at"),
        ({"external_id": "user:boss"}, "$.external_id"),
        ({"last_message_text": "x"}, "$.last_message_text"),
        ({"attributes": {"uid": 7}}, "$.attributes.uid"),
        ({"attributes": {"bot_enabled": False}}, "$.attributes.bot_enabled"),
        ({"attributes": {"first_name": 7}}, "$.attributes.first_name"),
        ({"attributes": {"": 1}}, "$.attributes."),
        ({"attributes": {" a": 1}}, "$.attributes. a"),
        ({"attributes": {"x" * 129: 1}}, "$.attributes." + "x" * 129),
        ({"attributes": {"big": ["x" * 9_000]}}, "$.attributes.big"),
        ({"attributes": {str(n): n for n in range(101)}}, "$.attributes"),
        ({"attributes": []}, "$.attributes"),
        ({"timezone": 15}, "$.timezone"),
        ({"first_name": "x" * 501}, "$.first_name"),
    ],
)
async def test_a15_what_cannot_be_changed_gets_422_and_nothing_is_stored(site: Site, body: Any, path: str) -> None:
    shop = await add_shop(site.own.admin, site.own.id)
    opened = await add_customer(site.services, shop)
    place = f"{CUSTOMERS}/{opened.customer_id}"
    before = ok(await site.own.viewer.get(place))
    refused = await site.own.editor.patch(place, {"phone": "123", **body})
    assert refused.status == 422
    assert path in [problem["where"]["path"] for problem in refused.json()["problems"]]
    assert ok(await site.own.viewer.get(place)) == before


async def test_the_bot_is_silent_while_it_is_disabled_and_answers_again_afterwards(site: Site) -> None:
    shop = await add_shop(site.own.admin, site.own.id)
    opened = await add_customer(site.services, shop)
    place = f"{CUSTOMERS}/{opened.customer_id}"
    assert ok(await site.own.editor.patch(place, {"bot_enabled": False}))["bot_enabled"] is False
    await say(site, shop, opened.conversation_id, "anybody?")
    assert await texts(site, opened.conversation_id) == ["bot: Hello ", "customer: anybody?"]
    assert ok(await site.own.editor.patch(place, {"bot_enabled": True, "first_name": "Ann"}))["bot_enabled"] is True
    await say(site, shop, opened.conversation_id, "and now?")
    assert (await texts(site, opened.conversation_id))[-1] == "bot: Number?"


async def test_a_text_and_a_sequence_are_sent_into_the_conversation(site: Site) -> None:
    shop = await add_shop(site.own.admin, site.own.id)
    opened = await add_customer(site.services, shop)
    place = f"{CUSTOMERS}/{opened.customer_id}"
    answer = {"conversation_id": opened.conversation_id}
    assert ok(await site.own.editor.post(f"{place}/send-text", {"text": "It {{x}} <b>arrived</b>"}), 202) == answer
    assert ok(await site.own.editor.post(f"{place}/send-sequence", {"sequence_id": 2}), 202) == answer
    assert await texts(site, opened.conversation_id) == [
        "bot: Hello ",
        "bot: It {{x}} <b>arrived</b>",
        "bot: Number?",
    ]


async def test_what_cannot_be_sent_names_the_fix(site: Site) -> None:
    shop = await add_shop(site.own.admin, site.own.id)
    opened = await add_customer(site.services, shop)
    place = f"{CUSTOMERS}/{opened.customer_id}"
    for body in ({"text": " \n"}, {"text": "x" * 10_001}, {"text": None}, {}):
        assert (await site.own.editor.post(f"{place}/send-text", body)).status == 422
    unknown = await site.own.editor.post(f"{place}/send-sequence", {"sequence_id": 99})
    assert unknown.status == 422
    assert unknown.json()["problems"][0]["where"] == {"field": "sequence_id", "path": "$.sequence_id"}
    ok(await site.own.admin.post(f"{V1}/channels/{shop.channel['id']}/disconnect"))
    for path, sent in (("send-text", {"text": "x"}), ("send-sequence", {"sequence_id": 1})):
        refused = await site.own.editor.post(f"{place}/{path}", sent)
        assert refused.status == 409
        assert "Connect it" in refused.json()["hint"]
    assert await texts(site, opened.conversation_id) == ["bot: Hello "]


async def test_k09_p13_export_everything_then_erase_everything(site: Site) -> None:
    shop = await add_shop(site.own.admin, site.own.id)
    opened = await add_customer(site.services, shop, first_name="Ann")
    await say(site, shop, opened.conversation_id, "my secret wish")
    place = f"{CUSTOMERS}/{opened.customer_id}"
    held = ok(await site.own.editor.get(f"{place}/export"))
    assert held.keys() == {"customer", "conversations", "messages", "events", "effects", "calls"}
    assert [message["body"]["text"] for message in held["messages"]] == ["Hello Ann", "my secret wish", "Number?"]
    assert [event["body"]["kind"] for event in held["events"]] == ["said", "started"]
    assert held["customer"]["created_at"].endswith("Z")
    ok(await site.own.admin.delete(place), 204)
    assert (await site.own.editor.get(place)).status == 404
    assert (await site.own.editor.get(f"{V1}/conversations/{opened.conversation_id}/messages")).status == 404
    assert ok(await site.own.viewer.get(CUSTOMERS)) == {"items": [], "next": None}
    assert ok(await site.own.viewer.get(f"{V1}/conversations")) == {"items": [], "next": None}
    files = await asyncio.to_thread(
        lambda: [file.read_bytes() for file in site.services.database.path.parent.glob("*.db")]
    )
    assert files
    assert not any(b"my secret wish" in content for content in files)


async def test_a_new_chat_after_erasing_is_a_new_customer(site: Site) -> None:
    """Row P13: what was erased stays erased."""
    shop = await add_shop(site.own.admin, site.own.id)
    opened = await add_customer(site.services, shop, "user:7", first_name="Ann")
    ok(await site.own.admin.delete(f"{CUSTOMERS}/{opened.customer_id}"), 204)
    again = await add_customer(site.services, shop, "user:7")
    assert again.customer_id > opened.customer_id
    assert ok(await site.own.viewer.get(f"{CUSTOMERS}/{again.customer_id}"))["first_name"] == ""


async def test_a23_lists_and_searches_hold_own_customers_only(site: Site) -> None:
    own, other = await add_shop(site.own.admin, site.own.id), await add_shop(site.other.admin, site.other.id)
    mine = await add_customer(site.services, own, "a", first_name="Ann")
    await add_customer(site.services, own, "b", first_name="Bob")
    await add_customer(site.services, other, "c", first_name="Anna")
    listed = ok(await site.own.viewer.get(CUSTOMERS))
    assert [item["first_name"] for item in listed["items"]] == ["Ann", "Bob"]
    found = ok(await site.own.viewer.get(f"{CUSTOMERS}?query=ANN"))
    assert [item["id"] for item in found["items"]] == [mine.customer_id]
    assert ok(await site.own.viewer.get(f"{CUSTOMERS}?query=anna"))["items"] == []
    assert (await site.own.viewer.get(f"{CUSTOMERS}?query={'x' * 201}")).status == 422
    page = ok(await site.own.viewer.get(f"{CUSTOMERS}?limit=1"))
    assert page["next"] == mine.customer_id
    for query in ("limit=0", "limit=201", "after=-1", "after=x"):
        assert (await site.own.viewer.get(f"{CUSTOMERS}?{query}")).status == 422


ROUTES = [
    ("GET", "", None),
    ("PATCH", "", {"first_name": "x"}),
    ("PATCH", "", {"bot_enabled": False}),
    ("DELETE", "", None),
    ("GET", "/export", None),
    ("POST", "/send-text", {"text": "x"}),
    ("POST", "/send-sequence", {"sequence_id": 1}),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_a01_a_foreign_customer_is_like_an_unknown_one(site: Site, method: str, path: str, body: Any) -> None:
    shop = await add_shop(site.other.admin, site.other.id)
    opened = await add_customer(site.services, shop)
    place = f"{CUSTOMERS}/{opened.customer_id}"
    before = ok(await site.other.viewer.get(place))
    replies = [
        await site.own.owner.request(method, f"{CUSTOMERS}/{customer}{path}", json=body)
        for customer in (opened.customer_id, 999)
    ]
    assert {reply.status for reply in replies} == {404}
    assert replies[0].body == replies[1].body
    assert ok(await site.other.viewer.get(place)) == before


async def test_a04_a_viewer_only_reads_and_only_an_admin_erases(site: Site) -> None:
    shop = await add_shop(site.own.admin, site.own.id)
    opened = await add_customer(site.services, shop)
    for method, path, body in ROUTES:
        place = f"{CUSTOMERS}/{opened.customer_id}{path}"
        wanted = 200 if (method, path) == ("GET", "") else 403
        assert (await site.own.viewer.request(method, place, json=body)).status == wanted, (method, path)
    assert (await site.own.editor.delete(f"{CUSTOMERS}/{opened.customer_id}")).status == 403
