"""Decide, save, do: what is acknowledged is stored, each event counts once, and only a held claim's outcome counts."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from backtalk.engine.events import HandedBack, Said, SequenceSent, TakenOver, TextSent
from backtalk.engine.reply import ApiReply
from backtalk.errors import Conflict, Invalid, NotFound
from backtalk.runtime.calls import CallRecord
from backtalk.storage import bots, channels, conversations, customers, effects
from backtalk.storage.database import Database
from tests.support.backend import Asked, Backend, backend
from tests.support.house import House, document, house, now


@pytest.fixture
async def shop() -> AsyncIterator[Backend]:
    async with backend() as opened:
        yield opened


@pytest.fixture
async def home(database: Database, shop: Backend) -> AsyncIterator[House]:
    async with house(database, shop.place) as made:
        yield made


def ok(data: object, **attributes: object) -> dict[str, object]:
    return {"data": data, "success": True, "message": "fine", "attributes": attributes, "status": 200}


def answers_later(shop: Backend, path: str, reply: object) -> asyncio.Event:
    """A backend that answers when the event is set."""
    hold = asyncio.Event()

    async def slow(_: Asked) -> object:
        await hold.wait()
        return reply

    shop.answers[path] = slow
    return hold


async def test_a_conversation_from_the_greeting_to_an_answer_of_the_backend(home: House, shop: Backend) -> None:
    shop.answers["/order"] = ok("is on its way", parcel="P-1")
    api = await home.add_api("Order status", shop.url("/order"))
    await home.publish(
        document(
            [{"type": "text", "text": "Hi {{first_name}}"}],
            [
                {"type": "ask", "text": "Which order?", "save_as": "order", "input": "number"},
                {"type": "text", "text": f"Order {{{{order}}}} <<api:{api}>>."},
                {"type": "text", "text": "Parcel {{parcel}}"},
            ],
        )
    )
    talk = await home.open(first_name="Ann")
    await talk.say("hello")
    await talk.say("42")
    assert await talk.until(6) == [
        "Hi Ann",
        "> hello",
        "Which order?",
        "> 42",
        "Order 42 is on its way.",
        "Parcel P-1",
    ]
    assert [line["seq"] for line in await talk.log()] == [1, 2, 3, 4, 5, 6]
    sent = shop.asked[0].json()
    assert (sent["order"], sent["first_name"], sent["uid"], sent["last_message_text"]) == (
        42,
        "Ann",
        talk.opened.customer_id,
        "42",
    )
    stored = await home.services.database.read(lambda tx: customers.get(tx, home.workspace_id, talk.opened.customer_id))
    assert stored.customer.attributes == {"order": 42, "parcel": "P-1"}
    assert {name: stored.sources[name][0] for name in ("order", "parcel")} == {"order": "ask", "parcel": f"api:{api}"}
    [call] = await home.calls()
    assert (call.outcome, call.http_status, call.reply_message, call.block, call.attempts) == (
        "ok",
        200,
        "fine",
        "s2b1",
        1,
    )


async def test_an_event_with_the_same_id_changes_nothing_and_answers_the_same(home: House) -> None:
    await home.publish(document([{"type": "text", "text": "Hi"}], [{"type": "text", "text": "Yes?"}]))
    talk = await home.open()
    first = await talk.take(Said(now(), "one"), "in:a", "a")
    again = await asyncio.gather(*(talk.take(Said(now(), "other words"), "in:a", "a") for _ in range(50)))
    assert first.seq == 2
    assert {(taken.seq, taken.repeated) for taken in again} == {(2, True)}
    assert await talk.texts() == ["Hi", "> one", "Yes?"]
    assert (await talk.log())[1]["client_id"] == "a"


async def test_a_result_whose_claim_was_lost_changes_nothing(home: House, shop: Backend) -> None:
    hold = answers_later(shop, "/slow", ok("late"))
    api = await home.add_api("Slow", shop.url("/slow"))
    await home.publish(document([{"type": "text", "text": f"<<api:{api}>>"}]))
    talk = await home.open()
    far = (2**62) // 1
    claimed = await home.services.database.write(lambda tx: effects.claim_due(tx, owner="thief", now=far, until=far))
    plan = await home.services.turns.plan(claimed[0], api_id=api)
    await home.services.turns.answered(claimed[0], CallRecord(plan, now(), ApiReply("stolen")))
    hold.set()
    await home.services.performer.stop()
    assert await talk.texts() == ["stolen"]
    await home.services.turns.answered(claimed[0], CallRecord(plan, now(), ApiReply("again")))
    assert await talk.texts() == ["stolen"]
    assert [call.outcome for call in await home.calls()] == ["ok"]


async def test_what_is_said_during_a_call_waits_its_turn_and_keeps_its_order(home: House, shop: Backend) -> None:
    hold = answers_later(shop, "/slow", ok("done"))
    api = await home.add_api("Slow", shop.url("/slow"))
    await home.publish(
        document(
            [{"type": "text", "text": f"<<api:{api}>>"}], [{"type": "text", "text": "You said {{last_message_text}}"}]
        )
    )
    talk = await home.open()
    for number in range(20):
        await talk.say(f"m{number}")
    assert len(await talk.texts()) == 20
    hold.set()
    texts = await talk.until(41)
    assert texts[20:] == ["done", *(f"You said m{number}" for number in range(20))]


async def test_a_press_names_a_place_and_its_target_never_leaves(home: House) -> None:
    await home.publish(
        document(
            [
                {
                    "type": "buttons",
                    "text": "Choose",
                    "buttons": [{"title": "Go", "type": "sequence", "value": 2, "extra": "from=button"}],
                }
            ],
            [{"type": "text", "text": "Came from {{from}}"}],
        )
    )
    talk = await home.open()
    assert (await talk.log())[0]["buttons"] == [{"title": "Go", "type": "sequence"}]
    await talk.press(1, 0)
    assert await talk.texts() == ["Choose", "> Go", "Came from button"]
    for forged in ((1, 1), (1, 0, 0), (2, 0), (99, 0)):  # N10
        with pytest.raises(Invalid, match="no such button"):
            await talk.press(*forged)
    assert len(await talk.texts()) == 3


async def test_a_disconnected_channel_takes_nothing_and_calls_nothing(home: House, shop: Backend) -> None:
    api = await home.add_api("Any", shop.url("/any"))
    await home.publish(document([{"type": "text", "text": f"Hi <<api:{api}>>"}]))
    talk = await home.open()
    await talk.until(1)
    await home.services.database.write(
        lambda tx: channels.set_connected(tx, home.workspace_id, home.channel.id, connected=False)
    )
    with pytest.raises(Conflict, match="closed"):
        await talk.say("hello")
    shop.asked.clear()
    await talk.take(SequenceSent(now(), 1))
    await talk.until(2)
    assert shop.asked == []
    assert (await home.calls())[-1].outcome == "not_allowed"


async def test_n09_a_person_takes_over_while_a_call_is_out(home: House, shop: Backend) -> None:
    hold = answers_later(shop, "/slow", ok("from the bot", secret="saved?"))
    api = await home.add_api("Slow", shop.url("/slow"))
    await home.publish(document([{"type": "text", "text": f"<<api:{api}>>"}], [{"type": "text", "text": "bot"}]))
    talk = await home.open()
    await talk.take(TakenOver(now()))
    hold.set()
    await home.services.performer.stop()
    await talk.say("anybody?")
    await talk.take(TextSent(now(), "A person here"))
    assert await talk.texts() == ["> anybody?", "A person here"]
    assert (await talk.state()).customer.attributes == {"secret": "saved?"}
    assert ["taken over" in note["message"] for note in (await home.calls())[0].notes] == [True]
    await talk.take(HandedBack(now()))
    await talk.say("bot?")
    assert (await talk.texts())[-1] == "bot"


async def test_a_foreign_or_unknown_conversation_is_not_found(home: House) -> None:
    await home.publish(document([{"type": "text", "text": "Hi"}]))
    talk = await home.open()
    for workspace_id, conversation_id in (
        (home.workspace_id + 1, talk.opened.conversation_id),
        (home.workspace_id, 999),
    ):
        with pytest.raises(NotFound):
            await home.services.turns.take(
                workspace_id=workspace_id, conversation_id=conversation_id, event=Said(now(), "x"), external_id="x"
            )


async def test_conversations_do_not_wait_for_each_others_backends(home: House, shop: Backend) -> None:
    hold = answers_later(shop, "/slow", ok("slow"))
    api = await home.add_api("Slow", shop.url("/slow"))
    await home.publish(
        document(
            [{"type": "text", "text": "Hi"}],
            [{"type": "text", "text": "Quick"}],
            [{"type": "text", "text": f"<<api:{api}>>"}],
            keywords=[{"words": ["slow"], "sequence": 3}],
        )
    )
    waiting = [await home.open() for _ in range(10)]
    for talk in waiting:
        await talk.say("slow please")
    quick = await home.open()
    await quick.say("hello")
    assert await quick.texts() == ["Hi", "> hello", "Quick"]
    hold.set()
    for talk in waiting:
        assert (await talk.until(3))[-1] == "slow"


async def test_a_published_change_is_met_at_the_next_message_and_not_before(home: House, shop: Backend) -> None:
    hold = answers_later(shop, "/slow", ok("answer"))
    api = await home.add_api("Slow", shop.url("/slow"))
    await home.publish(document([{"type": "text", "text": f"old <<api:{api}>>"}, {"type": "text", "text": "old end"}]))
    talk = await home.open()
    await home.publish(document([{"type": "text", "text": "new"}]))
    hold.set()
    assert await talk.until(2) == ["old answer", "old end"]
    await talk.say("hello")
    assert (await talk.until(4))[-1] == "new"


async def test_a_channel_that_gets_another_bot_during_a_call_goes_on_with_that_bot(home: House, shop: Backend) -> None:
    hold = answers_later(shop, "/slow", ok("old answer"))
    api = await home.add_api("Slow", shop.url("/slow"))
    await home.publish(document([{"type": "text", "text": "old"}]))
    await home.publish(document([{"type": "text", "text": f"<<api:{api}>>"}]))
    talk = await home.open()
    other = await home.services.database.write(lambda tx: bots.create(tx, home.workspace_id, "Other", now()))
    await home.services.database.write(
        lambda tx: channels.change(tx, home.workspace_id, home.channel.id, bot_id=other.id)
    )
    await House(home.services, home.workspace_id, other.id, home.channel).publish(
        document([{"type": "text", "text": "new"}])
    )
    hold.set()
    await home.services.performer.stop()
    await talk.say("hello")
    assert await talk.texts() == ["> hello", "new"]


async def test_what_was_committed_is_performed_even_when_whoever_asked_is_gone(
    home: House, shop: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.answers["/x"] = ok("x")
    api = await home.add_api("X", shop.url("/x"))
    await home.publish(document([{"type": "text", "text": "Hi"}], [{"type": "text", "text": f"<<api:{api}>>"}]))
    talk = await home.open()
    loading, go_on, really = threading.Event(), threading.Event(), conversations.load

    def load(*args: Any, **more: Any) -> Any:
        loading.set()
        go_on.wait(5)
        return really(*args, **more)

    monkeypatch.setattr(conversations, "load", load)
    listener = home.services.live.listen(talk.opened.conversation_id)
    saying = asyncio.create_task(talk.say("hello"))
    assert await asyncio.to_thread(loading.wait, 5)
    saying.cancel()
    go_on.set()
    await asyncio.gather(saying, return_exceptions=True)
    assert saying.cancelled()
    assert await talk.until(3) == ["Hi", "> hello", "x"]
    assert [line.sender for line in listener.take()[0]] == ["customer", "bot"]


async def test_contract_5_a_reply_of_which_nothing_is_left_is_logged_as_such(home: House, shop: Backend) -> None:
    shop.answers["/buttons"] = ok([{"title": "Go", "type": "sequence", "value": 99}], seen=True)
    api = await home.add_api("Buttons", shop.url("/buttons"))
    buttons = {"type": "buttons", "text": "Choose", "buttons": [{"api": api}], "on_failure": {"say": "Sorry."}}
    await home.publish(document([buttons]))
    talk = await home.open()
    assert await talk.until(2) == ["Choose", "Sorry."]
    [call] = await home.calls()
    assert call.outcome == "bad_shape"
    assert "buttons" in call.message
    assert any("sequence 99" in note["message"] for note in call.notes)
