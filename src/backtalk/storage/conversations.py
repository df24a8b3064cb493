"""Conversations with their customers, as a turn reads and writes them.

One conversation belongs to one customer of one channel. `load` takes all that a step needs in one read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import orjson
from sqlalchemy import and_, bindparam, insert, select, update

from backtalk.engine.codec import state_from_json, state_to_json
from backtalk.engine.customer import TEXT_FIELDS, Customer
from backtalk.engine.state import State
from backtalk.errors import NotFound
from backtalk.storage import attributes
from backtalk.storage.database import Tx, statement
from backtalk.storage.schema import bots, channels, conversations, customers, from_us, time_us, workspaces

_SCOPE = and_(
    conversations.c.id == bindparam("conversation_id"), conversations.c.workspace_id == bindparam("workspace_id")
)


@dataclass(frozen=True, slots=True)
class Conversation:
    """All of one conversation that a step needs. `state` holds the customer; `sources` is JSON, as the customer's row has it."""

    id: int
    workspace_id: int
    channel_id: int
    connected: bool
    bot_id: int
    live_version: int | None
    plan: str
    last_seq: int
    state: State
    sources: str


_LOAD = statement(
    select(
        conversations.c.channel_id,
        conversations.c.bot_id,
        conversations.c.state,
        conversations.c.last_seq,
        conversations.c.customer_id,
        customers.c.bot_enabled,
        customers.c.profile,
        customers.c.attributes,
        customers.c.sources,
        customers.c.last_message_text,
        customers.c.last_message_at,
        customers.c.created_at,
        channels.c.connected,
        bots.c.live_version,
        workspaces.c.plan,
    )
    .select_from(conversations)
    .join(customers, customers.c.id == conversations.c.customer_id)
    .join(channels, channels.c.id == conversations.c.channel_id)
    .join(bots, bots.c.id == conversations.c.bot_id)
    .join(workspaces, workspaces.c.id == conversations.c.workspace_id)
    .where(_SCOPE)
)


def load(tx: Tx, *, workspace_id: int, conversation_id: int) -> Conversation:
    """Raises NotFound for an unknown or foreign conversation."""
    row = tx.one(_LOAD, workspace_id=workspace_id, conversation_id=conversation_id)
    if row is None:
        raise NotFound
    return Conversation(
        id=conversation_id,
        workspace_id=workspace_id,
        channel_id=row["channel_id"],
        connected=bool(row["connected"]),
        bot_id=row["bot_id"],
        live_version=row["live_version"],
        plan=row["plan"],
        last_seq=row["last_seq"],
        state=state_from_json(row["state"], customer_of({**row, "id": row["customer_id"]})),
        sources=row["sources"],
    )


def customer_of(row: Mapping[str, Any]) -> Customer:
    """The engine's customer of a row of the table."""
    last = row["last_message_at"]
    return Customer(
        id=row["id"],
        channel_id=row["channel_id"],
        created_at=from_us(row["created_at"]),
        bot_enabled=bool(row["bot_enabled"]),
        last_message_text=row["last_message_text"],
        last_message_at=None if last is None else from_us(last),
        attributes=orjson.loads(row["attributes"]),
        **orjson.loads(row["profile"]),
    )


def profile_of(customer: Customer) -> dict[str, Any]:
    """The profile fields that are known, as the table keeps them."""
    profile: dict[str, Any] = {name: value for name in TEXT_FIELDS if (value := getattr(customer, name))}
    if customer.timezone is not None:
        profile["timezone"] = customer.timezone
    return profile


_EXISTS = statement(select(conversations.c.id).where(_SCOPE))


def exists(tx: Tx, *, workspace_id: int, conversation_id: int) -> bool:
    """Whether it is there, and was not erased."""
    return tx.one(_EXISTS, workspace_id=workspace_id, conversation_id=conversation_id) is not None


# --- a new conversation

_FIND = statement(
    select(conversations.c.id, conversations.c.customer_id, conversations.c.last_seq, customers.c.profile)
    .join(customers, customers.c.id == conversations.c.customer_id)
    .where(
        customers.c.workspace_id == bindparam("workspace_id"),
        customers.c.channel_id == bindparam("channel_id"),
        customers.c.external_id == bindparam("external_id"),
    )
)
_SET_PROFILE = statement(
    update(customers)
    .where(customers.c.id == bindparam("customer_id"), customers.c.workspace_id == bindparam("workspace_id"))
    .values(profile=bindparam("new_profile"))
)
_ADD_CUSTOMER = statement(
    insert(customers).values(
        workspace_id=bindparam("workspace_id"),
        channel_id=bindparam("channel_id"),
        external_id=bindparam("external_id"),
        bot_enabled=bindparam("bot_enabled"),
        profile=bindparam("profile"),
        created_at=bindparam("created_at"),
    )
)
_ADD_CONVERSATION = statement(
    insert(conversations).values(
        workspace_id=bindparam("workspace_id"),
        customer_id=bindparam("customer_id"),
        channel_id=bindparam("channel_id"),
        bot_id=bindparam("bot_id"),
        state=bindparam("state"),
        created_at=bindparam("now"),
        updated_at=bindparam("now"),
    )
)


@dataclass(frozen=True, slots=True)
class Opened:
    """`created` tells whether the customer is new."""

    conversation_id: int
    customer_id: int
    last_seq: int
    created: bool


def open_conversation(
    tx: Tx,
    *,
    workspace_id: int,
    channel_id: int,
    bot_id: int,
    external_id: str,
    profile: Mapping[str, Any],
    at: datetime,
) -> Opened:
    """The conversation of a person on a channel, made when there is none; what is said of the profile is kept."""
    found = tx.one(_FIND, workspace_id=workspace_id, channel_id=channel_id, external_id=external_id)
    if found:
        if profile:
            known = {**orjson.loads(found["profile"]), **profile}
            tx.run(
                _SET_PROFILE,
                workspace_id=workspace_id,
                customer_id=found["customer_id"],
                new_profile=orjson.dumps(known).decode(),
            )
        return Opened(found["id"], found["customer_id"], found["last_seq"], created=False)
    now = time_us(at)
    customer_id = tx.insert(
        _ADD_CUSTOMER,
        workspace_id=workspace_id,
        channel_id=channel_id,
        external_id=external_id,
        bot_enabled=True,
        profile=orjson.dumps(profile).decode(),
        created_at=now,
    )
    state = State(Customer(customer_id, channel_id, at))
    conversation_id = tx.insert(
        _ADD_CONVERSATION,
        workspace_id=workspace_id,
        customer_id=customer_id,
        channel_id=channel_id,
        bot_id=bot_id,
        state=state_to_json(state).decode(),
        now=now,
    )
    return Opened(conversation_id, customer_id, 0, created=True)


# --- after a step

_SAVE = statement(
    update(conversations)
    .where(_SCOPE)
    .values(state=bindparam("new_state"), last_seq=bindparam("new_last_seq"), updated_at=bindparam("now"))
)
_SAVE_CUSTOMER = statement(
    update(customers)
    .where(customers.c.id == bindparam("customer_id"), customers.c.workspace_id == bindparam("workspace_id"))
    .values(
        bot_enabled=bindparam("new_bot_enabled"),
        profile=bindparam("new_profile"),
        attributes=bindparam("new_attributes"),
        sources=bindparam("new_sources"),
        last_message_text=bindparam("new_text"),
        last_message_at=bindparam("new_at"),
    )
)
_HAND_OVER = statement(update(conversations).where(_SCOPE).values(hand_over_note=bindparam("note")))


def save(
    tx: Tx,
    conversation: Conversation,
    state: State,
    *,
    last_seq: int,
    at: datetime,
    sources: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Store what a step left: the state, and the customer when the step changed it.

    `sources` tells of each changed value where it came from; its name is remembered in the workspace's catalogue.
    """
    now = time_us(at)
    tx.run(
        _SAVE,
        conversation_id=conversation.id,
        workspace_id=conversation.workspace_id,
        new_state=state_to_json(state).decode(),
        new_last_seq=last_seq,
        now=now,
    )
    customer = state.customer
    if sources or customer is not conversation.state.customer:
        tx.run(
            _SAVE_CUSTOMER,
            customer_id=customer.id,
            workspace_id=conversation.workspace_id,
            new_bot_enabled=customer.bot_enabled,
            new_profile=orjson.dumps(profile_of(customer)).decode(),
            new_attributes=orjson.dumps(customer.attributes).decode(),
            new_sources=_with_sources(tx, conversation, sources, at) if sources else conversation.sources,
            new_text=customer.last_message_text,
            new_at=None if customer.last_message_at is None else time_us(customer.last_message_at),
        )


def _with_sources(tx: Tx, conversation: Conversation, changed: Mapping[str, str], at: datetime) -> str:
    known = orjson.loads(conversation.sources)
    new = [name for name in changed if name not in known and name not in TEXT_FIELDS and name != "timezone"]
    attributes.add(tx, workspace_id=conversation.workspace_id, new=new, at=at)
    return orjson.dumps(known | {name: [source, time_us(at)] for name, source in changed.items()}).decode()


def set_hand_over(tx: Tx, conversation: Conversation, note: str | None) -> None:
    """Put the conversation into the inbox with a note, or take it out with None."""
    tx.run(_HAND_OVER, conversation_id=conversation.id, workspace_id=conversation.workspace_id, note=note)
