"""One call from the table to the log: refused when it must be, masked, complete."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from backtalk.engine.customer import Customer
from backtalk.engine.reply import ApiFailure, ApiReply
from backtalk.runtime.calls import CallPlan, call_row, make_call, plan_call
from backtalk.storage import attributes, workspaces
from backtalk.storage.database import Database
from tests.support.backend import Backend, backend
from tests.support.house import House, house, now

PERSON = Customer(5, 1, datetime(2020, 10, 16, 6, 41, 59, 39735, UTC), first_name="Ann", attributes={"size": 3})


@pytest.fixture
async def shop() -> AsyncIterator[Backend]:
    async with backend() as opened:
        yield opened


@pytest.fixture
async def home(database: Database, shop: Backend) -> AsyncIterator[House]:
    async with house(database, shop.place) as made:
        yield made


async def planned(home: House, api: int, *, plan: str = "paid", refused: str = "") -> CallPlan:
    return await home.services.database.read(
        lambda tx: plan_call(
            tx, workspace_id=home.workspace_id, api_id=api, customer=PERSON, plan=plan, refused=refused
        )
    )


async def test_contract_3_a_post_carries_the_customer_and_every_known_attribute(home: House, shop: Backend) -> None:
    shop.answers["/x"] = {"data": "yes", "success": True}
    api = await home.add_api("X", shop.url("/x"), headers=[("X-Token", "a secret token")])
    await home.services.database.write(
        lambda tx: attributes.add(tx, workspace_id=home.workspace_id, new=["size", "colour"], at=now())
    )
    record = await make_call(home.services.outbound, await planned(home, api), shape="text", key="k-1", at=now())
    assert isinstance(record.result, ApiReply)
    asked = shop.asked[0]
    sent = asked.json()
    assert (sent["uid"], sent["first_name"], sent["size"], sent["colour"]) == (5, "Ann", 3, "")
    assert asked.headers["x-token"] == "a secret token"
    assert asked.headers["idempotency-key"] == "k-1"
    row = call_row(record, test=True)
    assert (row.outcome, row.method, row.test, row.message) == ("ok", "POST", True, "")
    assert "a secret token" not in str(row)


async def test_contract_7_a_call_is_signed_with_the_workspaces_secret(home: House, shop: Backend) -> None:
    shop.answers["/x"] = {"data": "yes", "success": True}
    api = await home.add_api("X", shop.url("/x"))
    secret = await home.services.database.write(lambda tx: workspaces.new_signing_secret(tx, home.workspace_id, now()))
    await make_call(home.services.outbound, await planned(home, api), shape="text", key="k", at=now())
    asked = shop.asked[0]
    assert len(asked.headers["webhook-signature"].split()) == 2, "the old secret signs too for a day"
    Webhook(secret).verify(asked.body, asked.headers)
    await home.services.database.write(lambda tx: workspaces.change(tx, home.workspace_id, signing=False))
    await make_call(home.services.outbound, await planned(home, api), shape="text", key="k", at=now())
    assert "webhook-signature" not in shop.asked[1].headers


async def test_contract_3_k14_a_get_sends_nothing_of_the_customer(home: House, shop: Backend) -> None:
    shop.answers["/x"] = {"data": "yes", "success": True}
    api = await home.add_api("X", shop.url("/x"), method="GET", params=[("size", "{{size}}")])
    await make_call(home.services.outbound, await planned(home, api), shape="text", key="k", at=now())
    assert (shop.asked[0].method, shop.asked[0].path, shop.asked[0].body) == ("GET", "/x?size=3", b"")
    assert "Ann" not in str(shop.asked[0])


@pytest.mark.parametrize(("plan", "refused", "words"), [("free", "", "paid plans"), ("paid", "Paused.", "Paused.")])
async def test_contract_1_a_call_that_is_not_allowed_opens_no_connection(
    home: House, shop: Backend, plan: str, refused: str, words: str
) -> None:
    api = await home.add_api("X", shop.url("/x"))
    record = await make_call(
        home.services.outbound, await planned(home, api, plan=plan, refused=refused), shape="text", key="k", at=now()
    )
    assert isinstance(record.result, ApiFailure)
    assert record.outcome == "not_allowed"
    assert words in record.result.message
    assert shop.asked == []
    row = call_row(record)
    assert (row.ms, row.http_status, row.request, row.response) == (0, None, {}, {})


async def test_a_deleted_api_is_not_called(home: House) -> None:
    record = await make_call(home.services.outbound, await planned(home, 99), shape=None, key="k", at=now())
    assert record.outcome == "not_allowed"
    assert "deleted" in call_row(record).message


@pytest.mark.parametrize(
    ("answer", "outcome", "status", "where"),
    [
        ((500, b'{"success": true, "data": "x"}'), "bad_status", 500, ""),  # B20
        (b"<html>", "invalid_json", 200, "line 1, column 1"),
        (b'{"success": true, "data": {"x": 1}}', "bad_shape", 200, "$.data"),
        (b'{"success": false, "attributes": {"a": 1}}', "declined", 200, ""),
        ((302, b""), "bad_status", 302, ""),
    ],
)
async def test_contract_4_failures_are_logged_with_their_place(
    home: House, shop: Backend, answer: bytes | tuple[int, bytes], outcome: str, status: int, where: str
) -> None:
    shop.answers["/x"] = answer
    api = await home.add_api("X", shop.url("/x"))
    record = await make_call(home.services.outbound, await planned(home, api), shape="text", key="k", at=now())
    row = call_row(record)
    assert (row.outcome, row.http_status) == (outcome, status)
    assert where in row.message
    assert row.response["status"] == status


async def test_e01_a_stored_address_that_became_forbidden_is_not_called(home: House) -> None:
    api = await home.add_api("X", "http://127.0.0.1:1/x")
    record = await make_call(home.services.outbound, await planned(home, api), shape="text", key="k", at=now())
    assert record.outcome == "blocked_address"
