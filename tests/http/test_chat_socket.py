"""The web chat over a socket: pushed in order, each once, the same posts taken, strangers shown the door."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from starlette.types import ASGIApp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from backtalk.http import chat_socket
from backtalk.http.app import create_app
from backtalk.runtime.live import MAX_KEPT
from backtalk.storage import conversations, customers, messages
from backtalk.storage.database import Database, Tx
from backtalk.storage.messages import Line
from tests.support.backend import Asked, Backend, backend
from tests.support.chat import Visitor
from tests.support.house import House, document, house
from tests.support.server import served


@pytest.fixture
async def shop() -> AsyncIterator[Backend]:
    async with backend() as opened:
        yield opened


@pytest.fixture
async def home(database: Database, shop: Backend) -> AsyncIterator[House]:
    async with house(database, shop.place) as made:
        api = await made.add_api("Order", shop.url("/order"))
        await made.publish(
            document(
                [{"type": "text", "text": "Hi"}],
                [{"type": "text", "text": f"<<api:{api}>>"}],
            )
        )
        yield made


@pytest.fixture
def app(home: House) -> ASGIApp:
    return create_app(home.services)


@pytest.fixture
async def place(app: ASGIApp) -> AsyncIterator[str]:
    async with served(app) as found:
        yield found


@pytest.fixture
async def visitor(app: ASGIApp, home: House, place: str) -> Visitor:
    made = Visitor(app, home.channel.key)
    await made.open()
    return made


class Socket:
    """One connection, after its greeting."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def frame(self) -> dict[str, Any]:
        frame: dict[str, Any] = orjson.loads(await asyncio.wait_for(self.connection.recv(), 5))
        return frame

    async def send(self, frame: Any) -> None:
        await self.connection.send(orjson.dumps(frame).decode())

    async def until(self, kind: str) -> list[dict[str, Any]]:
        """The frames up to the first of a kind."""
        frames = [await self.frame()]
        while frames[-1]["type"] != kind:
            frames.append(await self.frame())
        return frames


async def opened(place: str, visitor: Visitor, *, after: int = 0, token: str | None = None) -> Socket:
    socket = Socket(await connect(f"ws://{place}/chat/v1/{visitor.key}/socket?after={after}"))
    await socket.send({"token": visitor.token if token is None else token})
    return socket


async def test_what_came_before_is_sent_first_and_then_the_news(place: str, visitor: Visitor, shop: Backend) -> None:
    shop.answers["/order"] = {"data": "On its way", "success": True}
    socket = await opened(place, visitor)
    before = await socket.until("ready")
    assert [frame.get("message", {}).get("text") for frame in before] == ["Hi", None]
    assert before[-1] == {"type": "ready", "cursor": 1}
    await socket.send({"client_id": "a", "text": "where?"})
    frames = [await socket.frame() for _ in range(5)]
    said = [frame["message"] for frame in frames if frame["type"] == "message"]
    assert [(message["seq"], message["text"]) for message in said] == [(2, "where?"), (3, "On its way")]
    assert {"type": "accepted", "client_id": "a", "seq": 2} in frames
    assert [frame["on"] for frame in frames if frame["type"] == "typing"] == [True, False]
    await socket.connection.close()


async def test_resuming_repeats_nothing_and_loses_nothing(place: str, visitor: Visitor, shop: Backend) -> None:
    shop.answers["/order"] = {"data": "On its way", "success": True}
    first = await opened(place, visitor)
    await first.until("ready")
    await first.connection.close()
    for number in range(5):
        await visitor.say(f"m{number}")
    async with asyncio.timeout(5):
        while len(await visitor.messages()) < 11:  # noqa: ASYNC110 - the log is what is tested
            await asyncio.sleep(0.02)
    second = await opened(place, visitor, after=1)
    frames = await second.until("ready")
    assert [frame["message"]["seq"] for frame in frames[:-1]] == list(range(2, 12))
    await second.connection.close()


async def test_the_token_may_be_the_sub_protocol(place: str, visitor: Visitor) -> None:
    address = f"ws://{place}/chat/v1/{visitor.key}/socket"
    async with connect(address, subprotocols=["backtalk", visitor.token]) as connection:  # type: ignore[list-item]
        assert connection.subprotocol == "backtalk"
        assert (await Socket(connection).until("ready"))[0]["message"]["text"] == "Hi"


@pytest.mark.parametrize("hello", [{"token": "forged"}, {"token": 7}, {}, [], "text", None])
async def test_a05_without_a_valid_token_the_socket_is_closed(place: str, visitor: Visitor, hello: Any) -> None:
    socket = Socket(await connect(f"ws://{place}/chat/v1/{visitor.key}/socket"))
    await socket.send(hello)
    assert (await socket.frame())["code"] == "sign_in_required"
    with pytest.raises(ConnectionClosed) as closed:
        await socket.frame()
    assert closed.value.rcvd
    assert closed.value.rcvd.code == 4401


async def test_a_client_that_says_nothing_is_let_go(
    place: str, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_socket, "HELLO_S", 0.05)
    socket = Socket(await connect(f"ws://{place}/chat/v1/{visitor.key}/socket"))
    assert (await socket.frame())["code"] == "sign_in_required"


async def test_bad_frames_are_answered_and_the_socket_stays(place: str, visitor: Visitor, shop: Backend) -> None:
    shop.answers["/order"] = {"data": "On its way", "success": True}
    socket = await opened(place, visitor)
    await socket.until("ready")
    await socket.connection.send("{not json")
    assert (await socket.frame())["code"] == "invalid"
    bad_frames: list[Any] = [
        [],
        {"client_id": "a"},
        {"client_id": "a", "text": ""},
        {"client_id": "a", "press": {"seq": 1, "index": 0}},
    ]
    for bad in bad_frames:
        await socket.send(bad)
        assert (await socket.frame())["type"] == "error"
    await socket.send({"type": "ping"})
    assert await socket.frame() == {"type": "pong"}
    await socket.send({"type": "message", "client_id": "b", "text": "still here"})
    assert (await socket.until("accepted"))[-1]["client_id"] == "b"
    await socket.connection.close()


@pytest.mark.parametrize(
    "frame",
    [
        '{"client_id": "\\ud800", "text": "x"}',
        '{"client_id": NaN, "text": "x"}',
        "[" * 60_000,
        '{"client_id": ' + "[" * 900 + "]" * 900 + "}",
        '{"client_id": "' + "x" * 60_000 + '"}',
        b'\x00{"client_id": "a"}',
    ],
    ids=["surrogate", "nan", "deep", "deep_name", "long_name", "bytes"],
)
async def test_p4_a_hostile_frame_is_refused_in_json_and_nothing_breaks(
    place: str, visitor: Visitor, frame: str | bytes, caplog: pytest.LogCaptureFixture
) -> None:
    socket = await opened(place, visitor)
    await socket.until("ready")
    await socket.connection.send(frame)
    answer = await socket.connection.recv()
    assert len(answer) < 1_000
    assert orjson.loads(answer)["code"] == "invalid"
    await socket.send({"type": "ping"})
    assert await socket.frame() == {"type": "pong"}
    stranger = Socket(await connect(f"ws://{place}/chat/v1/{visitor.key}/socket"))
    await stranger.connection.send(frame)
    assert (await stranger.frame())["code"] == "sign_in_required"
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_a_frame_that_is_too_large_ends_the_socket_only(place: str, visitor: Visitor) -> None:
    socket = await opened(place, visitor)
    await socket.until("ready")
    await socket.connection.send("x" * 100_000)
    with pytest.raises(ConnectionClosed):
        await socket.frame()
    assert len(await visitor.messages()) == 1


async def test_the_socket_ends_when_the_server_stops(place: str, visitor: Visitor, home: House, shop: Backend) -> None:
    async def never(_: Asked) -> object:
        await asyncio.Event().wait()
        return {}

    shop.answers["/order"] = never
    socket = await opened(place, visitor)
    await socket.until("ready")
    home.services.draining = True
    home.services.live.wake_all()
    with pytest.raises(ConnectionClosed) as closed:
        await socket.frame()
    assert closed.value.rcvd
    assert closed.value.rcvd.code == 1012
    assert home.services.live.count() == 0


@pytest.mark.parametrize("erased", [False, True])
async def test_a_socket_says_whether_another_session_or_another_request_is_needed(
    place: str, visitor: Visitor, home: House, erased: bool
) -> None:
    socket = Socket(await connect(f"ws://{place}/chat/v1/{visitor.key}/socket?after={0 if erased else 'x'}"))
    if erased:
        [row] = (await home.services.database.read(lambda tx: customers.page(tx, home.workspace_id, after=0, limit=9)))[
            0
        ]
        await home.services.database.write(lambda tx: customers.erase(tx, home.workspace_id, row.customer.id))
    await socket.send({"token": visitor.token})
    assert (await socket.frame())["code"] == ("sign_in_required" if erased else "invalid")
    with pytest.raises(ConnectionClosed) as closed:
        await socket.frame()
    assert closed.value.rcvd
    assert closed.value.rcvd.code == (4401 if erased else 4400)


async def test_a_slow_socket_gets_everything_that_it_missed(
    place: str, visitor: Visitor, home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages.after_seq, "__kwdefaults__", {"most": 2})
    socket = await opened(place, visitor)
    await socket.until("ready")
    [conversation_id] = home.services.live._listeners

    def work(tx: Tx) -> None:
        loaded = conversations.load(tx, workspace_id=home.workspace_id, conversation_id=conversation_id)
        messages.add(tx, loaded, [Line(seq, 0, "bot", '{"type":"text","text":"x"}') for seq in range(2, 12)])

    await home.services.database.write(work)
    home.services.live.tell(conversation_id, [Line(seq, 0, "bot", "{}") for seq in range(MAX_KEPT + 1)])
    assert [(await socket.frame())["message"]["seq"] for _ in range(10)] == list(range(2, 12))
    await socket.connection.close()
