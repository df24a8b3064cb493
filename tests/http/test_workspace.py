"""The workspace over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from backtalk.storage import workspaces
from tests.http.site import Site

_PATH = "/api/v1/workspace"


async def test_name_timezone_and_signing_can_be_changed(site: Site) -> None:
    reply = await site.own.admin.patch(_PATH, {"name": " Shop ", "timezone": 5.75, "signing": False})
    assert reply.status == 200
    shown = (await site.own.viewer.get(_PATH)).json()
    assert shown == reply.json()
    assert (shown["name"], shown["timezone"], shown["signing"], shown["plan"]) == ("Shop", 5.75, False, "paid")
    await site.own.admin.patch(_PATH, {"timezone": -3})
    shown = (await site.own.viewer.get(_PATH)).json()
    assert (shown["name"], shown["timezone"], shown["signing"]) == ("Shop", -3.0, False)
    assert (await site.other.viewer.get(_PATH)).json()["name"] == "Other"


@pytest.mark.parametrize(
    "change",
    [
        {"plan": "paid"},
        {"id": 2},
        {"workspace_id": 2},
        {"created_at": "2020-01-01T00:00:00Z"},
        {"signing_secret": "x"},
        {"name": ""},
        {"name": "x" * 81},
        {"name": "a\nb"},
        {"timezone": 15},
        {"timezone": "six"},
    ],
)
async def test_a15_the_plan_and_what_is_ours_cannot_be_changed(site: Site, change: dict[str, Any]) -> None:
    before = (await site.own.owner.get(_PATH)).json()
    assert (await site.own.owner.patch(_PATH, change)).status == 422
    assert (await site.own.owner.get(_PATH)).json() == before


async def test_a_new_signing_secret_is_shown_once_and_signs_beside_the_old_one(site: Site) -> None:
    database, workspace_id = site.services.database, site.own.id
    old = (await database.read(lambda tx: workspaces.caller(tx, workspace_id=workspace_id))).signing_secrets
    reply = await site.own.admin.post(f"{_PATH}/signing-secret")
    secret = reply.json()["secret"]
    assert secret.startswith("whsec_")
    now = (await database.read(lambda tx: workspaces.caller(tx, workspace_id=workspace_id))).signing_secrets
    assert now == (secret, *old)
    shown = await site.own.owner.get(_PATH)
    assert secret not in shown.text
    assert shown.json()["old_signing_secret_until"] is not None


async def test_a04_editors_change_nothing_of_it(site: Site) -> None:
    assert (await site.own.editor.patch(_PATH, {"name": "x"})).status == 403
    assert (await site.own.editor.post(f"{_PATH}/signing-secret")).status == 403
