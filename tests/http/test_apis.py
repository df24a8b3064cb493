"""APIs over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from backtalk.storage import apis, bots, versions, workspaces
from backtalk.storage.database import Tx
from tests.http.site import Site
from tests.support.house import document

CANARY = "canary-5d1e-secret"
API = {
    "name": "Orders",
    "method": "POST",
    "url": "https://shop.example.com/orders/{{order}}",
    "headers": [{"name": "X-Secret", "value": CANARY}],
    "params": [{"name": "source", "value": "chat"}],
    "output": "text",
    "timeout_s": 2.5,
    "on_failure": {"say": "Sorry", "sequence": 3},
}


async def _made(site: Site, **changes: Any) -> int:
    reply = await site.own.editor.post("/api/v1/apis", {**API, **changes})
    assert reply.status == 201, reply.text
    found: int = reply.json()["id"]
    return found


async def _secrets(site: Site, api_id: int) -> tuple[tuple[str, str], ...]:
    api = await site.services.database.read(lambda tx: apis.load_for_call(tx, workspace_id=site.own.id, api_id=api_id))
    assert api is not None
    return api.headers


async def test_what_is_sent_comes_back_without_the_values_of_headers(site: Site) -> None:
    reply = await site.own.editor.post("/api/v1/apis", API)
    assert reply.status == 201
    shown = reply.json()
    assert shown == (await site.own.viewer.get(f"/api/v1/apis/{shown['id']}")).json()
    assert {name: shown[name] for name in API if name != "headers"} == {n: v for n, v in API.items() if n != "headers"}
    assert shown["headers"] == [{"name": "X-Secret", "value": None, "is_set": True}]
    assert (shown["dialect"], shown["mapping"], shown["problems"]) == ("backtalk", None, [])
    assert await _secrets(site, shown["id"]) == (("X-Secret", CANARY),)


async def test_k01_p9_no_answer_ever_holds_a_header_value(site: Site) -> None:
    api_id = await _made(site)
    client = site.own.owner
    replies = [
        await client.get(f"/api/v1/apis/{api_id}"),
        await client.get("/api/v1/apis"),
        await client.patch(f"/api/v1/apis/{api_id}", {"timeout_s": 3}),
        await client.patch(f"/api/v1/apis/{api_id}", {"timeout_s": 99}),
        await client.post(f"/api/v1/apis/{api_id}/test", {}),
        await client.get("/api/v1/calls"),
        await client.get("/api/v1/calls/1"),
        await client.post("/api/v1/apis", {**API, "name": "Other", "url": "nonsense"}),
        await client.delete(f"/api/v1/apis/{api_id}"),
    ]
    assert not [reply for reply in replies if CANARY.encode() in reply.body]


async def test_without_a_header_the_author_is_warned(site: Site) -> None:
    reply = await site.own.editor.post("/api/v1/apis", {**API, "headers": []})
    assert reply.status == 201
    problem = reply.json()["problems"][0]
    assert problem["severity"] == "warning"
    assert "secret header token" in f"{problem['message']} {problem['hint']}"


async def test_null_keeps_a_header_value_and_what_is_left_out_stays(site: Site) -> None:
    api_id = await _made(site)
    path = f"/api/v1/apis/{api_id}"
    shown = (await site.own.editor.get(path)).json()
    reply = await site.own.editor.patch(path, {"headers": [*shown["headers"], {"name": "X-New", "value": "n"}]})
    assert reply.status == 200
    assert await _secrets(site, api_id) == (("X-Secret", CANARY), ("X-New", "n"))
    reply = await site.own.editor.patch(path, {"name": "Renamed", "output": None, "on_failure": None})
    assert reply.json()["name"] == "Renamed"
    assert (reply.json()["output"], reply.json()["on_failure"], reply.json()["timeout_s"]) == (None, None, 2.5)
    assert await _secrets(site, api_id) == (("X-Secret", CANARY), ("X-New", "n"))
    await site.own.editor.patch(path, {"headers": []})
    assert await _secrets(site, api_id) == ()


async def test_null_where_nothing_is_stored_is_refused(site: Site) -> None:
    reply = await site.own.editor.post("/api/v1/apis", {**API, "headers": [{"name": "X-Secret", "value": None}]})
    assert reply.status == 422
    assert reply.json()["problems"][0]["where"]["field"] == "headers.0.value"
    api_id = await _made(site)
    changed = {"headers": [{"name": "X-Secret", "value": None}, {"name": "X-Other"}]}
    reply = await site.own.editor.patch(f"/api/v1/apis/{api_id}", changed)
    assert reply.status == 422
    assert [problem["where"]["field"] for problem in reply.json()["problems"]] == ["headers.1.value"]
    assert await _secrets(site, api_id) == (("X-Secret", CANARY),)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("name", {"name": " "}),
        ("name", {"name": "x" * 81}),
        ("method", {"method": "TRACE"}),
        ("url", {"url": "javascript:alert(1)"}),
        ("url", {"url": "https://user:password@example.com/"}),
        ("url", {"url": "https://{{host}}/"}),
        ("output", {"output": "film"}),
        ("timeout_s", {"timeout_s": 0.4}),
        ("timeout_s", {"timeout_s": 5.1}),
        ("headers.0.name", {"headers": [{"name": "Host", "value": "x"}]}),
        ("headers.0.name", {"headers": [{"name": "X Y", "value": "x"}]}),
        ("headers.0.value", {"headers": [{"name": "X", "value": "a\r\nX-Injected: b"}]}),
        ("headers", {"headers": [{"name": f"X-{n}", "value": "v"} for n in range(21)]}),
        ("params.0.name", {"params": [{"name": "uid", "value": "1"}]}),
        ("params", {"params": [{"name": f"p{n}", "value": "v"} for n in range(51)]}),
        ("on_failure", {"on_failure": {}}),
        ("dialect", {"dialect": "smoke signals"}),
        ("id", {"id": 7}),
        ("workspace_id", {"workspace_id": 2}),
        ("created_at", {"created_at": "2020-01-01T00:00:00Z"}),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_stored(site: Site, field: str, change: dict[str, Any]) -> None:
    reply = await site.own.editor.post("/api/v1/apis", {**API, **change})
    assert reply.status == 422
    assert field in [problem["where"]["field"] for problem in reply.json()["problems"]]
    assert (await site.own.editor.get("/api/v1/apis")).json()["items"] == []
    api_id = await _made(site)
    before = (await site.own.editor.get(f"/api/v1/apis/{api_id}")).json()
    assert (await site.own.editor.patch(f"/api/v1/apis/{api_id}", change)).status == 422
    assert (await site.own.editor.get(f"/api/v1/apis/{api_id}")).json() == before


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.0.0.1:3000/",
        "http://localhost:3000/",
        "http://10.0.0.1/",
        "http://192.168.1.1/",
        "http://172.16.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://2852039166/",
        "http://0x7f.1/",
        "http://example.com:22/",
    ],
)
async def test_e01_e03_e19_an_address_that_may_not_be_called_is_refused_when_saved(site: Site, url: str) -> None:
    reply = await site.own.editor.post("/api/v1/apis", {**API, "url": url})
    assert reply.status == 422
    assert reply.json()["problems"][0]["where"]["field"] == "url"


async def test_e01_the_refusal_names_the_setting(site: Site) -> None:
    reply = await site.own.editor.post("/api/v1/apis", {**API, "url": "http://10.0.0.1/"})
    assert "EGRESS_ALLOW" in reply.text


async def test_names_are_unique_and_the_refusal_says_so(site: Site) -> None:
    await _made(site)
    reply = await site.own.editor.post("/api/v1/apis", {**API, "name": "  Orders "})
    assert reply.status == 409
    assert reply.json()["problems"][0]["where"]["field"] == "name"
    assert (await site.other.editor.post("/api/v1/apis", API)).status == 201


async def test_a_free_plan_can_neither_create_nor_call_but_can_read_and_delete(site: Site) -> None:
    api_id = await _made(site)
    await site.services.database.write(lambda tx: workspaces.set_plan(tx, site.own.id, "free"))
    for reply in (
        await site.own.editor.post("/api/v1/apis", {**API, "name": "Second"}),
        await site.own.editor.post(f"/api/v1/apis/{api_id}/test", {}),
    ):
        assert reply.status == 402
        assert reply.json()["code"] == "plan_required"
    assert len((await site.own.editor.get("/api/v1/apis")).json()["items"]) == 1
    assert (await site.own.editor.delete(f"/api/v1/apis/{api_id}")).status == 204


async def test_pages(site: Site) -> None:
    ids = [await _made(site, name=f"API {number}") for number in range(3)]
    first = (await site.own.viewer.get("/api/v1/apis?limit=2")).json()
    assert [item["id"] for item in first["items"]] == ids[:2]
    last = (await site.own.viewer.get(f"/api/v1/apis?limit=2&after={first['next']}")).json()
    assert ([item["id"] for item in last["items"]], last["next"]) == (ids[2:], None)


async def _use(site: Site, api_id: int) -> int:
    """A bot whose live version and draft name the API."""
    blocks: list[dict[str, Any]] = [
        {"type": "text", "text": f"Order: <<api:{api_id}>>"},
        {"type": "call_api", "api": api_id},
    ]

    def work(tx: Tx) -> int:
        now = datetime.now(UTC)
        bot = bots.create(tx, site.own.id, "Shop", now)
        bots.reserve_sequences(tx, site.own.id, bot.id, 1, now)
        revision = bots.save_draft(tx, site.own.id, bot.id, revision=2, document=document(blocks), at=now)
        versions.publish(tx, site.own.id, bot.id, revision=revision, note="", at=now)
        return bot.id

    return await site.services.database.write(work)


async def test_an_api_in_use_is_kept_and_the_places_are_listed(site: Site) -> None:
    api_id = await _made(site)
    bot_id = await _use(site, api_id)
    reply = await site.own.editor.delete(f"/api/v1/apis/{api_id}")
    assert reply.status == 409
    places = [problem["where"] for problem in reply.json()["problems"]]
    assert places == [
        {"sequence": 1, "block": block, "path": f"/bots/{bot_id}"} for block in ("s1b0", "s1b1", "s1b0", "s1b1")
    ]
    assert (await site.own.editor.get(f"/api/v1/apis/{api_id}")).status == 200
    assert (await site.own.editor.delete(f"/api/v1/apis/{api_id}?force=true")).status == 204
    assert (await site.own.editor.get(f"/api/v1/apis/{api_id}")).status == 404


async def test_a23_a_bot_of_another_workspace_keeps_nothing(site: Site) -> None:
    api_id = await _made(site)
    await _use(site, api_id + 1)
    reply = await site.other.editor.post("/api/v1/apis", API)
    assert reply.json()["id"] == api_id + 1
    assert (await site.other.editor.delete(f"/api/v1/apis/{api_id + 1}")).status == 204


async def test_the_test_shows_the_failure_and_logs_the_call(site: Site) -> None:
    api_id = await _made(site, url="http://127.0.0.1:9/nobody-listens")
    reply = await site.own.editor.post(f"/api/v1/apis/{api_id}/test", {"customer": {"first_name": "Ada"}})
    assert reply.status == 200
    tested = reply.json()
    assert tested["outcome"] == "unreachable"
    assert tested["problems"][0]["message"]
    assert '"first_name":"Ada"' in tested["request"]["body"]
    logged = (await site.own.editor.get(f"/api/v1/calls/{tested['call_id']}")).json()
    assert (logged["test"], logged["outcome"], logged["api_id"]) == (True, "unreachable", api_id)


async def test_the_test_without_a_body_uses_somebody_made_up(site: Site) -> None:
    api_id = await _made(site, url="http://127.0.0.1:9/")
    assert (await site.own.editor.post(f"/api/v1/apis/{api_id}/test")).status == 200


async def test_e25_the_test_button_passes_the_same_guard(site: Site) -> None:
    api_id = await _made(site)

    def work(tx: Tx) -> None:
        settings = apis.get(tx, site.own.id, api_id).settings
        stored = apis.ApiSettings(settings.name, "GET", "http://169.254.169.254/latest/")
        apis.change(tx, site.own.id, api_id, stored, datetime.now(UTC))

    await site.services.database.write(work)
    tested = (await site.own.editor.post(f"/api/v1/apis/{api_id}/test", {})).json()
    assert (tested["outcome"], tested["http_status"]) == ("blocked_address", None)


@pytest.mark.parametrize("who", [{"customer_id": 999}, {"channel_id": 999}])
async def test_a01_the_test_knows_no_strangers(site: Site, who: dict[str, int]) -> None:
    api_id = await _made(site)
    assert (await site.own.editor.post(f"/api/v1/apis/{api_id}/test", who)).status == 404


async def test_p1_a_secret_is_not_taken_along_to_another_host(site: Site) -> None:
    path = f"/api/v1/apis/{(await site.own.editor.post('/api/v1/apis', API)).json()['id']}"
    same = f"{API['url']}/elsewhere?x=1"
    assert (await site.own.editor.patch(path, {"url": same})).status == 200
    for url in ("https://other.example/", "http://shop.example.com/", "https://shop.example.com.evil.example/"):
        refused = await site.own.editor.patch(path, {"url": url})
        assert refused.status == 422
        assert [problem["code"] for problem in refused.json()["problems"]] == ["header_missing"]
    assert (await site.own.editor.get(path)).json()["url"] == same
    entered = {"url": "https://other.example/", "headers": [{"name": "X-Secret", "value": "entered again"}]}
    assert (await site.own.editor.patch(path, entered)).status == 200
