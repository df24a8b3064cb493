from __future__ import annotations

from tests.http.site import Site
from tests.support.shop import V1, add_customer, add_shop, ok

BUTTONS = {"type": "buttons", "text": "?", "buttons": [{"title": "Go", "type": "sequence", "value": 1, "extra": "a=1"}]}


async def test_conversations_are_listed_in_pages_newest_first(site: Site) -> None:
    shop = await add_shop(site.own.admin, site.own.id)
    opened = [(await add_customer(site.services, shop, str(n))).conversation_id for n in range(3)]
    first = ok(await site.own.viewer.get(f"{V1}/conversations?limit=2"))
    rest = ok(await site.own.viewer.get(f"{V1}/conversations?limit=2&after={first['next']}"))
    assert [item["id"] for item in first["items"] + rest["items"]] == opened[::-1]
    assert rest["next"] is None
    assert first["items"][0].keys() == {
        *("id", "customer_id", "channel_id", "bot_id", "last_seq", "hand_over_note", "created_at", "updated_at")
    }
    assert len(ok(await site.own.viewer.get(f"{V1}/conversations?after=nonsense"))["items"]) == 3


async def test_messages_are_read_on_after_a_number(site: Site) -> None:
    shop = await add_shop(site.own.admin, site.own.id, [{"type": "text", "text": "One"}, BUTTONS])
    opened = await add_customer(site.services, shop)
    place = f"{V1}/conversations/{opened.conversation_id}/messages"
    first = ok(await site.own.viewer.get(f"{place}?limit=1"))
    assert first["next"] == 1
    assert {name: value for name, value in first["items"][0].items() if name != "at"} == {
        "seq": 1,
        "from": "bot",
        "block": "s1b0",
        "type": "text",
        "text": "One",
    }
    (second,) = ok(await site.own.viewer.get(f"{place}?after=1"))["items"]
    assert second["buttons"] == [{"title": "Go", "type": "sequence", "value": 1, "extra": "a=1"}]
    assert second["at"].endswith("Z")


async def test_a01_a_foreign_conversation_is_like_an_unknown_one(site: Site) -> None:
    shop = await add_shop(site.other.admin, site.other.id)
    opened = await add_customer(site.services, shop)
    replies = [
        await site.own.owner.get(f"{V1}/conversations/{number}/messages") for number in (opened.conversation_id, 999)
    ]
    assert {reply.status for reply in replies} == {404}
    assert replies[0].body == replies[1].body
    assert ok(await site.own.owner.get(f"{V1}/conversations"))["items"] == []


async def test_p11_the_author_can_read_why_nothing_was_answered(site: Site) -> None:
    shop = await add_shop(site.own.admin, site.own.id, [{"type": "go_to", "sequence": 1}])
    opened = await add_customer(site.services, shop)
    place = f"{V1}/conversations/{opened.conversation_id}/notes"
    notes = ok(await site.own.viewer.get(place))["items"]
    assert [(note["code"], note["severity"]) for note in notes] == [("block_budget", "error")]
    assert "100 blocks" in notes[0]["message"]
    assert (await site.other.viewer.get(place)).status == 404
