from __future__ import annotations

from typing import Any

import pytest

from tests.http.site import Site
from tests.support.house import document
from tests.support.shop import HELLO, V1, add_shop, ok

BOTS = f"{V1}/bots"


async def test_from_an_empty_bot_to_a_live_one(site: Site) -> None:
    editor = site.own.editor
    bot = ok(await editor.post(BOTS, {"name": "  Shop "}), 201)
    assert bot.keys() == {"id", "name", "revision", "live_version", "created_at", "updated_at"}
    assert (bot["name"], bot["revision"], bot["live_version"]) == ("Shop", 1, None)
    assert bot["created_at"].endswith("Z")
    place = f"{BOTS}/{bot['id']}"
    refused = await editor.post(f"{place}/publish", {"note": "too early"})
    assert refused.status == 422
    assert [problem["code"] for problem in refused.json()["problems"]] == ["empty"]
    assert ok(await editor.post(f"{place}/sequences", {"name": "Welcome"}), 201) == {"id": 1, "revision": 2}
    saved = ok(await editor.put(f"{place}/draft", {"revision": 2, "document": document([HELLO])}))
    assert saved == {"revision": 3, "document": document([HELLO]), "problems": []}
    assert ok(await editor.get(f"{place}/draft")) == saved
    assert ok(await editor.post(f"{place}/publish", {"note": "first"})) == {"version": 1}
    assert ok(await editor.post(f"{place}/publish")) == {"version": 2}
    assert ok(await editor.get(place))["live_version"] == 2
    listed = ok(await editor.get(f"{place}/versions"))
    assert [(v["number"], v["note"], v["live"]) for v in listed["items"]] == [(2, "", True), (1, "first", False)]
    assert listed["next"] is None
    page = ok(await editor.get(f"{place}/versions?limit=1"))
    assert page["next"] == 2
    assert [v["number"] for v in ok(await editor.get(f"{place}/versions?limit=1&after=2"))["items"]] == [1]
    changed = ok(await editor.put(f"{place}/draft", {"revision": 3, "document": document([HELLO, HELLO])}))
    assert ok(await editor.post(f"{place}/versions/1/restore"))["document"] == saved["document"]
    assert ok(await editor.get(place))["revision"] == changed["revision"] + 1


async def test_problems_name_sequence_block_and_field(site: Site) -> None:
    shop = await add_shop(site.own.admin, site.own.id)
    place = f"{BOTS}/{shop.bot_id}/draft"
    broken = document([{"type": "text", "text": " "}, {"type": "go_to", "sequence": 9}])
    draft = ok(await site.own.editor.get(place))
    problems = ok(await site.own.editor.put(place, {"revision": draft["revision"], "document": broken}))["problems"]
    assert [problem["where"] for problem in problems] == [
        {"sequence": 1, "block": "s1b0", "field": "text"},
        {"sequence": 1, "block": "s1b1", "field": "sequence"},
    ]
    assert all(problem["message"] and problem["hint"] and problem["severity"] == "error" for problem in problems)


async def test_an_old_revision_gets_409_and_changes_nothing(site: Site) -> None:
    shop = await add_shop(site.own.admin, site.own.id)
    place = f"{BOTS}/{shop.bot_id}/draft"
    before = ok(await site.own.editor.get(place))
    refused = await site.own.editor.put(place, {"revision": before["revision"] - 1, "document": document([HELLO])})
    assert refused.status == 409
    assert refused.headers["content-type"] == "application/problem+json"
    assert "Load it again" in refused.json()["hint"]
    assert ok(await site.own.editor.get(place)) == before


async def test_an_invented_id_of_a_sequence_gets_422_naming_the_way_to_get_one(site: Site) -> None:
    shop = await add_shop(site.own.admin, site.own.id)
    place = f"{BOTS}/{shop.bot_id}/draft"
    draft = ok(await site.own.editor.get(place))
    sent = {
        "revision": draft["revision"],
        "document": document([HELLO], [], [], triggers_default=None) | {"triggers": {}},
    }
    refused = await site.own.editor.put(place, sent)
    assert refused.status == 422
    (problem,) = refused.json()["problems"]
    assert problem["where"] == {"sequence": 3, "path": "$.sequences[2].id"}
    assert "POST /bots/{id}/sequences" in problem["hint"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "", {"name": ""}),
        ("POST", "", {"name": "x" * 81}),
        ("POST", "", {"name": "a\nb"}),
        ("POST", "", {"name": 7}),
        ("POST", "", {}),
        ("POST", "", {"name": "x", "workspace_id": 2}),  # A15
        ("POST", "", {"name": "x", "id": 7}),  # A15
        ("PATCH", "/{bot}", {"name": "x", "created_at": "2020-01-01T00:00:00Z"}),  # A15
        ("PATCH", "/{bot}", {"name": None}),
        ("POST", "/{bot}/sequences", {"name": "x", "id": 9}),
        ("PUT", "/{bot}/draft", {"document": {"name": "x"}}),
        ("PUT", "/{bot}/draft", {"revision": 1, "document": []}),
        ("PUT", "/{bot}/draft", {"revision": "one", "document": {}}),
        ("POST", "/{bot}/publish", {"note": "x" * 501}),
    ],
)
async def test_a15_what_cannot_be_set_gets_422(site: Site, method: str, path: str, body: Any) -> None:
    shop = await add_shop(site.own.admin, site.own.id)
    before = ok(await site.own.editor.get(f"{BOTS}/{shop.bot_id}"))
    refused = await site.own.admin.request(method, BOTS + path.replace("{bot}", str(shop.bot_id)), json=body)
    assert refused.status == 422
    assert refused.json()["problems"]
    assert ok(await site.own.editor.get(f"{BOTS}/{shop.bot_id}")) == before
    assert len(ok(await site.own.editor.get(BOTS))["items"]) == 1


ROUTES = [
    ("GET", "/bots/{bot}", None),
    ("PATCH", "/bots/{bot}", {"name": "x"}),
    ("DELETE", "/bots/{bot}", None),
    ("POST", "/bots/{bot}/sequences", {"name": "x"}),
    ("GET", "/bots/{bot}/draft", None),
    ("PUT", "/bots/{bot}/draft", {"revision": 1, "document": {"name": "x"}}),
    ("POST", "/bots/{bot}/publish", {}),
    ("GET", "/bots/{bot}/versions", None),
    ("POST", "/bots/{bot}/versions/1/restore", None),
    ("POST", "/bots/{bot}/preview", {"event": {"kind": "started"}}),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_a01_a_foreign_bot_is_like_an_unknown_one(site: Site, method: str, path: str, body: Any) -> None:
    shop = await add_shop(site.other.admin, site.other.id)
    before = ok(await site.other.admin.get(f"{BOTS}/{shop.bot_id}/draft"))
    replies = [
        await site.own.owner.request(method, V1 + path.replace("{bot}", bot), json=body)
        for bot in (str(shop.bot_id), "999", "x", str(2**70), "-1")
    ]
    assert {reply.status for reply in replies} == {404}
    assert len({reply.body for reply in replies}) == 1
    assert ok(await site.other.admin.get(f"{BOTS}/{shop.bot_id}/draft")) == before


async def test_a25_no_answer_is_kept_for_somebody_else(site: Site) -> None:
    shop = await add_shop(site.own.admin, site.own.id)
    reply = await site.own.viewer.get(f"{BOTS}/{shop.bot_id}/draft")
    assert reply.headers["cache-control"] == "no-store"
    assert "etag" not in reply.headers


async def test_a23_lists_hold_own_bots_only(site: Site) -> None:
    await add_shop(site.other.admin, site.other.id)
    assert ok(await site.own.viewer.get(BOTS)) == {"items": [], "next": None}


async def test_a04_a_viewer_reads_and_changes_nothing(site: Site) -> None:
    shop = await add_shop(site.own.admin, site.own.id)
    for method, path, body in ROUTES:
        reply = await site.own.viewer.request(method, V1 + path.replace("{bot}", str(shop.bot_id)), json=body)
        assert reply.status == (200 if method == "GET" else 403), (method, path)


async def test_a_bot_in_use_is_not_deleted(site: Site) -> None:
    shop = await add_shop(site.own.admin, site.own.id)
    refused = await site.own.editor.delete(f"{BOTS}/{shop.bot_id}")
    assert refused.status == 409
    assert refused.json()["problems"][0]["where"] == {"path": f"/channels/{shop.channel['id']}"}
    ok(await site.own.admin.delete(f"{V1}/channels/{shop.channel['id']}"), 204)
    ok(await site.own.editor.delete(f"{BOTS}/{shop.bot_id}"), 204)
    assert (await site.own.editor.get(f"{BOTS}/{shop.bot_id}")).status == 404
