"""The OpenAPI document, and what it promises of every route: nobody, strangers and viewers are refused."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from backtalk.http.api import PREFIX, create_api
from backtalk.storage import apis, bots, calls, channels, conversations, versions
from backtalk.storage.apis import ApiSettings
from backtalk.storage.calls import CallRow
from backtalk.storage.database import Tx
from tests.http.site import Site

DOCUMENT = create_api().openapi()
UNKNOWN = 999_999


OPERATIONS: list[tuple[str, str, dict[str, Any]]] = [
    (method.upper(), path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
GUARDED = [found for found in OPERATIONS if "x-role" in found[2]]
WITH_IDS = [found for found in GUARDED if "{" in found[1]]
LISTS = [found for found in GUARDED if found[0] == "GET" and "{" not in found[1]]


def _body(operation: dict[str, Any]) -> Any:
    """The example of the body, so that nothing else is wrong with the request."""
    if "requestBody" not in operation:
        return None
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    found = schema.get("$ref") or next(choice["$ref"] for choice in schema["anyOf"] if "$ref" in choice)
    return DOCUMENT["components"]["schemas"][found.rpartition("/")[2]]["examples"][0]


async def _furnish(site: Site) -> dict[str, int]:
    """One of everything in the own workspace: the ids by the names of path parameters."""
    now, workspace_id = datetime.now(UTC), site.own.id

    def work(tx: Tx) -> dict[str, int]:
        api = apis.create(tx, workspace_id, ApiSettings("A", "POST", "https://example.com/"), now)
        bot = bots.create(tx, workspace_id, "Secret bot", now)
        versions.publish(tx, workspace_id, bot.id, revision=bot.revision, note="", at=now)
        channel = channels.create(
            tx,
            workspace_id,
            type="webchat",
            name="Web",
            bot_id=bot.id,
            key="key-of-the-own-channel",
            config={},
            credentials={"identity_secret": "x"},
            connected=True,
            at=now,
        )
        opened = conversations.open_conversation(
            tx, workspace_id=workspace_id, channel_id=channel.id, bot_id=bot.id, external_id="a", profile={}, at=now
        )
        call = CallRow(workspace_id, now, api.id, "A", "POST", "https://example.com/", "ok", 1)
        return {
            "api_id": api.id,
            "bot_id": bot.id,
            "number": 1,
            "channel_id": channel.id,
            "customer_id": opened.customer_id,
            "conversation_id": opened.conversation_id,
            "call_id": calls.record(tx, call),
        }

    return await site.services.database.write(work)


def _filled(path: str, ids: dict[str, int]) -> str:
    return PREFIX + re.sub(r"\{(\w+)\}", lambda match: str(ids[match[1]]), path)


async def test_every_route_refuses_nobody(site: Site) -> None:
    admitted = []
    for number, (method, path, operation) in enumerate(GUARDED):
        site.anybody.address = f"198.51.100.{number}"  # so that guessing is not what is refused
        reply = await site.anybody.request(method, _filled(path, _Any()), json=_body(operation))
        if (reply.status, reply.headers["content-type"]) != (401, "application/problem+json"):
            admitted.append((method, path, reply))
    assert admitted == []


async def test_a01_a_strangers_id_is_an_unknown_id(site: Site) -> None:
    ids = await _furnish(site)
    stranger = site.other.owner
    told = []
    for method, path, operation in WITH_IDS:
        foreign = await stranger.request(method, _filled(path, ids), json=_body(operation))
        unknown = await stranger.request(method, _filled(path, dict.fromkeys(ids, UNKNOWN)), json=_body(operation))
        if foreign.status != 404 or foreign.json()["code"] != "not_found" or foreign.body != unknown.body:
            told.append((method, path, foreign, unknown))
    assert told == []


async def test_a23_lists_hold_own_rows_only(site: Site) -> None:
    await _furnish(site)
    for _, path, _ in LISTS:
        own = (await site.own.owner.get(PREFIX + path)).json()
        other = (await site.other.owner.get(PREFIX + path)).json()
        if "items" in own:
            assert own["items"], path
            assert other["items"] == [], path
        else:
            assert own["id"] != other["id"], path


async def test_a04_viewers_read_and_nothing_else(site: Site) -> None:
    ids = await _furnish(site)
    wrong = []
    for method, path, operation in GUARDED:
        reply = await site.own.viewer.request(method, _filled(path, ids), json=_body(operation))
        if reply.status != (200 if operation["x-role"] == "viewer" else 403):
            wrong.append((method, path, reply))
    assert wrong == []


async def test_a04_each_role_may_what_the_document_says(site: Site) -> None:
    ids = dict.fromkeys(await _furnish(site), UNKNOWN)
    roles = {"viewer": site.own.viewer, "editor": site.own.editor, "admin": site.own.admin, "owner": site.own.owner}
    order = list(roles)
    for method, path, operation in GUARDED:
        for role, client in roles.items():
            if method == "DELETE" or "{" in path:  # an unknown id, so that nothing is changed
                reply = await client.request(method, _filled(path, ids), json=_body(operation))
                allowed = order.index(role) >= order.index(operation["x-role"])
                assert reply.status == (404 if allowed else 403), (method, path, role, reply)


@pytest.mark.parametrize(("method", "path", "operation"), GUARDED, ids=lambda found: str(found)[:60])
def test_every_refusal_is_documented(method: str, path: str, operation: dict[str, Any]) -> None:
    for status in ("401", "403", "404", "422", "429"):
        content = operation["responses"][status]["content"]["application/problem+json"]
        assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
        assert content["example"]["status"] == int(status)


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=lambda found: str(found)[:60])
def test_every_operation_has_a_summary_and_its_body_an_example(
    method: str, path: str, operation: dict[str, Any]
) -> None:
    assert operation["summary"]
    assert operation["tags"]
    _body(operation)


def test_operation_ids_are_words_and_unique() -> None:
    ids = [operation["operationId"] for methods in DOCUMENT["paths"].values() for operation in methods.values()]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z][a-z_]+", found) for found in ids)


def test_every_row_of_the_interface_is_there() -> None:
    expected = {
        "/workspace": {"get", "patch"},
        "/workspace/signing-secret": {"post"},
        "/apis": {"get", "post"},
        "/apis/{}": {"get", "patch", "delete"},
        "/apis/{}/test": {"post"},
        "/bots": {"get", "post"},
        "/bots/{}": {"get", "patch", "delete"},
        "/bots/{}/sequences": {"post"},
        "/bots/{}/draft": {"get", "put"},
        "/bots/{}/publish": {"post"},
        "/bots/{}/versions": {"get"},
        "/bots/{}/versions/{}/restore": {"post"},
        "/bots/{}/preview": {"post"},
        "/channels": {"get", "post"},
        "/channels/{}": {"get", "patch", "delete"},
        "/channels/{}/connect": {"post"},
        "/channels/{}/disconnect": {"post"},
        "/channels/{}/identity-secret": {"post"},
        "/customers": {"get"},
        "/customers/{}": {"get", "patch", "delete"},
        "/customers/{}/export": {"get"},
        "/customers/{}/send-text": {"post"},
        "/customers/{}/send-sequence": {"post"},
        "/conversations": {"get"},
        "/conversations/{}/messages": {"get"},
        "/calls": {"get"},
        "/calls/{}": {"get"},
        "/contract/{}.json": {"get"},
    }
    found = {re.sub(r"\{\w+\}", "{}", path): set(methods) for path, methods in DOCUMENT["paths"].items()}
    assert expected.items() <= found.items()


class _Any(dict[str, int]):
    def __missing__(self, _key: str) -> int:
        return 1
