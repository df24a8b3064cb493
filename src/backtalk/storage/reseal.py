"""After a new secret key was put in front of the old one: everything sealed is sealed anew, row by row.

A run that is interrupted goes on at the next start, for each value tells which key sealed it (row K05).
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Column, Table, bindparam, select, update

from backtalk.storage import installation
from backtalk.storage.database import Database, Statement, Tx, statement
from backtalk.storage.schema import apis, channels, workspaces

AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class _Sealed:
    """One sealed column with the statements that walk it. Spans workspaces: the key is the installation's."""

    table: str
    column: str
    read: Statement
    write: Statement


def _sealed(table: Table, column: Column[bytes]) -> _Sealed:
    workspace = table.c.id if table is workspaces else table.c.workspace_id
    return _Sealed(
        table.name,
        column.name,
        statement(
            select(table.c.id, workspace.label("of"), column.label("sealed"))
            .where(table.c.id > bindparam("after"), column.is_not(None))
            .order_by(table.c.id)
            .limit(bindparam("most"))
        ),
        statement(
            update(table)
            .where(table.c.id == bindparam("row_id"), workspace == bindparam("workspace_id"))
            .values({column: bindparam("sealed_anew")})
        ),
    )


_COLUMNS = (
    _sealed(workspaces, workspaces.c.signing_secret),
    _sealed(workspaces, workspaces.c.old_signing_secret),
    _sealed(apis, apis.c.header_values),
    _sealed(channels, channels.c.credentials),
)


async def reseal(database: Database) -> int:
    """Seal with the first key whatever another one sealed; how many values. Afterwards the old key may go."""
    count = 0
    for column in _COLUMNS:
        after: int | None = 0
        while after is not None:
            after, sealed = await database.write(lambda tx, column=column, after=after: _batch(tx, column, after))  # type: ignore[misc]
            count += sealed
    await database.write(installation.renew_key_check)
    return count


def _batch(tx: Tx, column: _Sealed, after: int) -> tuple[int | None, int]:
    """Where to go on (None: nowhere), and how many values were sealed anew."""
    rows = tx.all(column.read, after=after, most=AT_ONCE)
    count = 0
    for row in rows:
        if tx.sealer.is_current(row["sealed"]):
            continue
        place = {"table": column.table, "workspace_id": row["of"], "row_id": row["id"], "column": column.column}
        plain = tx.sealer.unseal(row["sealed"], **place)
        tx.run(column.write, row_id=row["id"], workspace_id=row["of"], sealed_anew=tx.sealer.seal(plain, **place))
        count += 1
    return (rows[-1]["id"] if len(rows) == AT_ONCE else None), count
