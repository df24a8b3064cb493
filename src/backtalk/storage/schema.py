"""The tables, once, for both databases. Every row of a tenant carries its workspace_id, and every query names it.

Rules
- Times are integers, microseconds since 1970 UTC: they compare, index and survive both databases alike. `time_us` and `from_us` convert.
- JSON is text written by orjson. Text never holds U+0000 or a lone surrogate (PostgreSQL refuses what SQLite would store).
- Ids of tenants' things are never reused (AUTOINCREMENT on SQLite, a sequence on PostgreSQL).
- Sealed columns hold ciphertext bound to table, workspace, row and column (`sealing`).
- A change of this file comes with a migration in migrations/; a test compares the two.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Id = BigInteger().with_variant(Integer, "sqlite")
metadata = MetaData()


def time_us(at: datetime) -> int:
    """Microseconds since 1970 of an aware time."""
    return (at - _EPOCH) // _MICROSECOND


def from_us(us: int) -> datetime:
    """The aware UTC time of `time_us`."""
    return _EPOCH + us * _MICROSECOND


def _id() -> Column[int]:
    return Column("id", Id, primary_key=True, autoincrement=True)


def _workspace() -> Column[int]:
    return Column("workspace_id", Id, ForeignKey("workspaces.id", ondelete="CASCADE"), nullable=False)


def _time(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


def _text(name: str, default: str | None = None, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable, server_default=default)


installation = Table(
    "installation",
    metadata,
    Column("name", Text, primary_key=True),
    _text("value"),
)
"""Facts about this installation by name: key check, demo marker, applied migrations."""

workspaces = Table(
    "workspaces",
    metadata,
    _id(),
    _text("name"),
    _text("plan", "paid"),
    Column("timezone", Float, nullable=False, server_default="0"),
    Column("signing", Boolean, nullable=False),
    Column("signing_secret", LargeBinary),  # sealed
    Column("old_signing_secret", LargeBinary),  # sealed; still signs until the time beside it
    _time("old_signing_secret_until", nullable=True),
    _time("created_at"),
    sqlite_autoincrement=True,
)

tokens = Table(
    "tokens",
    metadata,
    _id(),
    _workspace(),
    _text("name"),
    _text("role"),
    Column("hash", LargeBinary, nullable=False, unique=True),  # SHA-256 of the token
    _time("created_at"),
    _time("last_used_at", nullable=True),
    _time("revoked_at", nullable=True),
    sqlite_autoincrement=True,
)

apis = Table(
    "apis",
    metadata,
    _id(),
    _workspace(),
    _text("name"),
    _text("method"),
    _text("url"),
    _text("header_names", "[]"),  # JSON list
    Column("header_values", LargeBinary),  # sealed JSON list, same order
    _text("params", "[]"),  # JSON list of [name, value]
    _text("output", nullable=True),
    Column("timeout_s", Float, nullable=False),
    _text("on_failure", nullable=True),  # JSON
    _text("dialect", "backtalk"),
    _text("mapping", nullable=True),  # JSON
    _time("created_at"),
    _time("updated_at"),
    UniqueConstraint("workspace_id", "name"),
    sqlite_autoincrement=True,
)

bots = Table(
    "bots",
    metadata,
    _id(),
    _workspace(),
    _text("name"),
    _text("draft"),  # JSON document
    Column("revision", Integer, nullable=False),
    Column("live_version", Integer),  # null: never published
    Column("last_sequence_id", Integer, nullable=False, server_default="0"),
    _time("created_at"),
    _time("updated_at"),
    sqlite_autoincrement=True,
)

versions = Table(
    "versions",
    metadata,
    Column("bot_id", Id, ForeignKey("bots.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    _workspace(),
    _text("document"),
    _text("note", ""),
    _time("published_at"),
)
"""Published documents; never changed after they are written."""

channels = Table(
    "channels",
    metadata,
    _id(),
    _workspace(),
    _text("type"),
    _text("name"),
    Column("bot_id", Id, ForeignKey("bots.id"), nullable=False),
    Column("key", Text, nullable=False, unique=True),  # public, unguessable
    _text("config", "{}"),  # JSON: what may be read back
    Column("credentials", LargeBinary),  # sealed JSON object (web chat: identity_secret)
    Column("connected", Boolean, nullable=False),
    _time("created_at"),
    sqlite_autoincrement=True,
)

attributes = Table(
    "attributes",
    metadata,
    Column("workspace_id", Id, ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True),
    _time("created_at"),
)
"""The names known to a workspace: every POST carries each of them."""

customers = Table(
    "customers",
    metadata,
    _id(),
    _workspace(),
    Column("channel_id", Id, ForeignKey("channels.id", ondelete="CASCADE"), nullable=False),
    _text("external_id"),  # the person's id on that channel
    Column("bot_enabled", Boolean, nullable=False),
    _text("profile", "{}"),  # JSON: the text fields and timezone that are known
    _text("attributes", "{}"),  # JSON: {name: value}
    _text("sources", "{}"),  # JSON: {name: [source, time_us]} for attributes and profile fields
    _text("last_message_text", ""),
    _time("last_message_at", nullable=True),
    _time("created_at"),
    UniqueConstraint("channel_id", "external_id"),
    Index("ix_customers_workspace", "workspace_id", "id"),
    sqlite_autoincrement=True,
)

conversations = Table(
    "conversations",
    metadata,
    _id(),
    _workspace(),
    Column("customer_id", Id, ForeignKey("customers.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("channel_id", Id, ForeignKey("channels.id", ondelete="CASCADE"), nullable=False),
    Column("bot_id", Id, ForeignKey("bots.id"), nullable=False),
    _text("state"),  # JSON of engine.state.State without the customer
    Column("last_seq", Integer, nullable=False, server_default="0"),
    _text("hand_over_note", nullable=True),  # set while it waits in the inbox
    _time("created_at"),
    _time("updated_at"),
    Index("ix_conversations_workspace", "workspace_id", "updated_at"),
    sqlite_autoincrement=True,
)

messages = Table(
    "messages",
    metadata,
    Column("conversation_id", Id, ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),  # 1, 2, 3 … per conversation without gaps
    _workspace(),
    _time("at"),
    _text("sender"),  # bot, customer, agent, system
    _text("body"),  # JSON of a message, targets of buttons included
    _text("block", nullable=True),
    sqlite_with_rowid=False,
)

events = Table(
    "events",
    metadata,
    Column("conversation_id", Id, ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True),
    Column("external_id", Text, primary_key=True),  # "in:<client id>", "call:<key>", "timer:<key>", …
    _workspace(),
    _time("at"),
    _text("body"),  # JSON of engine event
    Column("seq", Integer),  # the message it became, for the repeated answer
    _text("notes", nullable=True),  # JSON list of what its step noted for the author
    Index("ix_events_at", "at"),
    sqlite_with_rowid=False,
)
"""What was taken in. The key makes a repeated delivery do nothing."""

effects = Table(
    "effects",
    metadata,
    _id(),
    _workspace(),
    Column("conversation_id", Id, ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    _text("kind"),  # call_api, timer, send
    _text("key"),  # unique in the conversation
    _text("body"),  # JSON of the effect
    _time("due_at"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    _text("owner", nullable=True),
    Column("fence", Integer, nullable=False, server_default="0"),
    _time("claimed_until", nullable=True),
    UniqueConstraint("conversation_id", "key"),
    Index("ix_effects_due", "due_at"),
    sqlite_autoincrement=True,
)
"""The only queue: what is owed. A row goes away in the transaction that records its outcome, guarded by owner and fence."""

calls = Table(
    "calls",
    metadata,
    _id(),
    _workspace(),
    _time("at"),
    Column("api_id", Id, nullable=False),
    _text("api_name"),
    Column("customer_id", Id, ForeignKey("customers.id", ondelete="CASCADE")),
    Column("conversation_id", Id, ForeignKey("conversations.id", ondelete="CASCADE")),
    _text("call_key", nullable=True),
    _text("block", nullable=True),
    Column("test", Boolean, nullable=False),
    _text("method"),
    _text("url"),  # masked
    _text("outcome"),
    Column("http_status", Integer),
    Column("ms", Integer, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="1"),
    _text("message"),  # what went wrong, in our words; "" for ok
    _text("reply_message", ""),  # the backend's `message`
    Column("reply_status", BigInteger),  # the backend's `status`
    _text("notes", "[]"),  # JSON list of ReplyNote
    _text("request", "{}"),  # JSON, masked and cut
    _text("response", "{}"),  # JSON, masked and cut
    Index("ix_calls_workspace", "workspace_id", "id"),
    Index("ix_calls_api", "workspace_id", "api_id", "id"),
    Index("ix_calls_customer", "customer_id", "id"),
    Index("ix_calls_at", "at"),
    Index("ix_calls_conversation", "conversation_id", "call_key"),
    sqlite_autoincrement=True,
)
"""One row per call, always."""
