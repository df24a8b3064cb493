"""Look-ups that never block and end by themselves: row T05."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from backtalk.outbound.failure import NoReply
from backtalk.outbound.resolver import Resolver


@contextlib.contextmanager
def mute_name_server() -> Iterator[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{mute.getsockname()[1]}"


class Zone(asyncio.DatagramProtocol):
    """Answers every A question with one address, AAAA with none, and names that begin with "no" with NXDOMAIN."""

    def __init__(self) -> None:
        self.questions: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.DatagramTransport = transport  # type: ignore[assignment]  # it is one

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        name_end = data.index(b"\0", 12) + 1
        question = data[12 : name_end + 4]
        self.questions.append(question)
        missing = question[1:3] == b"no"
        is_a = question[-4:-2] == b"\0\1"
        record = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4\x7f\0\0\2" if is_a and not missing else b""
        flags = b"\x81\x83" if missing else b"\x81\x80"
        self.transport.sendto(
            data[:2] + flags + b"\0\1" + (b"\0\1" if record else b"\0\0") + b"\0\0\0\0" + question + record, addr
        )


@contextlib.asynccontextmanager
async def name_server() -> AsyncIterator[tuple[Zone, str]]:
    transport, zone = await asyncio.get_running_loop().create_datagram_endpoint(Zone, ("127.0.0.1", 0))
    try:
        yield zone, f"127.0.0.1:{transport.get_extra_info('sockname')[1]}"
    finally:
        transport.close()


async def test_e12_names_are_looked_up_anew_each_time() -> None:
    async with name_server() as (zone, address):
        resolver = Resolver(servers=[address])
        for _ in range(2):
            assert [str(found) for found in await resolver.addresses("shop.example.com")] == ["127.0.0.2"]
        assert len([question for question in zone.questions if question[-4:-2] == b"\0\1"]) == 2
        await resolver.close()


async def test_a_name_that_does_not_exist() -> None:
    async with name_server() as (_, address):
        resolver = Resolver(servers=[address])
        with pytest.raises(NoReply, match="spelling") as caught:
            await resolver.addresses("nowhere.example.com")
        assert caught.value.kind == "unreachable"
        await resolver.close()


async def test_t05_a_mute_name_server_ends_as_a_timeout_by_itself() -> None:
    with mute_name_server() as address:
        resolver = Resolver(servers=[address], timeout_s=0.1)
        began = time.monotonic()
        with pytest.raises(NoReply) as caught:
            await resolver.addresses("shop.example.com")
        assert caught.value.kind == "timeout"
        assert time.monotonic() - began < 2
        await resolver.close()


async def test_t05_look_ups_that_were_given_up_hold_no_thread_and_no_task() -> None:
    with mute_name_server() as address:
        resolver = Resolver(servers=[address])
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(resolver.addresses("a.example.com"), 0.02)
        threads, tasks = threading.active_count(), len(asyncio.all_tasks())
        for index in range(50):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(resolver.addresses(f"a{index}.example.com"), 0.001)
        assert threading.active_count() <= threads
        assert len(asyncio.all_tasks()) == tasks
        await resolver.close()
        await resolver.close()
