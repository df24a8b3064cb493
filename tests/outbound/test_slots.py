"""Slots per lane, workspace and process: rows T15, A19, P12."""

import asyncio

import pytest

from backtalk.outbound.failure import NoReply
from backtalk.outbound.slots import Limits, Slots

SHORT = Limits(per_lane=2, per_workspace=3, in_all=4, waiting_per_workspace=2, wait_s=0.05)


async def test_t15_a_full_lane_waits_a_little_and_ends_as_busy() -> None:
    slots = Slots(SHORT)
    await slots.take(1, "a")
    await slots.take(1, "a")
    with pytest.raises(NoReply) as caught:
        await slots.take(1, "a")
    assert caught.value.kind == "busy"
    await slots.take(1, "b")
    with pytest.raises(NoReply):
        await slots.take(1, "c")  # the workspace is full
    await slots.take(2, "a")
    with pytest.raises(NoReply):
        await slots.take(3, "a")  # the process is full
    assert (slots.in_flight, slots.waiting) == (4, 0)


async def test_a_slot_given_back_goes_to_the_first_who_waits() -> None:
    slots = Slots(Limits(per_lane=1, wait_s=5))
    order: list[int] = []

    async def wait(index: int) -> None:
        await slots.take(1, "a")
        order.append(index)
        slots.give_back(1, "a")

    await slots.take(1, "a")
    tasks = [asyncio.create_task(wait(index)) for index in range(3)]
    await asyncio.sleep(0)
    assert slots.waiting == 3
    slots.give_back(1, "a")
    await asyncio.gather(*tasks)
    assert order == [0, 1, 2]
    assert slots._gates == {}


async def test_too_many_who_wait_are_refused_at_once() -> None:
    slots = Slots(Limits(per_lane=1, waiting_per_workspace=1, wait_s=5))
    await slots.take(1, "a")
    waiting = asyncio.create_task(slots.take(1, "a"))
    await asyncio.sleep(0)
    with pytest.raises(NoReply):
        await asyncio.wait_for(slots.take(1, "a"), 1)
    await slots.take(2, "a")  # another workspace is not concerned
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    slots.give_back(1, "a")
    slots.give_back(2, "a")
    assert (slots.in_flight, slots.waiting, slots._gates) == (0, 0, {})


async def test_who_gives_up_waiting_holds_nothing() -> None:
    slots = Slots(Limits(per_lane=2, per_workspace=1, wait_s=5))
    await slots.take(1, "a")
    waiting = asyncio.create_task(slots.take(1, "b"))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    slots.give_back(1, "a")
    await asyncio.wait_for(slots.take(1, "b"), 1)
    slots.give_back(1, "b")
    assert slots._gates == {}
