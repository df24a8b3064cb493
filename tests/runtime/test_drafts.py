from __future__ import annotations

from typing import Any

import pytest

from backtalk.errors import Conflict, Invalid, NotFound, TooLarge
from backtalk.runtime import drafts
from backtalk.storage import bots, versions
from backtalk.storage.database import Database
from tests.support.house import document, house
from tests.support.tenants import AT, two_tenants

HELLO = {"type": "text", "text": "Hello"}


async def add_sequences(database: Database, workspace_id: int, bot_id: int, count: int) -> None:
    await database.write(lambda tx: bots.reserve_sequences(tx, workspace_id, bot_id, count, AT))


async def test_an_unfinished_draft_is_kept_with_its_problems(database: Database) -> None:
    one, _ = await two_tenants(database)
    await add_sequences(database, one.workspace_id, one.bot_id, 1)
    unfinished = document([{"type": "text", "text": ""}, {"type": "call_api", "api": 99}])
    judged = await drafts.save(database, one.workspace_id, one.bot_id, revision=2, document=unfinished)
    assert (judged.revision, judged.document) == (3, unfinished)
    assert {(problem.where.block, problem.code) for problem in judged.problems} >= {
        ("s1b0", "blank"),
        ("s1b1", "unknown_api"),
    }
    assert await drafts.load(database, one.workspace_id, one.bot_id) == judged


@pytest.mark.parametrize(
    "broken",
    [
        {"name": "x", "sequences": [{"id": 1, "name": "a", "blocks": [{"id": "b", "type": "nope"}]}]},
        {"name": "x", "sequences": [{"id": 1, "name": "a", "blocks": [{"id": "b", "type": "text", "txt": "x"}]}]},
        {"name": "x", "sequences": [{"id": 1, "name": "a", "blocks": [{"type": "text"}]}]},
        {"name": "x", "sequences": [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]},
        {"name": "x", "sequences": {}},
        {"name": "x", "workspace_id": 2},
        {"name": ""},
        {},
        [],
        None,
    ],
)
async def test_what_has_not_the_shape_of_a_bot_is_refused_and_nothing_is_stored(
    database: Database, broken: Any
) -> None:
    one, _ = await two_tenants(database)
    await add_sequences(database, one.workspace_id, one.bot_id, 1)
    before = await drafts.load(database, one.workspace_id, one.bot_id)
    with pytest.raises(Invalid) as caught:
        await drafts.save(database, one.workspace_id, one.bot_id, revision=2, document=broken)
    assert caught.value.problems
    assert all(problem.where.path for problem in caught.value.problems)
    assert await drafts.load(database, one.workspace_id, one.bot_id) == before


async def test_a_document_that_is_too_large_is_refused(database: Database) -> None:
    texts = [{"type": "text", "text": "x" * 19_000} for _ in range(60)]
    with pytest.raises(TooLarge):
        drafts.normal(document(texts))


def test_a_document_is_stored_as_it_was_sent() -> None:
    sent = document([HELLO, {"type": "condition", "if": {"any": [{"attribute": "a", "op": "is_set"}]}, "else": None}])
    assert drafts.normal(sent) == sent
    assert drafts.normal({"name": "x"}) == {"name": "x", "triggers": {}, "sequences": []}


async def test_publishing_is_refused_for_errors_and_not_for_warnings(database: Database) -> None:
    one, _ = await two_tenants(database)
    with pytest.raises(Invalid, match="1 problem ") as caught:
        await drafts.publish(database, one.workspace_id, one.bot_id)
    assert [problem.code for problem in caught.value.problems] == ["empty"]
    assert await database.read(lambda tx: versions.live_number(tx, one.workspace_id, one.bot_id)) is None
    await add_sequences(database, one.workspace_id, one.bot_id, 1)
    warned = document([HELLO], default=None)
    judged = await drafts.save(database, one.workspace_id, one.bot_id, revision=2, document=warned)
    assert {problem.severity for problem in judged.problems} == {"warning"}
    assert await drafts.publish(database, one.workspace_id, one.bot_id, note="first") == 1
    live = await database.read(lambda tx: versions.live(tx, one.workspace_id, one.bot_id))
    assert live == (1, warned)


async def test_an_old_revision_is_refused(database: Database) -> None:
    one, _ = await two_tenants(database)
    for expected in (None, Conflict):
        attempt = drafts.save(database, one.workspace_id, one.bot_id, revision=1, document={"name": "x"})
        if expected is None:
            await attempt
        else:
            with pytest.raises(expected):
                await attempt


async def test_a_restored_version_is_a_draft_until_it_is_published(database: Database) -> None:
    async with house(database) as made:
        await made.publish(document([HELLO]))
        await made.publish(document([{"type": "text", "text": "Second"}]))
        judged = await drafts.restore(database, made.workspace_id, made.bot_id, 1)
        assert judged.document == document([HELLO])
        assert (await (await made.open()).texts()) == ["Second"]
        assert await drafts.publish(database, made.workspace_id, made.bot_id) == 3
        assert (await (await made.open()).texts()) == ["Hello"]


async def test_n02_a_conversation_inside_a_question_survives_a_new_version(database: Database) -> None:
    async with house(database) as made:
        ask = {"type": "ask", "text": "Your name?", "save_as": "name"}
        await made.publish(document([ask, {"type": "text", "text": "Old {{name}}"}]))
        talk = await made.open()
        gone = await made.open()
        await made.publish(document([ask, {"type": "text", "text": "New {{name}}"}]))
        await talk.say("Ann")
        assert await talk.texts() == ["Your name?", "> Ann", "New Ann"]
        await made.publish(document([{"type": "text", "text": "No question"}]))
        await gone.say("Bob")
        assert await gone.texts() == ["Your name?", "> Bob", "No question"]


async def test_a01_another_workspaces_draft_is_not_there(database: Database) -> None:
    one, two = await two_tenants(database)
    for attempt in (
        drafts.load(database, one.workspace_id, two.bot_id),
        drafts.save(database, one.workspace_id, two.bot_id, revision=1, document={"name": "x"}),
        drafts.publish(database, one.workspace_id, two.bot_id),
        drafts.restore(database, one.workspace_id, two.bot_id, 1),
    ):
        with pytest.raises(NotFound):
            await attempt
