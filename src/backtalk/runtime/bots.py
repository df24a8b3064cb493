"""The published bots that are being talked to, ready to run. Versions never change, so that what is kept is never stale."""

from __future__ import annotations

from collections import OrderedDict

from backtalk.blocks import read_bot
from backtalk.engine.bot import Bot, Triggers
from backtalk.errors import NotFound
from backtalk.storage import versions
from backtalk.storage.database import Tx

MAX_KEPT = 256

_NOTHING = Bot(name="", triggers=Triggers(), sequences={})


class Bots:
    """Used inside transactions only, which one thread runs."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, int], Bot] = OrderedDict()

    def get(self, tx: Tx, *, workspace_id: int, bot_id: int, number: int | None) -> Bot:
        """A version of a bot; an empty bot when there is none: nothing is published, or the channel got another bot meanwhile."""
        if number is None:
            return _NOTHING
        key = (bot_id, number)
        bot = self._kept.get(key)
        if bot is None:
            try:
                document = versions.version(tx, workspace_id, bot_id, number)
            except NotFound:
                return _NOTHING
            bot = self._kept[key] = read_bot(document, number=number)
            if len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return bot
