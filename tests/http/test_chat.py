"""The web chat over HTTP: sessions, messages, identity, and what strangers try."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import pytest
from starlette.types import ASGIApp

from backtalk.http.app import create_app
from backtalk.http.chat_rates import ChatRates
from backtalk.http.limits import Buckets
from backtalk.storage import channels, customers
from backtalk.storage.database import Database
from tests.support.asgi import Client, Reply
from tests.support.chat import Visitor
from tests.support.house import House, document, house

SHOP = document(
    [
        {"type": "text", "text": "Hi {{first_name}}"},
        {"type": "buttons", "text": "What?", "buttons": [{"title": "Go", "type": "sequence", "value": 3}]},
    ],
    [{"type": "text", "text": "You said {{last_message_text}}"}],
    [{"type": "text", "text": "Gone"}],
)


@pytest.fixture
async def home(database: Database) -> AsyncIterator[House]:
    async with house(database) as made:
        await made.publish(SHOP)
        yield made


@pytest.fixture
def app(home: House) -> ASGIApp:
    return create_app(home.services)


@pytest.fixture
def visitor(app: ASGIApp, home: House) -> Visitor:
    return Visitor(app, home.channel.key)


def problem(answer: Reply) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status, answer.json()["code"]


async def test_a_session_is_greeted_and_a_message_is_answered(visitor: Visitor) -> None:
    opened = await visitor.open(profile={"first_name": "Ann", "locale": "en", "timezone": 5.75})
    session = opened.json()
    assert opened.status == 201
    assert set(session) == {"token", "uid", "conversation_id", "cursor"}
    first = await visitor.messages(after=session["cursor"])
    assert [(line["seq"], line["from"], line["text"]) for line in first] == [(1, "bot", "Hi Ann"), (2, "bot", "What?")]
    said = await visitor.say("hello", "c-1")
    assert (said.status, said.json()) == (202, {"seq": 3})
    assert [line["text"] for line in await visitor.messages(after=2)] == ["hello", "You said hello"]
    assert (await visitor.messages(after=2))[0]["client_id"] == "c-1"


async def test_the_same_client_id_changes_nothing_and_answers_the_same(visitor: Visitor) -> None:
    await visitor.open()
    answers = [await visitor.say(text, "same") for text in ("one", "two", "one")]
    assert {answer.body for answer in answers} == {b'{"seq":3}'}
    assert len(await visitor.messages()) == 4


async def test_a_press_names_a_place(visitor: Visitor) -> None:
    await visitor.open()
    assert (await visitor.press(2, 0)).status == 202
    assert [line["text"] for line in await visitor.messages(after=2)] == ["Go", "Gone"]
    for forged in (1, [0, 0]):
        assert problem(await visitor.press(2, forged)) == (422, "invalid")


async def test_a_poll_waits_for_news_and_returns_with_them(visitor: Visitor) -> None:
    await visitor.open()
    waiting = asyncio.create_task(visitor.messages(after=2, wait=20))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await visitor.say("hello")
    assert [line["text"] for line in await asyncio.wait_for(waiting, 2)] == ["hello", "You said hello"]


async def test_a_poll_ends_when_the_server_stops(visitor: Visitor, home: House) -> None:
    await visitor.open()
    waiting = asyncio.create_task(visitor.messages(after=2, wait=20))
    await asyncio.sleep(0.05)
    home.services.draining = True
    home.services.live.wake_all()
    assert await asyncio.wait_for(waiting, 2) == []


async def test_a_signed_user_has_one_conversation_on_all_devices(visitor: Visitor, app: ASGIApp, home: House) -> None:
    proof = hmac.new(b"identity secret", b"u-7", sha256).hexdigest()
    first = (await visitor.open(user_id="u-7", user_hash=proof)).json()
    await visitor.say("from my phone")
    other = Visitor(app, home.channel.key)
    second = (await other.open(user_id="u-7", user_hash=proof, profile={"first_name": "Bo"})).json()
    assert (first["uid"], first["conversation_id"]) == (second["uid"], second["conversation_id"])
    assert [line["text"] for line in await other.messages()][2:] == ["from my phone", "You said from my phone"]
    stored = await home.services.database.read(lambda tx: customers.get(tx, home.workspace_id, first["uid"]))
    assert stored.customer.first_name == "Bo"


@pytest.mark.parametrize("proof", [None, "", "0" * 64, "ü" * 10])
async def test_somebody_elses_user_id_is_refused(visitor: Visitor, proof: str | None) -> None:
    assert problem(await visitor.open(user_id="u-7", user_hash=proof)) == (403, "forbidden")


async def test_a06_a_token_opens_its_own_conversation_only(visitor: Visitor, app: ASGIApp, home: House) -> None:
    await visitor.open()
    await visitor.say("private")
    other = Visitor(app, home.channel.key)
    await other.open()
    assert [line["from"] for line in await other.messages()] == ["bot", "bot"]
    forged = [visitor.token[:-2] + "xx", visitor.token + "A", "", "x", "ü", visitor.token[::-1]]
    for token in forged:
        stranger = Visitor(app, home.channel.key, token)
        assert problem(await stranger.ask("GET", "messages")) == (401, "sign_in_required")
    foreign = Visitor(app, "another-channel", visitor.token)
    assert problem(await foreign.say("x")) == (401, "sign_in_required")


async def test_an_erased_customers_token_opens_nothing(visitor: Visitor, home: House) -> None:
    uid = (await visitor.open()).json()["uid"]
    await home.services.database.write(lambda tx: customers.erase(tx, home.workspace_id, uid))
    assert problem(await visitor.say("hello?")) == (401, "sign_in_required")
    assert problem(await visitor.ask("GET", "messages")) == (401, "sign_in_required")


async def test_an_unknown_and_a_closed_channel_take_nobody(app: ASGIApp, visitor: Visitor, home: House) -> None:
    assert problem(await Visitor(app, "unknown").open()) == (404, "not_found")
    await visitor.open()
    await home.services.database.write(
        lambda tx: channels.set_connected(tx, home.workspace_id, home.channel.id, connected=False)
    )
    assert problem(await visitor.open()) == (409, "conflict")
    assert problem(await visitor.say("hello")) == (409, "conflict")


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"client_id": "a"},
        {"client_id": "a", "text": "x", "press": {"seq": 1, "index": 0}},
        {"client_id": "a", "text": ""},
        {"client_id": "a", "text": " \n\t"},
        {"client_id": "a", "text": "x" * 10_001},
        {"client_id": "a", "text": 7},
        {"client_id": "", "text": "x"},
        {"client_id": "a b", "text": "x"},
        {"client_id": "a" * 65, "text": "x"},
        {"client_id": "a", "press": {"seq": 0, "index": 0}},
        {"client_id": "a", "press": {"seq": 1, "index": -1}},
        {"client_id": "a", "press": {"seq": 1, "index": [0]}},
        {"client_id": "a", "press": {"seq": 1, "index": [0, 0, 0]}},
        {"client_id": "a", "press": {"seq": 2**63, "index": 0}},
        {"client_id": "a", "text": "x", "uid": 1},
        [],
        None,
        "text",
    ],
)
async def test_a_message_that_is_none_is_refused_and_nothing_is_stored(visitor: Visitor, form: Any) -> None:
    await visitor.open()
    answer = await visitor.ask("POST", "messages", json=form)
    assert problem(answer)[0] in (400, 422)
    assert len(await visitor.messages()) == 2


async def test_text_with_what_no_database_keeps_is_stored_alike(visitor: Visitor) -> None:
    await visitor.open()
    await visitor.say("a\x00b")
    assert [line["text"] for line in await visitor.messages(after=2)] == ["a\ufffdb", "You said a\ufffdb"]


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "9" * 30, "٣"])
async def test_a_cursor_that_is_none_is_refused(visitor: Visitor, after: str) -> None:
    await visitor.open()
    assert problem(await visitor.ask("GET", "messages", params={"after": after})) == (422, "invalid")


async def test_a_flood_is_slowed_down_and_loses_nothing(visitor: Visitor) -> None:
    clock = [0.0]
    visitor.app.state.chat_rates = ChatRates(  # type: ignore[attr-defined]
        Buckets(per_s=1, burst=1, clock=lambda: clock[0]), Buckets(per_s=1, burst=2, clock=lambda: clock[0])
    )
    await visitor.open()
    answers = [await visitor.say("x", f"flood{number}") for number in range(3)]
    assert [answer.status for answer in answers] == [202, 202, 429]
    assert answers[2].headers["retry-after"] == "1"
    assert (await visitor.open()).status == 429
    clock[0] = 1.0
    assert (await visitor.say("x", "flood2")).status == 202


async def test_u06_only_listed_sites_open_a_chat(visitor: Visitor, home: House) -> None:
    config = {"allowed_origins": ["https://shop.example"]}
    await home.services.database.write(
        lambda tx: channels.change(tx, home.workspace_id, home.channel.id, config=config)
    )
    assert problem(await visitor.open(headers={"Origin": "https://evil.example"})) == (403, "forbidden")
    assert (await visitor.open(headers={"Origin": "https://shop.example"})).status == 201
    assert (await visitor.open(headers={"Origin": "http://testserver"})).status == 201


async def test_a17_other_sites_may_ask_without_cookies(visitor: Visitor) -> None:
    answer = await visitor.open(headers={"Origin": "https://any.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    refused = await visitor.ask("GET", "messages", headers={"Origin": "https://any.example", "Authorization": "x"})
    assert (refused.status, refused.headers["access-control-allow-origin"]) == (401, "*")
    preflight = {"Origin": "https://any.example", "Access-Control-Request-Method": "POST"}
    allowed = await visitor.ask(
        "OPTIONS", "messages", headers={**preflight, "Access-Control-Request-Headers": "authorization,content-type"}
    )
    assert allowed.status == 200
    management = await Client(visitor.app).request("OPTIONS", "/api/v1/bots", headers=preflight)
    assert "access-control-allow-origin" not in management.headers
