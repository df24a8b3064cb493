"""Putting the demo in and taking it out: complete, repeatable, and without touching what is not its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from backtalk.backend.api import Api
from backtalk.blocks import problems_of, read_bot
from backtalk.demo.backend import TOKEN_HEADER
from backtalk.demo.install import Installed, install, remove
from backtalk.errors import Conflict, NotFound
from backtalk.runtime.references import apis_used
from backtalk.storage import apis, bots, channels, versions, workspaces
from backtalk.storage.apis import ApiSettings
from backtalk.storage.database import Database, Tx

FIRST = "http://127.0.0.1:9001"
SECOND = "http://127.0.0.1:9002"
AT = datetime(2026, 1, 5, tzinfo=UTC)


async def workspace(database: Database) -> int:
    row, _ = await database.write(lambda tx: workspaces.create(tx, name="Ours", at=AT))
    return row.id


async def put_in(database: Database, workspace_id: int, *, url: str = FIRST, number: int = 1) -> Installed:
    return await install(database, workspace_id=workspace_id, backend_url=url, token=f"t{number}")


async def apis_of(database: Database, workspace_id: int) -> dict[str, Api]:
    def work(tx: Tx) -> list[Api | None]:
        return [
            apis.load_for_call(tx, workspace_id=workspace_id, api_id=api_id)
            for api_id in apis.summaries(tx, workspace_id)
        ]

    return {api.name: api for api in await database.read(work) if api}


def own_channel(tx: Tx, workspace_id: int, bot_id: int) -> None:
    """A channel of the user's own, answered by the demo's bot."""
    channels.create(
        tx,
        workspace_id,
        type="webchat",
        name="Mine",
        bot_id=bot_id,
        key="k",
        config={},
        credentials={},
        connected=True,
        at=AT,
    )


async def test_it_is_complete_and_live(database: Database) -> None:
    workspace_id = await workspace(database)
    installed = await put_in(database, workspace_id)
    live = await database.read(lambda tx: versions.live(tx, workspace_id, installed.bot_id))
    assert live is not None
    summaries = await database.read(lambda tx: apis.summaries(tx, workspace_id))
    assert problems_of(read_bot(live[1]), apis=summaries) == []
    channel = await database.read(lambda tx: channels.by_key(tx, installed.channel_key))
    assert channel is not None
    assert (channel.connected, channel.bot_id, channel.workspace_id) == (True, installed.bot_id, workspace_id)
    assert installed.sequences["Basket"] in {sequence["id"] for sequence in live[1]["sequences"]}
    for api in (await apis_of(database, workspace_id)).values():
        assert api.url.startswith(f"{FIRST}/")
        assert api.headers == ((TOKEN_HEADER, "t1"),)


async def test_a_second_start_keeps_everything_and_points_to_the_new_place(database: Database) -> None:
    workspace_id = await workspace(database)
    first = await put_in(database, workspace_id)
    hours = (await apis_of(database, workspace_id))["Opening hours"]
    mine = ApiSettings(
        name="Opening hours", method="GET", url="https://mine.example.com/hours", headers=[("X-Mine", "m")]
    )
    await database.write(lambda tx: apis.change(tx, workspace_id, hours.id, mine, AT))
    second = await put_in(database, workspace_id, url=SECOND, number=2)
    assert second == first
    now = await apis_of(database, workspace_id)
    assert now["Products"].url == f"{SECOND}/products"
    assert now["Products"].headers == ((TOKEN_HEADER, "t2"),)
    assert now["Delivery slots"].params == (("days", "2"),)
    assert (now["Opening hours"].url, now["Opening hours"].headers) == (
        "https://mine.example.com/hours",
        (("X-Mine", "m"),),
    )
    assert await database.read(lambda tx: versions.live_number(tx, workspace_id, first.bot_id)) == 1


async def test_it_comes_back_when_its_channel_was_deleted(database: Database) -> None:
    workspace_id = await workspace(database)
    first = await put_in(database, workspace_id)
    await database.write(lambda tx: channels.remove(tx, workspace_id, first.channel_id))
    second = await put_in(database, workspace_id)
    assert second.channel_key != first.channel_key
    assert len(await database.read(lambda tx: bots.page(tx, workspace_id, after=0, limit=10))) == 1


async def test_a_bot_that_the_user_works_on_is_never_taken_out_by_a_start(database: Database) -> None:
    workspace_id = await workspace(database)
    first = await put_in(database, workspace_id)

    def user(tx: Tx) -> None:
        own_channel(tx, workspace_id, first.bot_id)
        channels.remove(tx, workspace_id, first.channel_id)
        bots.rename(tx, workspace_id, first.bot_id, "My shop", AT)

    await database.write(user)
    second = await put_in(database, workspace_id)
    assert second.bot_id == first.bot_id
    assert (await database.read(lambda tx: bots.get(tx, workspace_id, first.bot_id))).name == "My shop"
    channel = await database.read(lambda tx: channels.by_key(tx, second.channel_key))
    assert channel is not None
    assert channel.bot_id == first.bot_id


async def test_its_backend_knows_the_sequences_though_they_have_other_names_now(database: Database) -> None:
    workspace_id = await workspace(database)
    first = await put_in(database, workspace_id)

    def renamed(tx: Tx) -> None:
        draft = bots.draft(tx, workspace_id, first.bot_id)
        for sequence in draft.document["sequences"]:
            sequence["name"] = f"My {sequence['name']}"
        bots.save_draft(tx, workspace_id, first.bot_id, revision=draft.revision, document=draft.document, at=AT)

    await database.write(renamed)
    assert (await put_in(database, workspace_id)).sequences == first.sequences


async def test_a_channel_that_got_another_bot_is_kept(database: Database) -> None:
    workspace_id = await workspace(database)
    installed = await put_in(database, workspace_id)

    def given_away(tx: Tx) -> None:
        mine = bots.create(tx, workspace_id, "Mine", AT)
        channels.change(tx, workspace_id, installed.channel_id, name=None, bot_id=mine.id, config=None)

    await database.write(given_away)
    assert (await remove(database)).was_there is True
    assert await database.read(lambda tx: channels.by_key(tx, installed.channel_key)) is not None


async def test_removal_leaves_nothing_of_it(database: Database) -> None:
    workspace_id = await workspace(database)
    installed = await put_in(database, workspace_id)
    removed = await remove(database)
    assert (removed.was_there, removed.kept) == (True, ())
    assert await apis_of(database, workspace_id) == {}
    assert await database.read(lambda tx: channels.by_key(tx, installed.channel_key)) is None
    with pytest.raises(NotFound):
        await database.read(lambda tx: bots.get(tx, workspace_id, installed.bot_id))
    assert (await remove(database)).was_there is False
    assert (await put_in(database, workspace_id)).bot_id != installed.bot_id


async def test_removal_keeps_an_api_that_another_bot_uses(database: Database) -> None:
    workspace_id = await workspace(database)
    await put_in(database, workspace_id)
    products = (await apis_of(database, workspace_id))["Products"].id

    def another_bot(tx: Tx) -> None:
        bot = bots.create(tx, workspace_id, "Mine", AT)
        sequence_id, revision = bots.add_sequence(tx, workspace_id, bot.id, "Start", AT)
        document = bots.draft(tx, workspace_id, bot.id).document
        document["sequences"][0]["blocks"] = [{"id": "g", "type": "gallery", "items": [{"api": products}]}]
        assert apis_used(document) == {products}
        bots.save_draft(tx, workspace_id, bot.id, revision=revision, document=document, at=AT)
        assert sequence_id == 1

    await database.write(another_bot)
    assert (await remove(database)).kept == ("Products",)
    assert list(await apis_of(database, workspace_id)) == ["Products"]


async def test_removal_is_refused_while_another_channel_has_the_bot(database: Database) -> None:
    workspace_id = await workspace(database)
    installed = await put_in(database, workspace_id)

    await database.write(lambda tx: own_channel(tx, workspace_id, installed.bot_id))
    with pytest.raises(Conflict, match="still answers on a channel"):
        await remove(database)
    assert await database.read(lambda tx: channels.by_key(tx, installed.channel_key)) is not None


async def test_an_api_of_the_same_name_is_not_overwritten(database: Database) -> None:
    workspace_id = await workspace(database)
    mine = ApiSettings(name="Products", method="GET", url="https://mine.example.com/")
    await database.write(lambda tx: apis.create(tx, workspace_id, mine, AT))
    with pytest.raises(Conflict, match="Products"):
        await put_in(database, workspace_id)
    assert (
        replace(mine, headers=[], params=[])
        == (await database.read(lambda tx: apis.page(tx, workspace_id, after=0, limit=9)))[0].settings
    )
    assert await database.read(lambda tx: bots.page(tx, workspace_id, after=0, limit=9)) == []
