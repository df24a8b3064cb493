from __future__ import annotations

from typing import Any

import pytest

from backtalk.engine.reply import OnFailure
from backtalk.errors import Invalid, NotFound, PlanRequired
from backtalk.outbound import EgressPolicy
from backtalk.runtime import drafts
from backtalk.runtime.bot_import import Imported, export_bot, import_bot
from backtalk.storage import apis, bots, workspaces
from backtalk.storage.apis import ApiSettings
from backtalk.storage.database import Database, Tx
from tests.support.house import document
from tests.support.tenants import AT, Tenant, two_tenants

POLICY = EgressPolicy()
SECRET = "canary-header-value"


def settings(name: str = "Stock", **more: Any) -> ApiSettings:
    usual: dict[str, Any] = {
        "method": "POST",
        "url": "https://shop.example/stock",
        "headers": [("X-Token", SECRET)],
        "params": [("sku", "{{sku}}")],
        "on_failure": OnFailure("Later", 2),
    }
    return ApiSettings(name=name, **{**usual, **more})


async def furnish(database: Database, tenant: Tenant) -> int:
    """A bot of two sequences that uses an API; the API's id."""

    def work(tx: Tx) -> int:
        api_id = apis.create(tx, tenant.workspace_id, settings(), AT).id
        bots.reserve_sequences(tx, tenant.workspace_id, tenant.bot_id, 2, AT)
        blocks: list[dict[str, Any]] = [
            {"type": "text", "text": f"Left: <<api:{api_id}>>"},
            {"type": "go_to", "sequence": 2},
        ]
        bot = document(blocks, [{"type": "call_api", "api": api_id, "on_failure": {"sequence": 1}}])
        bots.save_draft(tx, tenant.workspace_id, tenant.bot_id, revision=2, document=drafts.normal(bot), at=AT)
        return api_id

    return await database.write(work)


async def test_importing_what_was_exported_changes_nothing(database: Database) -> None:
    one, _ = await two_tenants(database)
    await furnish(database, one)
    before = await drafts.load(database, one.workspace_id, one.bot_id)
    text = await export_bot(database, one.workspace_id, one.bot_id)
    done = await import_bot(database, POLICY, one.workspace_id, text.encode(), bot_id=one.bot_id)
    assert done == Imported(one.bot_id, before.revision, changed=False)
    assert await drafts.load(database, one.workspace_id, one.bot_id) == before
    assert await export_bot(database, one.workspace_id, one.bot_id) == text


async def test_k01_a_file_holds_no_header_value(database: Database) -> None:
    one, _ = await two_tenants(database)
    await furnish(database, one)
    text = await export_bot(database, one.workspace_id, one.bot_id)
    assert "X-Token" in text
    assert SECRET not in text


async def test_in_another_workspace_everything_gets_ids_of_its_own(database: Database) -> None:
    one, two = await two_tenants(database)
    await database.write(lambda tx: apis.create(tx, two.workspace_id, settings("Other"), AT))
    await furnish(database, one)
    text = await export_bot(database, one.workspace_id, one.bot_id)
    done = await import_bot(database, POLICY, two.workspace_id, text.encode())
    assert done.bot_id not in (one.bot_id, two.bot_id)
    assert [(note.code, note.severity) for note in done.notes] == [("header_missing", "warning")]
    made = await database.read(lambda tx: apis.summaries(tx, two.workspace_id))
    (api_id,) = (number for number, summary in made.items() if summary.name == "Stock")
    judged = await drafts.load(database, two.workspace_id, done.bot_id)
    assert judged.document["sequences"][0]["blocks"][0]["text"] == f"Left: <<api:{api_id}>>"
    assert not [problem for problem in judged.problems if problem.severity == "error"]
    api = await database.read(lambda tx: apis.load_for_call(tx, workspace_id=two.workspace_id, api_id=api_id))
    assert api is not None
    assert (api.headers, api.on_failure) == ((("X-Token", ""),), OnFailure("Later", 2))
    assert await export_bot(database, two.workspace_id, done.bot_id) == text


async def test_sequences_keep_their_ids_by_name_and_new_ones_get_new_ids(database: Database) -> None:
    one, _ = await two_tenants(database)
    await furnish(database, one)
    text = await export_bot(database, one.workspace_id, one.bot_id)
    changed = text.replace("sequences:\n", "sequences:\n  - name: Fresh\n    blocks: []\n")
    done = await import_bot(database, POLICY, one.workspace_id, changed.encode(), bot_id=one.bot_id)
    assert done.changed
    judged = await drafts.load(database, one.workspace_id, one.bot_id)
    assert [(s["id"], s["name"]) for s in judged.document["sequences"]] == [
        (3, "Fresh"),
        (1, "Sequence 1"),
        (2, "Sequence 2"),
    ]


async def test_p1_an_api_that_exists_is_not_pointed_at_another_address(database: Database) -> None:
    """A stranger's file must not send the stored secret of an API of the same name to the stranger's host."""
    one, _ = await two_tenants(database)
    api_id = await furnish(database, one)
    text = await export_bot(database, one.workspace_id, one.bot_id)
    evil = text.replace("https://shop.example/stock", "https://evil.example/")
    done = await import_bot(database, POLICY, one.workspace_id, evil.encode(), bot_id=one.bot_id)
    assert [note.code for note in done.notes] == ["api_kept"]
    assert "another url" in done.notes[0].message
    api = await database.read(lambda tx: apis.load_for_call(tx, workspace_id=one.workspace_id, api_id=api_id))
    assert api is not None
    assert (api.url, api.headers) == ("https://shop.example/stock", (("X-Token", SECRET),))


HEAD = "backtalk: 1\nname: X\nsequences: []\napis:\n"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (HEAD + "  - {name: A, url: 'http://127.0.0.1/'}", "$.apis[0].url"),  # E01
        (HEAD + "  - {name: A, url: 'http://169.254.169.254/'}", "$.apis[0].url"),  # E01
        (HEAD + "  - {name: A, url: 'file:///etc/passwd'}", "$.apis[0].url"),  # E17
        (HEAD + "  - {name: A, url: 'https://x.example', headers: [Host]}", "$.apis[0].headers[0].name"),  # E23
        (HEAD + "  - {name: A, url: 'https://x.example', method: TRACE}", "$.apis[0].method"),
        (HEAD + "  - {name: A, url: 'https://x.example', timeout_s: 60}", "$.apis[0].timeout_s"),
        (HEAD + "  - {name: A, url: 'https://x.example', headers: [{name: X, value: y}]}", "$.apis[0].headers[0]"),
        (HEAD + "  - {name: A, url: 7}", "$.apis[0].url"),
        (HEAD + "  - {name: A}", "$.apis[0].url"),
        ("backtalk: 1\nname: X\nsequences: [{name: A, blocks: [{id: b, type: nope}]}]", "$.sequences[0].blocks[0]"),
    ],
)
async def test_n14_what_could_not_be_saved_cannot_be_imported_and_leaves_nothing(
    database: Database, text: str, path: str
) -> None:
    one, _ = await two_tenants(database)
    with pytest.raises(Invalid) as caught:
        await import_bot(database, POLICY, one.workspace_id, text.encode())
    assert path in [problem.where.path for problem in caught.value.problems]
    rows = await database.read(lambda tx: bots.page(tx, one.workspace_id, after=0, limit=9))
    assert [row.id for row in rows] == [one.bot_id]
    assert await database.read(lambda tx: apis.summaries(tx, one.workspace_id)) == {}


async def test_a_free_workspace_gets_no_apis_by_a_file(database: Database) -> None:
    one, _ = await two_tenants(database)
    await database.write(lambda tx: workspaces.set_plan(tx, one.workspace_id, "free"))
    text = HEAD + "  - {name: A, url: 'https://x.example'}"
    with pytest.raises(PlanRequired):
        await import_bot(database, POLICY, one.workspace_id, text.encode())


async def test_a01_another_workspaces_bot_is_neither_exported_nor_replaced(database: Database) -> None:
    one, two = await two_tenants(database)
    with pytest.raises(NotFound):
        await export_bot(database, one.workspace_id, two.bot_id)
    text = "backtalk: 1\nname: X\nsequences: []\n"
    with pytest.raises(NotFound):
        await import_bot(database, POLICY, one.workspace_id, text.encode(), bot_id=two.bot_id)
