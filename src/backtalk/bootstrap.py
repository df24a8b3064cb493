"""Putting the parts together: from settings to a running server, or to an open database for a command."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from backtalk import __version__, logs
from backtalk.errors import Conflict, Invalid
from backtalk.settings import KEY_FILE, BadSetting, Settings, secret_keys
from backtalk.storage import installation, workspaces
from backtalk.storage import migrate as schema
from backtalk.storage.database import Database, Tx, sqlite_path
from backtalk.storage.reseal import reseal
from backtalk.storage.sealing import Sealer

if TYPE_CHECKING:
    import socket

    from backtalk.demo.install import Installed

log = logging.getLogger(__name__)

FIRST_WORKSPACE = "My workspace"
SAFE_SQLITE = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
"""Releases that mended a fault in which a second connection's checkpoint could damage a database (row S16)."""

Say = Callable[[str], object]
Typed = Callable[[str], str]


# --- the database


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """The database for a command, beside a server that may run. A new one is made ready; an old schema is refused."""
    database = await _opened(settings, exclusive=False)
    try:
        yield database
    finally:
        await database.close()


async def migrate(settings: Settings) -> list[str]:
    """Bring the schema up to date; the names of what was applied. Raises Conflict while a server runs."""
    database = await _connected(settings, exclusive=True)
    try:
        return await schema.migrate(database)
    finally:
        await database.close()


def sqlite_is_safe(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """Whether the linked SQLite is outside of the range that row S16 is about. Ours keeps to one writing connection."""
    return version >= SAFE_SQLITE[0] or any(safe <= version < (safe[0], safe[1] + 1) for safe in SAFE_SQLITE[1:])


def key_is_lost(settings: Settings) -> bool:
    """Whether there is a database but no key for it. A new key would not open what the old one sealed."""
    if settings.secret_key or (settings.data_dir / KEY_FILE).exists():
        return False
    file = sqlite_path(settings.database)
    return file.exists() and file.stat().st_size > 0


async def _opened(settings: Settings, *, exclusive: bool) -> Database:
    """Open, migrated, its key checked, with a workspace in it."""
    database = await _connected(settings, exclusive=exclusive)
    try:
        lacking = await schema.missing(database)
        if lacking and not exclusive and len(lacking) < len(schema.migrations("sqlite")):
            raise Conflict(  # noqa: TRY301 - closed below like after any other error
                "The database has the schema of an older version.", hint="Stop the server and run `backtalk migrate`."
            )
        for name in await schema.migrate(database) if lacking else ():
            log.info("migrated", extra={"migration": name})
        await database.write(installation.check_key)
        await database.write(_first_workspace)
    except BaseException:
        await database.close()
        raise
    return database


async def _connected(settings: Settings, *, exclusive: bool) -> Database:
    if settings.uses_postgresql:
        raise BadSetting("BACKTALK_DATABASE_URL: PostgreSQL comes in a later release; use sqlite:///PATH until then.")
    if key_is_lost(settings):
        raise BadSetting(
            f"BACKTALK_SECRET_KEY: {settings.database} is there, but not its key; put the {KEY_FILE} that it was made with "
            f"into {settings.data_dir}."
        )
    try:
        return await Database.open(settings.database, Sealer(secret_keys(settings)), exclusive=exclusive)
    except (OSError, sqlite3.Error) as error:
        raise BadSetting(f"BACKTALK_DATABASE_URL: {settings.database} cannot be opened ({error}).") from None


def _first_workspace(tx: Tx) -> int:
    every = workspaces.every(tx)
    return every[0].id if every else workspaces.create(tx, name=FIRST_WORKSPACE, at=datetime.now(UTC))[0].id


# --- the server


def run_server(
    settings: Settings,
    *,
    demo: bool,
    announce: Say,
    open_page: Say | None = None,
    take_over: bool = False,
    typed: Typed = "backtalk {}".format,
) -> None:
    """Serve until SIGTERM or SIGINT. `take_over` accepts a restored backup: what it still owes is done.

    `typed` makes of a command's words what is to be typed in this terminal.

    Raises BadSetting, Invalid for a port that cannot be had, Conflict for a database that another server has open.
    """
    from backtalk.http import server

    logs.configure(format=settings.log_format, level=settings.log_level)
    server.run(_serve(settings, demo=demo, announce=announce, open_page=open_page, take_over=take_over, typed=typed))


async def _serve(
    settings: Settings, *, demo: bool, announce: Say, open_page: Say | None, take_over: bool, typed: Typed
) -> None:
    from backtalk.http import server
    from backtalk.http.app import create_app
    from backtalk.outbound import EgressPolicy
    from backtalk.runtime.services import start_services

    async with AsyncExitStack() as stack:
        listener = stack.enter_context(_listener(settings, demo=demo))
        host, port = listener.getsockname()[:2]
        wanted, settings = settings.port, settings.model_copy(update={"port": port})
        database = await _opened(settings, exclusive=True)
        if len(secret_keys(settings)) > 1:
            log.info("sealed anew with the first key", extra={"values": await reseal(database)})
        held = await database.read(installation.is_copy)
        if held and take_over:
            await database.write(installation.accept_copy)
            held = False
        allow = settings.egress_allow
        lines = [f"Backtalk {__version__} runs.", "", f"  Home          {settings.address}/"]
        try:
            if demo:
                backend, installed = await _start_demo(stack, database, settings)
                allow = (*allow, backend)
                lines.append(f"  Chat          {settings.address}/c/{installed.channel_key}")
                lines.append(f"  Demo backend  http://{backend} (from this machine only, with its secret token)")
            policy = EgressPolicy(allow, own=[(settings.host, port), (host, port)])
            services = await start_services(
                database,
                policy,
                public_url=settings.public_url,
                trusted_proxies=settings.trusted_proxies,
                retention_days=settings.retention_days,
                sweep=not held,
            )
        except BaseException:
            await database.close()
            raise
        stack.push_async_callback(services.stop)
        app = create_app(services)
        if demo:
            from backtalk.demo import pictures

            app.router.routes[:0] = pictures.routes()
        if wanted not in (0, port):
            lines.append(f"  Port          {port}, because {wanted} is taken")
        lines += _advice(settings, demo=demo, held=held, typed=typed)
        page = next((line.split()[1] for line in lines if line.startswith("  Chat")), f"{settings.address}/")

        opening: list[asyncio.Future[object]] = []

        def ready() -> None:
            log.info("ready", extra={"address": settings.address, "data": str(settings.data_dir), "demo": demo})
            announce("\n".join(lines))
            if open_page:
                opening.append(asyncio.get_running_loop().run_in_executor(None, open_page, page))

        def stopping() -> None:
            log.info("stopping")
            services.drain()

        await server.serve(app, listener, trusted_proxies=settings.trusted_proxies, on_ready=ready, on_stop=stopping)
    log.info("stopped")


def _listener(settings: Settings, *, demo: bool) -> socket.socket:
    """The demo takes a free port when the usual one is taken and none was asked for."""
    from backtalk.http import server

    try:
        return server.listen(settings.host, settings.port)
    except Invalid:
        if not demo or "port" in settings.model_fields_set:
            raise
        return server.listen(settings.host, 0)


async def _start_demo(stack: AsyncExitStack, database: Database, settings: Settings) -> tuple[str, Installed]:
    """Install the sample shop and let its backend answer; `host:port` of the backend and what was installed."""
    from backtalk.demo import install, listening, pictures
    from backtalk.demo.backend import create_backend

    listener = listening.listen(settings.port + 1)
    stack.push(lambda *_: listener.close())
    place = f"{listening.HOST}:{listener.getsockname()[1]}"
    token = database.sealer.derive("demo backend token").hex()
    workspace_id = await database.read(_first_workspace)
    installed = await install.install(database, workspace_id=workspace_id, backend_url=f"http://{place}", token=token)
    backend = create_backend(
        token=token, sequences=installed.sequences, pictures_url=f"{settings.address}{pictures.PATH}"
    )
    await stack.enter_async_context(listening.served(backend, listener))
    return place, installed


def _advice(settings: Settings, *, demo: bool, held: bool, typed: Typed) -> list[str]:
    """What the person at the terminal should know next."""
    lines = [f"  Data          {settings.data_dir}", ""]
    lines.append(f"A token for the management API:  {typed('token create --name NAME')}")
    if demo:
        lines.append(f"Take the demo out again:         {typed('demo --remove')}")
    if held:
        again = typed("serve --take-over")
        lines.append(f"This database is a restored backup: what it still owed is NOT done. To have it done:  {again}")
    if not sqlite_is_safe():
        log.warning(
            "This SQLite has a fault that Backtalk keeps clear of. Open the database with no other program while the server "
            "runs (`backtalk` commands are safe), and update SQLite when you can.",
            extra={"sqlite": sqlite3.sqlite_version},
        )
    return [*lines, "Stop with Ctrl+C."]
