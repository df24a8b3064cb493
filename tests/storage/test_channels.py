from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest

from backtalk.errors import NotFound
from backtalk.storage import bots, channels, conversations
from backtalk.storage.database import Database, Tx
from backtalk.storage.sealing import KeyMismatch
from tests.support.tenants import AT, add_customer, two_tenants


async def test_a_channel_is_found_by_its_public_key_and_says_whose_it_is(database: Database) -> None:
    _, two = await two_tenants(database)
    found = await database.read(lambda tx: channels.by_key(tx, "key-two"))
    assert found == two.channel
    assert found.workspace_id == two.workspace_id
    assert await database.read(lambda tx: channels.by_key(tx, "key-three")) is None


async def test_what_is_not_given_stays(database: Database) -> None:
    one, _ = await two_tenants(database)
    row = await database.write(lambda tx: channels.change(tx, one.workspace_id, one.channel.id, name="New"))
    assert (row.name, row.bot_id, row.config) == ("New", one.bot_id, {"title": "one"})
    row = await database.write(lambda tx: channels.change(tx, one.workspace_id, one.channel.id, config={}))
    assert (row.name, row.config) == ("New", {})


async def test_with_another_bot_the_conversations_go_on_with_it(database: Database) -> None:
    one, _ = await two_tenants(database)

    def work(tx: Tx) -> tuple[int, int]:
        opened = add_customer(tx, one, "somebody")
        bot = bots.create(tx, one.workspace_id, "Other", AT)
        channels.change(tx, one.workspace_id, one.channel.id, bot_id=bot.id)
        bots.remove(tx, one.workspace_id, one.bot_id)
        loaded = conversations.load(tx, workspace_id=one.workspace_id, conversation_id=opened.conversation_id)
        return bot.id, loaded.bot_id

    new, used = await database.write(work)
    assert used == new


async def test_credentials_are_sealed_and_bound_to_their_row(database: Database) -> None:
    """Row K01: no plaintext in the file; a ciphertext moved to another row does not open."""
    one, two = await two_tenants(database)
    assert await database.read(lambda tx: channels.credentials(tx, one.workspace_id, one.channel.id)) == {
        "identity_secret": "secret of one"
    }
    files = list(database.path.parent.glob("backtalk.db*"))
    assert files
    assert not any(b"secret of one" in file.read_bytes() for file in files)
    with sqlite3.connect(database.path) as raw:
        raw.execute(
            "UPDATE channels SET credentials = (SELECT credentials FROM channels WHERE id = ?) WHERE id = ?",
            (one.channel.id, two.channel.id),
        )
    raw.close()
    with pytest.raises(KeyMismatch):
        await database.read(lambda tx: channels.credentials(tx, two.workspace_id, two.channel.id))


async def test_connecting_and_disconnecting(database: Database) -> None:
    one, _ = await two_tenants(database)
    for connected in (False, True):
        row = await database.write(
            lambda tx, c=connected: channels.set_connected(tx, one.workspace_id, one.channel.id, connected=c)  # type: ignore[misc]
        )
        assert row.connected is connected


FOREIGN: dict[str, Callable[[Tx, int, int], object]] = {
    "get": channels.get,
    "change": lambda tx, ws, channel: channels.change(tx, ws, channel, name="x"),
    "set_connected": lambda tx, ws, channel: channels.set_connected(tx, ws, channel, connected=False),
    "credentials": channels.credentials,
    "save_credentials": lambda tx, ws, channel: channels.save_credentials(tx, ws, channel, {}),
    "remove": channels.remove,
}


@pytest.mark.parametrize("name", FOREIGN)
async def test_a01_another_workspaces_channel_is_not_there(database: Database, name: str) -> None:
    one, two = await two_tenants(database)
    with pytest.raises(NotFound):
        await database.write(lambda tx: FOREIGN[name](tx, one.workspace_id, two.channel.id))
    assert await database.read(lambda tx: channels.by_key(tx, "key-two")) == two.channel


async def test_a01_a_channel_cannot_be_given_another_workspaces_bot(database: Database) -> None:
    one, two = await two_tenants(database)
    with pytest.raises(NotFound):
        await database.write(
            lambda tx: channels.change(tx, one.workspace_id, one.channel.id, name="taken", bot_id=two.bot_id)
        )
    with pytest.raises(NotFound):
        await database.write(
            lambda tx: channels.create(
                tx,
                one.workspace_id,
                type="webchat",
                name="x",
                bot_id=two.bot_id,
                key="k",
                config={},
                credentials={},
                connected=True,
                at=AT,
            )
        )
    rows = await database.read(lambda tx: channels.page(tx, one.workspace_id, after=0, limit=9))
    assert rows == [one.channel]
