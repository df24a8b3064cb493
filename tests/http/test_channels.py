from __future__ import annotations

from typing import Any

import pytest

from tests.http.site import Site
from tests.support.shop import V1, add_shop, ok

CHANNELS = f"{V1}/channels"


async def test_a_web_chat_is_connected_at_once_and_shows_its_secret_once(site: Site) -> None:
    shop = await add_shop(site.own.admin, site.own.id)
    made = shop.channel
    assert made.keys() == {
        "id",
        "type",
        "name",
        "bot_id",
        "connected",
        "key",
        "config",
        "created_at",
        "identity_secret",
    }
    assert (made["type"], made["connected"], made["bot_id"]) == ("webchat", True, shop.bot_id)
    assert len(made["key"]) >= 22, "128 bits and more"
    assert len(made["identity_secret"]) == 64
    shown = ok(await site.own.viewer.get(f"{CHANNELS}/{made['id']}"))
    assert shown == {name: value for name, value in made.items() if name != "identity_secret"}
    assert ok(await site.own.viewer.get(CHANNELS)) == {"items": [shown], "next": None}


async def test_the_key_opens_the_chat_while_the_channel_is_connected(site: Site) -> None:
    shop = await add_shop(site.own.admin, site.own.id)
    sessions = f"/chat/v1/{shop.channel['key']}/sessions"
    ok(await site.anybody.post(sessions, {}), 201)
    assert ok(await site.own.admin.post(f"{CHANNELS}/{shop.channel['id']}/disconnect"))["connected"] is False
    assert (await site.anybody.post(sessions, {})).status == 409
    assert ok(await site.own.admin.post(f"{CHANNELS}/{shop.channel['id']}/connect"))["connected"] is True
    ok(await site.anybody.post(sessions, {}), 201)


async def test_a_new_identity_secret_is_another_one(site: Site) -> None:
    shop = await add_shop(site.own.admin, site.own.id)
    made = ok(await site.own.admin.post(f"{CHANNELS}/{shop.channel['id']}/identity-secret"))
    assert made.keys() == {"identity_secret"}
    assert made["identity_secret"] != shop.channel["identity_secret"]


async def test_config_is_replaced_and_the_rest_stays(site: Site) -> None:
    shop = await add_shop(site.own.admin, site.own.id)
    place = f"{CHANNELS}/{shop.channel['id']}"
    config = {"title": "Ask us", "color": "#0b7285", "allowed_origins": [" https://Shop.example:8443/ "]}
    changed = ok(await site.own.admin.patch(place, {"config": config}))
    assert changed["config"] == {**config, "allowed_origins": ["https://shop.example:8443"]}
    assert changed["name"] == "Web"
    assert ok(await site.own.admin.patch(place, {"name": "Page"}))["config"] == changed["config"]
    assert ok(await site.own.admin.patch(place, {"config": {}}))["config"] == {}


@pytest.mark.parametrize(
    "config",
    [
        {"allowed_origins": ["https://a.example; script-src *"]},  # U06: it stands in a policy header
        {"allowed_origins": ["https://a.example\r\nX: y"]},
        {"allowed_origins": ["https://a.example/path"]},
        {"allowed_origins": ["javascript://a"]},
        {"allowed_origins": ["*"]},
        {"allowed_origins": ["https://a.example"] * 101},
        {"color": "red;background:url(//x)"},
        {"lang": 'en" onload="x'},
        {"position": "middle"},
        {"identity_secret": "mine"},
        {"title": "x" * 81},
    ],
)
async def test_config_holds_what_it_may_hold_only(site: Site, config: dict[str, Any]) -> None:
    shop = await add_shop(site.own.admin, site.own.id)
    refused = await site.own.admin.patch(f"{CHANNELS}/{shop.channel['id']}", {"config": config})
    assert refused.status == 422
    assert refused.json()["problems"][0]["where"]["path"].startswith("$.config")


@pytest.mark.parametrize(
    "body",
    [
        {"type": "pigeon"},
        {"key": "mine"},
        {"connected": False},
        {"workspace_id": 2},
        {"bot_id": "1"},
        {"bot_id": 2**63},
    ],
)
async def test_a15_what_cannot_be_set_gets_422(site: Site, body: dict[str, Any]) -> None:
    shop = await add_shop(site.own.admin, site.own.id)
    sent = {"type": "webchat", "name": "x", "bot_id": shop.bot_id, **body}
    assert (await site.own.admin.post(CHANNELS, sent)).status == 422
    assert len(ok(await site.own.admin.get(CHANNELS))["items"]) == 1


ROUTES = [
    ("GET", "", None),
    ("PATCH", "", {"name": "x"}),
    ("DELETE", "", None),
    ("POST", "/connect", None),
    ("POST", "/disconnect", None),
    ("POST", "/identity-secret", None),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_a01_a_foreign_channel_is_like_an_unknown_one(site: Site, method: str, path: str, body: Any) -> None:
    shop = await add_shop(site.other.admin, site.other.id)
    replies = [
        await site.own.owner.request(method, f"{CHANNELS}/{channel}{path}", json=body)
        for channel in (shop.channel["id"], 999)
    ]
    assert {reply.status for reply in replies} == {404}
    assert replies[0].body == replies[1].body
    ok(await site.anybody.post(f"/chat/v1/{shop.channel['key']}/sessions", {}), 201)


async def test_a01_a_foreign_bot_cannot_answer(site: Site) -> None:
    own, other = await add_shop(site.own.admin, site.own.id), await add_shop(site.other.admin, site.other.id)
    for bot_id in (other.bot_id, 999):
        sent = {"type": "webchat", "name": "x", "bot_id": bot_id}
        assert (await site.own.admin.post(CHANNELS, sent)).status == 404
        assert (await site.own.admin.patch(f"{CHANNELS}/{own.channel['id']}", {"bot_id": bot_id})).status == 404
    assert ok(await site.own.admin.get(f"{CHANNELS}/{own.channel['id']}"))["bot_id"] == own.bot_id


async def test_a04_an_editor_manages_no_channels(site: Site) -> None:
    shop = await add_shop(site.own.admin, site.own.id)
    for method, path, body in ROUTES:
        reply = await site.own.editor.request(method, f"{CHANNELS}/{shop.channel['id']}{path}", json=body)
        assert reply.status == (200 if method == "GET" else 403), (method, path)
