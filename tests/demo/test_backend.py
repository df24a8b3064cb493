"""The sample backend: what it answers is read as any backend's answer, the right ones and the wrong ones."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from urllib.parse import urlencode

import orjson
import pytest
from starlette.applications import Starlette

from backtalk.backend.reply import read_reply
from backtalk.demo.backend import TOKEN_HEADER, create_backend
from backtalk.demo.install import BOT_FILE, FILE_BACKEND
from backtalk.engine.messages import Button, Card, Media
from backtalk.engine.reply import ApiFailure, ApiReply, Shape
from backtalk.exchange import HttpReply
from backtalk.runtime.conversation_tests import load_bot
from tests.support.asgi import Client, Reply

TOKEN = "let me in"
PICTURES = "https://shop.example.com/demo/pictures"
BOT, APIS = load_bot(BOT_FILE.read_bytes())
SEQUENCES = {sequence.name: sequence.id for sequence in BOT.sequences.values()}


def made(*, slow_s: float = 0) -> Starlette:
    return create_backend(token=TOKEN, sequences=SEQUENCES, pictures_url=PICTURES, slow_s=slow_s)


async def got(path: str) -> Reply:
    return await Client(made()).get(path, headers={TOKEN_HEADER: TOKEN})


async def answer(name: str, **customer: object) -> ApiReply | ApiFailure:
    """What the API of this name in the bot file answers."""
    api = next(api for api in APIS.values() if api.name == name)
    query = f"?{urlencode(api.params)}" if api.params else ""
    path = api.url.removeprefix(FILE_BACKEND) + query
    sent = None if api.method == "GET" else customer
    reply = await Client(made()).request(api.method, path, json=sent, headers={TOKEN_HEADER: TOKEN})
    return read_reply(api.output, HttpReply(reply.status, tuple(reply.headers.items()), reply.body, 1))


async def shown(name: str, **customer: object) -> ApiReply:
    reply = await answer(name, **customer)
    assert isinstance(reply, ApiReply), reply
    assert reply.notes == ()
    return reply


async def test_all_five_shapes_are_answered_without_a_deviation() -> None:
    shapes: set[Shape | None] = set()
    for api in APIS.values():
        if not api.url.startswith(f"{FILE_BACKEND}/failures/"):
            await shown(api.name, order_number=42)
            shapes.add(api.output)
    assert shapes == {"text", "image", "gallery", "buttons", "quick_replies", None}


def buttons_in(items: Iterable[Card | Button]) -> list[Button]:
    return [button for item in items for button in (item.buttons if isinstance(item, Card) else (item,))]


@pytest.mark.parametrize("name", ["Products", "Support contacts", "Delivery slots"])
async def test_every_button_leads_somewhere(name: str) -> None:
    data = (await shown(name)).data
    assert isinstance(data, tuple)
    targets = [button.value for button in buttons_in(data) if button.type == "sequence"]
    assert targets
    assert set(targets) <= set(BOT.sequences)


async def test_an_order_is_found_by_the_attribute() -> None:
    assert (await shown("Order status", order_number=7)).attributes == {"order_status": "delivered"}
    assert (await shown("Order status", order_number="42")).data == (
        "Order 42 is on its way.\nThe van is three streets from you."
    )
    unknown = await answer("Order status", order_number=1)
    assert isinstance(unknown, ApiFailure)
    assert (unknown.outcome, unknown.attributes) == ("declined", {"order_status": "unknown"})


async def test_the_basket_counts() -> None:
    assert (await shown("Add to basket", basket_count="")).attributes == {"basket_count": 1}
    assert (await shown("Add to basket", basket_count=2)).attributes == {"basket_count": 3}


async def test_pictures_come_from_the_public_address() -> None:
    assert (await shown("Shop picture")).data == Media("image", f"{PICTURES}/shop.svg")
    assert (await shown("Shop jingle")).data == Media("audio", f"{PICTURES}/jingle.wav")


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("Failing server", "bad_status"),
        ("Broken JSON", "invalid_json"),
        ("Wrong shape", "bad_shape"),
        ("Declined request", "declined"),
    ],
)
async def test_the_failures_fail_as_they_say(name: str, outcome: str) -> None:
    failure = await answer(name)
    assert isinstance(failure, ApiFailure)
    assert failure.outcome == outcome


async def test_the_failures_that_the_door_out_sees() -> None:
    assert len((await got("/failures/oversized")).body) > 1_048_576
    assert (await got("/failures/redirect")).status == 307
    assert (await got("/failures/dripping")).body.startswith(b'{"success": true')
    assert (await got("/failures/slow")).status == 200


async def test_the_slow_one_is_slow() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await Client(made(slow_s=60)).get("/failures/slow", headers={TOKEN_HEADER: TOKEN})


@pytest.mark.parametrize("headers", [{}, {TOKEN_HEADER: ""}, {TOKEN_HEADER: "Let me in"}])
async def test_without_the_secret_token_nothing_is_answered(headers: dict[str, str]) -> None:
    reply = await Client(made()).get("/opening-hours", headers=headers)
    assert reply.status == 401
    assert orjson.loads(reply.body)["success"] is False


def test_each_api_of_the_bot_has_its_route() -> None:
    paths = {getattr(route, "path", "") for route in made().routes}
    assert {api.url for api in APIS.values()} == {f"{FILE_BACKEND}{path}" for path in paths}
