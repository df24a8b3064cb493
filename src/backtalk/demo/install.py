"""Putting the sample shop into a workspace and taking it out again, each in one transaction.

What was put in is written down (`installation`, name `demo`), so that a second start finds it, points its APIs at wherever the
demo's backend listens now, and changes nothing that the user has made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import orjson

from backtalk.demo.backend import TOKEN_HEADER
from backtalk.engine.reply import OnFailure
from backtalk.errors import NotFound
from backtalk.runtime import bot_file, drafts
from backtalk.runtime.api_use import where_used
from backtalk.runtime.references import renumbered
from backtalk.storage import apis, bots, channels, installation, versions
from backtalk.storage.apis import ApiSettings
from backtalk.storage.channels import ChannelRow
from backtalk.storage.database import Database, Tx

BOT_FILE = Path(__file__).with_name("bot.yaml")
FILE_BACKEND = "http://127.0.0.1:8421"
"""Where the addresses in the bot file point to."""
TITLE = "Green Grocer"
_FACT = "demo"


@dataclass(frozen=True, slots=True)
class Installed:
    """What the demo consists of. `sequences` are the ids of the bot's sequences by name, as its backend must know them."""

    workspace_id: int
    bot_id: int
    channel_id: int
    channel_key: str
    sequences: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Removed:
    """`kept` are the names of demo APIs that another bot uses by now."""

    was_there: bool
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Marker:
    workspace_id: int
    bot_id: int
    channel_id: int
    api_ids: tuple[int, ...]
    backend_url: str
    sequences: Mapping[str, int]
    """As they were put in: by now they may have other names."""


async def install(database: Database, *, workspace_id: int, backend_url: str, token: str) -> Installed:
    """Bot, APIs and channel, published; what is there already stays. `token` is what the backend asks for.

    Raises Conflict when the workspace has another API of the same name as one of the demo's.
    """
    at = datetime.now(UTC)

    def work(tx: Tx) -> Installed:
        marker = _marker(tx)
        if marker and _there(lambda: bots.get(tx, marker.workspace_id, marker.bot_id)):
            if not _there(lambda: channels.get(tx, marker.workspace_id, marker.channel_id)):
                marker = replace(marker, channel_id=_channel(tx, marker.workspace_id, marker.bot_id, at).id)
            marker = _pointed(tx, marker, backend_url=backend_url, token=token, at=at)
        else:
            if marker:
                _take_out(tx, marker)
            marker = _put_in(tx, workspace_id, backend_url=backend_url, token=token, at=at)
        _write(tx, marker)
        channel = channels.get(tx, marker.workspace_id, marker.channel_id)
        return Installed(marker.workspace_id, marker.bot_id, marker.channel_id, channel.key, marker.sequences)

    return await database.write(work)


async def remove(database: Database) -> Removed:
    """Everything that `install` made, with the conversations on its channel. Raises Conflict when another channel uses the bot."""

    def work(tx: Tx) -> Removed:
        marker = _marker(tx)
        if marker is None:
            return Removed(was_there=False)
        return Removed(was_there=True, kept=_take_out(tx, marker))

    return await database.write(work)


def _put_in(tx: Tx, workspace_id: int, *, backend_url: str, token: str, at: datetime) -> _Marker:
    file = bot_file.read(BOT_FILE.read_bytes())
    bot = bots.create(tx, workspace_id, file.document["name"], at)
    ids = bots.reserve_sequences(tx, workspace_id, bot.id, len(file.document["sequences"]), at)
    sequences = dict(enumerate(ids, 1))
    api_ids = {
        number: apis.create(tx, workspace_id, _settings(api, sequences, backend_url=backend_url, token=token), at).id
        for number, api in file.apis.items()
    }
    document = drafts.normal(renumbered(file.document, sequences=sequences, apis=api_ids))
    revision = bots.draft(tx, workspace_id, bot.id).revision
    revision = bots.save_draft(tx, workspace_id, bot.id, revision=revision, document=document, at=at)
    versions.publish(tx, workspace_id, bot.id, revision=revision, note="The sample shop", at=at)
    names = {sequence["name"]: sequence["id"] for sequence in document["sequences"]}
    channel = _channel(tx, workspace_id, bot.id, at)
    return _Marker(workspace_id, bot.id, channel.id, tuple(api_ids.values()), backend_url, names)


def _channel(tx: Tx, workspace_id: int, bot_id: int, at: datetime) -> ChannelRow:
    return channels.create(
        tx,
        workspace_id,
        type="webchat",
        name=TITLE,
        bot_id=bot_id,
        key=token_urlsafe(12),
        config={"title": TITLE, "color": "#1f6b3f"},
        credentials={"identity_secret": token_urlsafe(32)},
        connected=True,
        at=at,
    )


def _settings(api: Mapping[str, Any], sequences: Mapping[int, int], *, backend_url: str, token: str) -> ApiSettings:
    plan = api["on_failure"]
    return ApiSettings(
        name=api["name"],
        method=api["method"],
        url=api["url"].replace(FILE_BACKEND, backend_url),
        headers=[(name, token if name == TOKEN_HEADER else "") for name in api["headers"]],
        params=[(param["name"], param["value"]) for param in api["params"]],
        output=api["output"],
        timeout_s=api["timeout_s"],
        on_failure=OnFailure(plan.get("say"), sequences.get(plan.get("sequence"))) if plan else None,
    )


def _pointed(tx: Tx, marker: _Marker, *, backend_url: str, token: str, at: datetime) -> _Marker:
    """Point the APIs that still lead to the demo's backend at where it is now."""
    for api_id in marker.api_ids:
        api = apis.load_for_call(tx, workspace_id=marker.workspace_id, api_id=api_id)
        if api is None or not api.url.startswith(f"{marker.backend_url}/"):
            continue
        url = backend_url + api.url.removeprefix(marker.backend_url)
        headers = tuple((name, token if name == TOKEN_HEADER else value) for name, value in api.headers)
        if (url, headers) != (api.url, api.headers):
            stored = apis.get(tx, marker.workspace_id, api_id).settings
            apis.change(tx, marker.workspace_id, api_id, replace(stored, url=url, headers=headers), at)
    return replace(marker, backend_url=backend_url)


def _take_out(tx: Tx, marker: _Marker) -> tuple[str, ...]:
    workspace_id = marker.workspace_id
    if _answered_by_the_demo(tx, marker):
        channels.remove(tx, workspace_id, marker.channel_id)
    if _there(lambda: bots.get(tx, workspace_id, marker.bot_id)):
        bots.remove(tx, workspace_id, marker.bot_id)
    kept: list[str] = []
    for api_id in marker.api_ids:
        summary = apis.summaries(tx, workspace_id).get(api_id)
        if summary and where_used(tx, workspace_id, api_id):
            kept.append(summary.name)
        elif summary:
            apis.remove(tx, workspace_id, api_id)
    installation.remove(tx, _FACT)
    return tuple(kept)


def _answered_by_the_demo(tx: Tx, marker: _Marker) -> bool:
    """Whether its channel is there and still its own: one that got another bot is the user's."""
    try:
        return channels.get(tx, marker.workspace_id, marker.channel_id).bot_id == marker.bot_id
    except NotFound:
        return False


def _there(get: Any) -> bool:
    try:
        get()
    except NotFound:
        return False
    return True


def _marker(tx: Tx) -> _Marker | None:
    value = installation.get(tx, _FACT)
    if value is None:
        return None
    read = orjson.loads(value)
    return _Marker(**{**read, "api_ids": tuple(read["api_ids"])})


def _write(tx: Tx, marker: _Marker) -> None:
    installation.put(tx, _FACT, orjson.dumps(asdict(marker)).decode())
