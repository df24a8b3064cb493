"""The full page and its script: nothing of a channel's name or look becomes markup, and the policy is strict."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backtalk.http import chat_page
from backtalk.http.app import create_app
from backtalk.storage import channels
from backtalk.storage.database import Database
from tests.support.asgi import Client
from tests.support.house import House, document, house

NASTY = "\"'><script>alert(1)</script>\u2028"


@pytest.fixture
async def home(database: Database) -> AsyncIterator[House]:
    async with house(database, sweep=False) as made:
        await made.publish(document([{"type": "text", "text": "Hi"}]))
        yield made


@pytest.fixture
def client(home: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    script = tmp_path / "widget.js"
    script.write_text("built()")
    monkeypatch.setattr(chat_page, "SCRIPT", script)
    return Client(create_app(home.services))


async def test_the_page_holds_the_chat_of_its_channel(client: Client, home: House) -> None:
    reply = await client.get(f"/c/{home.channel.key}")
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert f'data-channel="{home.channel.key}"' in reply.text
    assert 'data-title="Web"' in reply.text
    assert "<title>Web</title>" in reply.text
    assert '<script src="/widget.js"></script>' in reply.text
    assert "<style" not in reply.text


async def test_u12_a_name_is_never_markup(client: Client, home: House) -> None:
    await home.services.database.write(
        lambda tx: channels.change(
            tx,
            home.workspace_id,
            home.channel.id,
            name=NASTY,
            config={"title": NASTY, "greeting": NASTY, "lang": NASTY, "color": NASTY},
        )
    )
    text = (await client.get(f"/c/{home.channel.key}")).text
    assert "<script>alert" not in text
    assert text.count("<script") == 1
    assert "&lt;script&gt;alert(1)" in text


@pytest.mark.parametrize(
    ("asked", "language"),
    [("ar-EG,ar;q=0.9,en;q=0.8", "ar-EG"), ("de", "de"), ("*", "en"), ("", "en"), ('"><b>', "en")],
)
async def test_the_page_speaks_the_visitors_language(client: Client, home: House, asked: str, language: str) -> None:
    reply = await client.get(f"/c/{home.channel.key}", headers={"Accept-Language": asked})
    assert f'<html lang="{language}"' in reply.text


async def test_u06_scripts_and_connections_come_from_here_only(client: Client, home: House) -> None:
    policy = (await client.get(f"/c/{home.channel.key}")).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert policy.endswith("frame-ancestors 'self'")
    await home.services.database.write(
        lambda tx: channels.change(
            tx, home.workspace_id, home.channel.id, config={"allowed_origins": ["https://shop.example"]}
        )
    )
    listed = (await client.get(f"/c/{home.channel.key}")).headers["content-security-policy"]
    assert listed.endswith("frame-ancestors 'self' https://shop.example")


async def test_the_script_is_open_to_every_site_and_asked_for_anew_when_it_changed(client: Client, home: House) -> None:
    for path in ("/widget.js", f"/chat/v1/{home.channel.key}/widget.js"):
        first = await client.get(path)
        assert (first.status, first.text) == (200, "built()")
        assert first.headers["content-type"].startswith("text/javascript")
        assert first.headers["cross-origin-resource-policy"] == "cross-origin"
        known = {"If-None-Match": first.headers["etag"]}
        again = await client.get(path, headers=known)
        assert (again.status, again.body) == (304, b"")
        chat_page.SCRIPT.write_text("changed()")
        assert (await client.get(path, headers=known)).text == "changed()"
        chat_page.SCRIPT.write_text("built()")


async def test_without_a_built_script_the_answer_names_the_command(client: Client, home: House) -> None:
    chat_page.SCRIPT.unlink()
    for path in ("/widget.js", f"/c/{home.channel.key}"):
        reply = await client.get(path)
        assert reply.status == 503
        assert "make" in reply.text


async def test_u14_an_unknown_channel_reflects_nothing(client: Client) -> None:
    reply = await client.get("/c/%3Cscript%3E")
    assert reply.status == 404
    assert "script" not in reply.text


async def test_a_customer_with_an_old_address_reads_a_page(client: Client) -> None:
    reply = await client.get("/c/gone")
    assert (reply.status, reply.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "There is no chat here" in reply.text
