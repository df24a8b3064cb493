"""The OpenAPI document, and what it promises of every route: nobody, strangers and viewers are refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.http.site import Site

from backtalk.http.api import PREFIX, create_api
from backtalk.storage import apis, bots, calls, channels, conversations, versions
from backtalk.storage.apis import ApiSettings
from backtalk.storage.calls import CallRow
from backtalk.storage.database import Tx

DOCUMENT = create_api().openapi()
UNKNOWN = 999_999


def _operations() -> Iterator[Any]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield pytest.param(method.upper(), path, operation, id=f"{method.upper()} {path}")


GUARDED = [found for found in _operations() if "x-role" in found.values[2]]
WITH_IDS = [found for found in GUARDED if "{" in found.values[1]]
LISTS = [found for found in GUARDED if found.values[0] == "GET" and "{" not in found.values[1]]


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


@pytest.mark.parametrize(("method", "path", "operation"), GUARDED)
async def test_every_route_refuses_nobody(site: Site, method: str, path: str, operation: dict[str, Any]) -> None:
    reply = await site.anybody.request(method, _filled(path, _Any()), json=_body(operation))
    assert reply.status == 401
    assert reply.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("method", "path", "operation"), WITH_IDS)
async def test_a01_a_strangers_id_is_an_unknown_id(
    site: Site, method: str, path: str, operation: dict[str, Any]
) -> None:
    ids = await _furnish(site)
    stranger = site.other.owner
    foreign = await stranger.request(method, _filled(path, ids), json=_body(operation))
    unknown = await stranger.request(method, _filled(path, dict.fromkeys(ids, UNKNOWN)), json=_body(operation))
    assert foreign.status == unknown.status == 404
    assert foreign.body == unknown.body
    assert foreign.json()["code"] == "not_found"


@pytest.mark.parametrize(("method", "path", "operation"), LISTS)
async def test_a23_lists_hold_own_rows_only(site: Site, method: str, path: str, operation: dict[str, Any]) -> None:
    ids = await _furnish(site)
    own = (await site.own.owner.get(PREFIX + path)).json()
    other = (await site.other.owner.get(PREFIX + path)).json()
    if "items" in own:
        assert own["items"]
        assert other["items"] == []
    else:
        assert own["id"] != other["id"]
    assert ids


@pytest.mark.parametrize(("method", "path", "operation"), GUARDED)
async def test_a04_viewers_read_and_nothing_else(site: Site, method: str, path: str, operation: dict[str, Any]) -> None:
    ids = await _furnish(site)
    reply = await site.own.viewer.request(method, _filled(path, ids), json=_body(operation))
    if operation["x-role"] == "viewer":
        assert reply.status == 200
    else:
        assert reply.status == 403
        assert reply.json()["code"] == "forbidden"


@pytest.mark.parametrize(("method", "path", "operation"), GUARDED)
def test_every_refusal_is_documented(method: str, path: str, operation: dict[str, Any]) -> None:
    for status in ("401", "403", "404", "422", "429"):
        content = operation["responses"][status]["content"]["application/problem+json"]
        assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
        assert content["example"]["status"] == int(status)


@pytest.mark.parametrize(("method", "path", "operation"), list(_operations()))
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
