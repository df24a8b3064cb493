"""What must be true after any number of crashes. Each violation is a sentence."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from tests.crash.house import House, Shop, answers_to, calls_for
from tests.crash.visitor import Visitor


def violations(house: House, shop: Shop, visitors: Iterable[Visitor]) -> list[str]:
    """Compare what the visitors and the shop saw with what is stored. The server must be stopped."""
    connection = sqlite3.connect(house.settings.database.removeprefix("sqlite:///"))
    connection.row_factory = sqlite3.Row
    try:
        found = [*_of_the_file(connection), *_of_calls(connection, shop, visitors)]
        for visitor in visitors:
            found += (f"{visitor.name}: {wrong}" for wrong in _of_a_conversation(connection, visitor))
        return found
    finally:
        connection.close()


def _of_the_file(connection: sqlite3.Connection) -> Iterator[str]:
    for row in connection.execute("PRAGMA integrity_check"):
        if row[0] != "ok":
            yield f"integrity: {row[0]}"
    for row in connection.execute("PRAGMA foreign_key_check"):
        yield f"a row of {row[0]} points at nothing"
    for row in connection.execute("SELECT conversation_id, kind, key FROM effects"):
        yield f"still owed: {row['kind']} {row['key']} of conversation {row['conversation_id']}"
    gaps = (
        "SELECT c.id, c.last_seq, count(m.seq) AS found, max(m.seq) AS highest FROM conversations c "
        "LEFT JOIN messages m ON m.conversation_id = c.id GROUP BY c.id HAVING last_seq <> found OR found <> highest"
    )
    for row in connection.execute(gaps):
        yield f"the log of conversation {row['id']} has gaps: {tuple(row)}"


def _of_a_conversation(connection: sqlite3.Connection, visitor: Visitor) -> Iterator[str]:
    yield from visitor.wrong
    rows = connection.execute(
        "SELECT seq, sender, body FROM messages WHERE conversation_id = ? ORDER BY seq", (visitor.conversation_id,)
    ).fetchall()
    log = [(row["seq"], row["sender"], orjson.loads(row["body"])) for row in rows]
    written = [(body["client_id"], body["text"]) for _, sender, body in log if sender == "customer"]
    if written != visitor.sent:
        lost = [client_id for client_id, _ in visitor.sent if (client_id, _) not in written]
        twice = [client_id for (client_id, _), times in Counter(written).items() if times > 1]
        yield f"sent {len(visitor.sent)}, stored {len(written)}; lost {lost}, twice {twice}, else out of order"
    for seq, sender, body in log:
        if sender == "customer" and visitor.acknowledged.get(body["client_id"]) != seq:
            yield f"{body['client_id']} is {seq}, but was acknowledged as {visitor.acknowledged.get(body['client_id'])}"
    said = [body["text"] for _, sender, body in log if sender == "bot"]
    wanted = answers_to(text for _, text in visitor.sent)
    if said != wanted:
        yield f"answers differ {_first_difference(said, wanted)}"
    shown = [(line["seq"], line["from"], line.get("text")) for line in visitor.seen]
    if shown != [(seq, sender, body["text"]) for seq, sender, body in log]:
        yield f"the visitor saw {len(shown)} lines of {len(log)}, or saw others"
    yield from _of_attributes(connection, visitor)


def _of_attributes(connection: sqlite3.Connection, visitor: Visitor) -> Iterator[str]:
    row = connection.execute(
        "SELECT attributes FROM customers WHERE id = (SELECT customer_id FROM conversations WHERE id = ?)",
        (visitor.conversation_id,),
    ).fetchone()
    stored = orjson.loads(row["attributes"]) if row else {}
    texts = [text for _, text in visitor.sent]
    plain = [text for text in texts if text.startswith("say")]
    wanted: dict[str, Any] = {"count": calls_for(texts) or None, "last_plain": plain[-1] if plain else None}
    for name, value in wanted.items():
        if stored.get(name) != value:
            yield f"{name} is {stored.get(name)!r} and should be {value!r}"


def _of_calls(connection: sqlite3.Connection, shop: Shop, visitors: Iterable[Visitor]) -> Iterator[str]:
    wanted = sum(calls_for(text for _, text in visitor.sent) for visitor in visitors)
    if len(shop.numbers) != wanted:
        yield f"{wanted} calls were to be made; the shop saw {len(shop.numbers)} keys"
    for (key, life), times in Counter((key, life) for key, life, _ in shop.asked).items():
        if times > 1:
            yield f"the call {key} was made {times} times in life {life}, without a crash between"
    counts: dict[str, Any] = {}
    for key, _, body in shop.asked:
        count = body.get("count") or None  # an attribute that nobody has yet is left out or empty
        if counts.setdefault(key, count) != count:
            yield f"the call {key} was repeated with count {count} instead of {counts[key]}"
    asked = Counter(key for key, _, _ in shop.asked)
    rows = connection.execute("SELECT conversation_id, call_key, attempts, outcome FROM calls").fetchall()
    if len(rows) != wanted:
        yield f"{wanted} calls were to be logged; the log has {len(rows)}"
    for row in rows:
        made = sum(
            times for key, times in asked.items() if key.endswith(f"-{row['conversation_id']}-{row['call_key']}")
        )
        if row["outcome"] != "ok" or row["attempts"] < made:
            yield f"call {tuple(row)} was made {made} times"


def _first_difference(said: list[str], wanted: list[str]) -> str:
    for place, (one, other) in enumerate(zip(said, wanted, strict=False)):
        if one != other:
            return f"at {place}: said {one!r}, should be {other!r}"
    return f"in length: {len(said)} said, {len(wanted)} wanted; {(said + wanted)[min(len(said), len(wanted)) :][:3]}"
