"""One connection, one exchange at a time: rows B29, B30, T10."""

import asyncio
import socket

import pytest

from backtalk.outbound.connection import Connection
from backtalk.outbound.failure import NoReply
from tests.support.hostile_server import Behaviour, Peer, answer, answers, answers_once, closes, hostile_server, resets

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def connect(port: int) -> Connection:
    loop = asyncio.get_running_loop()
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setblocking(False)
    _, connection = await loop.create_connection(lambda: Connection(sock, loop), sock=sock)
    return connection


def rest(connection: Connection, seconds: float = 5) -> bool:
    return connection.rest(asyncio.get_running_loop().time() + seconds)


async def test_a_connection_carries_one_exchange_after_the_other() -> None:
    async with hostile_server(answers(answer())) as server:
        connection = await connect(server.port)
        for _ in range(3):
            assert (await connection.exchange(REQUEST)).status == 200
            assert rest(connection)
            assert connection.usable()
        assert server.connections == 1
        connection.abort()
        assert not connection.usable()
        assert not rest(connection)
        await asyncio.sleep(0)
        with pytest.raises(NoReply):
            await connection.exchange(REQUEST)


@pytest.mark.parametrize("behaviour", [closes, resets])
async def test_t10_an_end_without_an_answer_is_a_failure(behaviour: Behaviour) -> None:
    async with hostile_server(behaviour) as server:
        connection = await connect(server.port)
        with pytest.raises(NoReply) as caught:
            await connection.exchange(REQUEST)
        assert caught.value.kind == "unreachable"


async def test_t10_a_peer_that_has_closed_is_noticed_before_the_first_byte() -> None:
    async with hostile_server(answers_once(answer())) as server:
        connection = await connect(server.port)
        await connection.exchange(REQUEST)
        assert rest(connection)
        with socket.socket(fileno=socket.dup(connection._sock.fileno())) as same:
            same.setblocking(True)
            assert same.recv(1, socket.MSG_PEEK) == b""  # the end has arrived, the event loop has not seen it
        assert not connection.usable()
        connection.abort()


async def test_b29_bytes_that_nobody_asked_for_end_the_connection() -> None:
    async with hostile_server(answers_once(answer() + b"HTTP/1.1 200 OK\r\n")) as server:
        connection = await connect(server.port)
        with pytest.raises(NoReply):
            await connection.exchange(REQUEST)
        await asyncio.sleep(0)
        assert not connection.usable()


async def test_a_rest_that_is_over_is_over() -> None:
    async with hostile_server(answers(answer())) as server:
        connection = await connect(server.port)
        await connection.exchange(REQUEST)
        assert rest(connection, -1)
        assert not connection.usable()
        connection.abort()


async def test_an_exchange_that_is_given_up_can_be_aborted() -> None:
    async with hostile_server(answers(answer(), after_s=60)) as server:
        connection = await connect(server.port)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(connection.exchange(REQUEST), 0.02)
        connection.abort()


async def test_b29_bytes_that_come_while_it_rests_end_the_connection() -> None:
    async def speaks_unasked(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer())
        await asyncio.sleep(0.02)
        await peer.send(answer())
        await peer.reader.read()

    async with hostile_server(speaks_unasked) as server:
        connection = await connect(server.port)
        await connection.exchange(REQUEST)
        assert rest(connection)
        await asyncio.sleep(0.05)
        assert not connection.usable()
