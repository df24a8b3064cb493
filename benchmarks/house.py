"""The real server for the benchmarks: a database with a bot, its APIs and a web chat; everything durable, only the rates are open.

Run as `python -m benchmarks.house FOLDER PORT BACKEND_PORT`.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backtalk.bootstrap import open_database
from backtalk.http import server
from backtalk.http.app import create_app
from backtalk.http.chat_rates import ChatRates
from backtalk.http.limits import Buckets
from backtalk.outbound import EgressPolicy
from backtalk.runtime.services import start_services
from backtalk.settings import Settings, secret_keys
from backtalk.storage import apis, bots, channels, versions, workspaces
from backtalk.storage.apis import ApiSettings
from backtalk.storage.database import Database, Tx
from backtalk.storage.sealing import Sealer

APIS_EACH = 4
"""APIs of a workspace that hang: as many as its limits let be out at once."""
QUIET, CALLING, HANGING = "hello", "order", "hang"
"""What a visitor writes: an answer without a call, one with a call, calls that take as long as the stub is told."""


def key_of(workspace: int) -> str:
    return f"benchmark-{workspace:03}-aaaaaaaaaaaa"


async def furnish(
    folder: Path, backend_port: int, *, workspaces_wanted: int = 1, ms: int = 0, hang: str = "never"
) -> None:
    """Make the database. In each workspace: `ms` is what its order API takes, `hang` the path of its hanging ones."""

    def work(tx: Tx) -> None:
        for number in range(workspaces_wanted):
            _furnish(tx, number, f"http://127.0.0.1:{backend_port}", ms, hang)

    async with open_database(Settings(data_dir=folder)) as database:
        await database.write(work)


def _furnish(tx: Tx, number: int, backend: str, ms: int, hang: str) -> None:
    now = datetime.now(UTC)
    workspace_id = workspaces.create(tx, name=f"Workspace {number}", at=now)[0].id
    order = apis.create(
        tx,
        workspace_id,
        ApiSettings(
            name="Order",
            method="POST",
            url=f"{backend}/{ms}",
            headers=[("Authorization", "Bearer a secret of the shop")],
            output="text",
        ),
        now,
    )
    hanging = [
        apis.create(
            tx, workspace_id, ApiSettings(name=f"Hang {n}", method="POST", url=f"{backend}/{hang}", output="text"), now
        )
        for n in range(APIS_EACH)
    ]
    texts = ["Welcome", "You said {{last_message_text}}", f"Your order <<api:{order.id}>>, {{{{first_name}}}}."]
    texts += [f"Late <<api:{api.id}>>" for api in hanging]
    bot_id = bots.create(tx, workspace_id, "Benchmark", now).id
    for _ in texts:
        bots.add_sequence(tx, workspace_id, bot_id, "Sequence", now)
    document: dict[str, Any] = {
        "name": "Benchmark",
        "triggers": {
            "welcome": 1,
            "default": 2,
            "keywords": [
                {"words": [word], "match": "contains", "sequence": sequence}
                for sequence, word in enumerate([CALLING, *(f"{HANGING}{n}" for n in range(APIS_EACH))], start=3)
            ],
        },
        "sequences": [
            {"id": n, "name": f"Sequence {n}", "blocks": [{"id": f"b{n}", "type": "text", "text": text}]}
            for n, text in enumerate(texts, start=1)
        ],
    }
    revision = bots.draft(tx, workspace_id, bot_id).revision
    revision = bots.save_draft(tx, workspace_id, bot_id, revision=revision, document=document, at=now)
    versions.publish(tx, workspace_id, bot_id, revision=revision, note="", at=now)
    channels.create(
        tx,
        workspace_id,
        type="webchat",
        name="Web",
        bot_id=bot_id,
        key=key_of(number),
        config={},
        credentials={"identity_secret": "identity"},
        connected=True,
        at=now,
    )


async def serve(folder: Path, port: int, backend_port: int) -> None:
    """As `backtalk serve` does, with open rates."""
    settings = Settings(data_dir=folder)
    listener = server.listen("127.0.0.1", port)
    database = await Database.open(settings.database, Sealer(secret_keys(settings)), exclusive=True)
    services = await start_services(database, EgressPolicy([f"127.0.0.1:{backend_port}"]), retention_days=30)
    app = create_app(services)
    app.state.chat_rates = ChatRates(Buckets(per_s=1e9, burst=10**9), Buckets(per_s=1e9, burst=10**9))
    await server.serve(app, listener, on_ready=lambda: print("ready", flush=True), on_stop=services.drain)
    await services.stop()


if __name__ == "__main__":
    server.run(serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
