"""Connections at rest are never shared, bounded and closed when idle: rows E13, O02."""

import asyncio

import pytest

from backtalk.outbound import pool as pool_module
from backtalk.outbound.connection import Connection
from backtalk.outbound.pool import MAX_AGE_S, Pool
from backtalk.outbound.target import read_target
from tests.outbound.test_connection import REQUEST, connect
from tests.support.hostile_server import answer, answers, hostile_server

SHELF = Pool.shelf(1, read_target("http://a.example/"))


async def used(port: int) -> Connection:
    connection = await connect(port)
    await connection.exchange(REQUEST)
    return connection


async def test_the_connection_used_last_comes_first_and_each_only_once() -> None:
    async with hostile_server(answers(answer())) as server:
        pool = Pool()
        first, second = await used(server.port), await used(server.port)
        pool.give(SHELF, first, keep_alive_s=None)
        pool.give(SHELF, second, keep_alive_s=60)
        assert pool.size == 2
        assert [pool.take(SHELF), pool.take(SHELF), pool.take(SHELF)] == [second, first, None]
        assert pool.size == 0
        for connection in (first, second):
            connection.abort()
        pool.close()


def test_e13_shelves_are_apart_by_workspace_scheme_host_and_port() -> None:
    targets = [
        read_target(url)
        for url in ("http://a.example/", "https://a.example/", "http://b.example/", "http://a.example:81/")
    ]
    assert len({Pool.shelf(workspace_id, target) for workspace_id in (1, 2) for target in targets}) == 8


async def test_the_number_at_rest_is_bounded_and_the_oldest_goes_first() -> None:
    async with hostile_server(answers(answer())) as server:
        pool = Pool(per_shelf=2, in_all=3)
        connections = [await used(server.port) for _ in range(5)]
        for index, connection in enumerate(connections):
            pool.give((index // 3, "http", "a", 80), connection, keep_alive_s=None)
        assert pool.size == 3
        assert [connection.usable() for connection in connections] == [False, True, False, True, True]
        pool.close()
        assert pool.size == 0
        pool.give(SHELF, connections[0], keep_alive_s=None)
        assert pool.size == 0
        await asyncio.sleep(0)


@pytest.mark.parametrize("keep_alive_s", [0, 1])
async def test_a_server_that_closes_soon_is_believed(keep_alive_s: int) -> None:
    async with hostile_server(answers(answer())) as server:
        pool = Pool()
        pool.give(SHELF, await used(server.port), keep_alive_s=keep_alive_s)
        assert pool.size == 0
        pool.close()


async def test_an_old_connection_is_not_kept() -> None:
    async with hostile_server(answers(answer())) as server:
        pool = Pool()
        connection = await used(server.port)
        connection.opened_at -= MAX_AGE_S + 1
        pool.give(SHELF, connection, keep_alive_s=None)
        assert pool.size == 0
        pool.close()


async def test_o02_idle_connections_are_closed_and_the_timer_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "IDLE_S", 0.03)
    monkeypatch.setattr(pool_module, "_SWEEP_S", 0.02)
    async with hostile_server(answers(answer())) as server:
        pool = Pool()
        connection = await used(server.port)
        pool.give(SHELF, connection, keep_alive_s=None)
        async with asyncio.timeout(2):
            while pool.size:  # noqa: ASYNC110 - there is no event for a sweep
                await asyncio.sleep(0.01)
        assert not connection.usable()
        assert pool._timer is None
        assert not pool._shelves
