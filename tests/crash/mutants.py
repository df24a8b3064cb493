"""Planted bugs: each is one that a crash would turn into a loss or a repetition, and the kill test must find every one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from secrets import token_hex
from typing import Any

from backtalk.runtime import calls, perform
from backtalk.runtime.perform import Performer
from backtalk.runtime.turn import Turns
from backtalk.storage import conversations, effects, events
from backtalk.storage.database import Database


def acknowledge_before_the_commit() -> None:
    """The result of a transaction is given out while it may still be lost."""
    really = Database.write

    async def write(self: Database, work: Callable[[Any], Any]) -> Any:
        loop = asyncio.get_running_loop()
        early: asyncio.Future[Any] = loop.create_future()

        def tell(value: Any) -> None:
            if not early.done():
                early.set_result(value)

        def told(tx: Any) -> Any:
            value = work(tx)
            loop.call_soon_threadsafe(tell, value)
            return value

        stored = asyncio.ensure_future(really(self, told))
        await asyncio.wait({stored, early}, return_when=asyncio.FIRST_COMPLETED)
        return early.result() if early.done() else stored.result()

    Database.write = write  # type: ignore[method-assign]


def settle_before_the_call() -> None:
    """A call is struck off the list of what is owed before it is made."""
    really_call, really_settle = Performer._call, effects.settle

    async def _call(self: Performer, debt: Any) -> None:
        await self._turns._database.write(lambda tx: really_settle(tx, debt.owed))
        await really_call(self, debt)

    Performer._call = _call  # type: ignore[method-assign]
    effects.settle = lambda tx, owed: really_settle(tx, owed) or owed.kind == "call_api"


def save_in_two_commits() -> None:
    """The messages of a step are stored in one transaction, the state that goes with them in the next."""
    really = conversations.save
    second: list[Callable[[Any], None]] = []

    def save(tx: Any, conversation: Any, state: Any, **more: Any) -> None:
        second.append(lambda later: really(later, conversation, state, **more))

    class TwoCommits:
        def __init__(self, database: Database) -> None:
            self.read = database.read
            self._write = database.write
            self._one_at_a_time = asyncio.Lock()

        async def write(self, work: Callable[[Any], Any]) -> Any:
            async with self._one_at_a_time:
                second.clear()
                done = await self._write(work)
                for late in second:
                    await self._write(late)
                return done

    really_made = Turns.__init__

    def made(self: Turns, database: Any, live: Any, *, owner: str) -> None:
        really_made(self, TwoCommits(database), live, owner=owner)  # type: ignore[arg-type]

    conversations.save = save
    Turns.__init__ = made  # type: ignore[method-assign]


def forget_what_was_taken() -> None:
    """A message that comes again is taken again."""
    really = events.add

    def add(tx: Any, conversation: Any, event: Any, *, external_id: str, **more: Any) -> None:
        really(tx, conversation, event, external_id=f"{external_id}:{token_hex(4)}", **more)

    events.known = lambda _tx, **_: None
    events.add = add


def repeat_with_another_key() -> None:
    """A call that is made again cannot be known by its key."""
    really = calls.make_call

    async def make_call(*args: Any, key: str, **more: Any) -> Any:
        return await really(*args, key=f"{key}-{token_hex(2)}", **more)

    setattr(perform, "make_call", make_call)  # noqa: B010 - a name that the module does not export


def keep_the_claims_of_the_dead() -> None:
    """What the last process had begun is left to it after a restart, until its claims end."""
    effects.release_all = lambda tx: 0


PLANTED: dict[str, Callable[[], None]] = {
    bug.__name__: bug
    for bug in (
        acknowledge_before_the_commit,
        settle_before_the_call,
        save_in_two_commits,
        forget_what_was_taken,
        repeat_with_another_key,
        keep_the_claims_of_the_dead,
    )
}
