"""Two workspaces beside each other: what one has must not exist for the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from backtalk.storage import bots, channels, conversations, workspaces
from backtalk.storage.channels import ChannelRow
from backtalk.storage.database import Database, Tx

AT = datetime(2026, 11, 23, 9, 0, 0, 123456, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Tenant:
    """A workspace with a bot and a web chat."""

    workspace_id: int
    bot_id: int
    channel: ChannelRow


def add_tenant(tx: Tx, name: str) -> Tenant:
    workspace, _ = workspaces.create(tx, name=name, plan="paid", at=AT)
    bot = bots.create(tx, workspace.id, f"{name}'s bot", AT)
    channel = channels.create(
        tx,
        workspace.id,
        type="webchat",
        name="Web",
        bot_id=bot.id,
        key=f"key-{name}",
        config={"title": name},
        credentials={"identity_secret": f"secret of {name}"},
        connected=True,
        at=AT,
    )
    return Tenant(workspace.id, bot.id, channel)


async def two_tenants(database: Database) -> tuple[Tenant, Tenant]:
    return await database.write(lambda tx: (add_tenant(tx, "one"), add_tenant(tx, "two")))


def add_customer(tx: Tx, tenant: Tenant, external_id: str, **profile: object) -> conversations.Opened:
    return conversations.open_conversation(
        tx,
        workspace_id=tenant.workspace_id,
        channel_id=tenant.channel.id,
        bot_id=tenant.bot_id,
        external_id=external_id,
        profile=profile,
        at=AT,
    )
