"""Tokens and roles at the door."""

from __future__ import annotations

import ast
import inspect
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.requests import Request

from backtalk import http
from backtalk.errors import Forbidden, SignInRequired
from backtalk.http import auth
from backtalk.http.api import routes
from backtalk.http.auth import Access, require, role_of
from backtalk.storage import tokens
from backtalk.storage.tokens import ROLES, Role
from tests.http.site import Site

_WORKSPACE = "/api/v1/workspace"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer bt_",
        "Bearer bt_" + "A" * 43,
        "Bearer bt_" + "A" * 100_000,
        "Bearer bt_\xff\xfe",
        "Basic dXNlcjpwYXNz",
        "Token {token}",
        "Bearer {token}x",
        "Bearer x{token}",
    ],
)
async def test_a13_only_a_valid_token_opens(site: Site, header: str) -> None:
    header = header.replace("{token}", site.own.owner.token)
    reply = await site.anybody.get(_WORKSPACE, headers={"authorization": header} if header else {})
    assert reply.status == 401
    assert reply.headers["www-authenticate"] == "Bearer"
    assert reply.json()["code"] == "sign_in_required"


async def test_the_scheme_is_read_in_any_case(site: Site) -> None:
    reply = await site.anybody.get(_WORKSPACE, headers={"authorization": f"bearer  {site.own.owner.token}"})
    assert reply.status == 200


async def test_a12_a_revoked_token_ends_at_once(site: Site) -> None:
    database = site.services.database
    row = await database.read(lambda tx: tokens.find(tx, site.own.editor.token))
    assert row is not None
    assert (await site.own.editor.get(_WORKSPACE)).status == 200
    await database.write(lambda tx: tokens.revoke(tx, site.own.id, row.id, datetime.now(UTC)))
    assert (await site.own.editor.get(_WORKSPACE)).status == 401
    assert (await site.own.owner.get(_WORKSPACE)).status == 200


async def test_the_last_use_is_noted(site: Site) -> None:
    await site.own.viewer.get(_WORKSPACE)
    row = await site.services.database.read(lambda tx: tokens.find(tx, site.own.viewer.token))
    assert row is not None
    assert row.last_used_at is not None


async def test_a09_guessing_is_slowed_and_a_valid_token_is_not(site: Site) -> None:
    guesser = site.anybody.with_token("bt_" + "A" * 43)
    statuses = [(await guesser.get(_WORKSPACE)).status for _ in range(40)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert (await site.own.owner.get(_WORKSPACE)).status == 200
    guesser.address = "203.0.113.10"
    assert (await guesser.get(_WORKSPACE)).status == 401


async def test_a22_one_token_has_a_rate_and_the_other_workspace_does_not_feel_it(site: Site) -> None:
    last = 0
    for _ in range(400):
        reply = await site.own.viewer.get(_WORKSPACE)
        last = reply.status
        if last == 429:
            assert int(reply.headers["retry-after"]) >= 1
            break
    assert last == 429
    assert (await site.other.viewer.get(_WORKSPACE)).status == 200


async def test_401_comes_before_the_body_is_read(site: Site) -> None:
    reply = await site.anybody.request("POST", "/api/v1/bots", body=b"not json", headers={"content-type": "text/plain"})
    assert reply.status == 401


async def test_unknown_paths_tell_nothing_without_a_token(site: Site) -> None:
    assert (await site.anybody.get("/api/v1/nothing")).status == 401


@pytest.mark.parametrize("path", ["/api/v1/openapi.json", "/api/v1/docs", "/api/v1/contract/text.json"])
async def test_what_is_public_needs_no_token(site: Site, path: str) -> None:
    assert (await site.anybody.get(path)).status == 200


@pytest.mark.parametrize("path", ["/api/v1/contract/../workspace", "/api/v1//workspace", "/api/v1/%2e/workspace"])
async def test_a_public_prefix_opens_nothing_else(site: Site, path: str) -> None:
    assert (await site.anybody.get(path)).status in (401, 404)


@pytest.mark.parametrize("asked", ROLES)
@pytest.mark.parametrize("held", ROLES)
def test_a04_a_role_holds_those_below_it(asked: Role, held: Role) -> None:
    order = ("viewer", "editor", "admin", "owner")
    request = Request({"type": "http", "backtalk.access": Access(1, held, 1)})
    if order.index(held) >= order.index(asked):
        assert require(asked)(request).workspace_id == 1
    else:
        with pytest.raises(Forbidden):
            require(asked)(request)


def test_p8_an_absent_access_denies() -> None:
    with pytest.raises(SignInRequired):
        require("viewer")(Request({"type": "http"}))


def test_a26_nothing_about_authorisation_can_be_forgotten_to_be_awaited() -> None:
    for role in ROLES:
        assert not inspect.iscoroutinefunction(require(role))


def test_a26_every_route_asks_for_a_role_or_is_public() -> None:
    for route in routes():
        assert role_of(route) is not None or route.path.startswith(auth.PUBLIC), route.path


def test_a08_viewers_may_get_and_nothing_else() -> None:
    for route in routes():
        if role_of(route) == "viewer":
            assert route.methods == {"GET"}, route.path


def test_a26_require_is_only_ever_a_dependency() -> None:
    """Calling it inside a handler would check nothing."""
    for path in Path(http.__path__[0]).glob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        depends = {
            id(argument)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Depends"
            for argument in node.args
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "require":
                assert id(node) in depends, path.name
