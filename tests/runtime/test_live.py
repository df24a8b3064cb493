"""News reaches those who listen, in order; a slow listener is told that it missed some."""

from __future__ import annotations

import asyncio

from backtalk.runtime.live import MAX_KEPT, Live
from backtalk.storage.messages import Line


def line(seq: int) -> Line:
    return Line(seq, 0, "bot", "{}")


async def test_a_listener_gets_the_news_of_its_conversation_only() -> None:
    live = Live()
    mine, other = live.listen(1), live.listen(2)
    live.tell(1, [line(1), line(2)], typing=True)
    await asyncio.wait_for(mine.wait(), 1)
    assert mine.take() == ([line(1), line(2)], True)
    assert mine.take() == ([], None)
    assert other.take() == ([], None)


async def test_a_slow_listener_keeps_a_bounded_number_and_knows_that_it_missed_some() -> None:
    live = Live()
    listener = live.listen(1)
    for seq in range(MAX_KEPT + 1):
        live.tell(1, [line(seq)])
    assert listener.missed
    assert len(listener.take()[0]) <= MAX_KEPT


async def test_who_leaves_is_forgotten() -> None:
    live = Live()
    listener = live.listen(1)
    assert live.count() == 1
    live.leave(1, listener)
    live.leave(1, listener)
    live.tell(1, [line(1)])
    assert live.count() == 0
    assert listener.take() == ([], None)


async def test_everybody_is_woken_when_the_process_stops() -> None:
    live = Live()
    listeners = [live.listen(number) for number in range(3)]
    live.wake_all()
    for listener in listeners:
        await asyncio.wait_for(listener.wait(), 1)
