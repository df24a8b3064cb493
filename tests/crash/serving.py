"""A server to be killed: it loads everything once, and each of its lives is a fork of that, so that a start takes a moment.

    python -m tests.crash.serving FOLDER PORT BACKEND_PORT MUTANT…

Each line on stdin begins a life. What comes on stdout: `pid N`, then `ready`, and in the end `over CODE` (negative: the signal).
A life is the real server on the real database in FOLDER; MUTANT names bugs that are planted in it (`mutants`).
"""

from __future__ import annotations

import gc
import os
import sys
import traceback
from importlib import import_module
from pathlib import Path

from backtalk import bootstrap
from backtalk.errors import BacktalkError
from backtalk.settings import Settings
from tests.crash import mutants

LOADED_LATE = (
    "backtalk.http.app",
    "backtalk.runtime.services",
    "uvicorn.lifespan.on",
    "uvicorn.protocols.websockets.websockets_sansio_impl",
    "uvloop",
)
"""What a server imports on its way up: loaded once, before the lives begin."""

REFUSED = 3
"""The exit code of a life that did not want to begin."""


def settings_of(folder: Path, port: int, backend_port: int) -> Settings:
    return Settings(data_dir=folder, port=port, egress_allow=(f"127.0.0.1:{backend_port}",), log_level="warning")


def live(settings: Settings) -> int:
    """One life; its exit code."""
    try:
        bootstrap.run_server(settings, demo=False, announce=lambda _: say("ready"))
    except BacktalkError as error:
        say(f"refused {error.detail}")
        return REFUSED
    except BaseException:  # noqa: BLE001 - a fork must not return into its parent's code
        traceback.print_exc()
        return 1
    return 0


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def main(folder: str, port: str, backend_port: str, *planted: str) -> None:
    settings = settings_of(Path(folder), int(port), int(backend_port))
    for name in planted:
        mutants.PLANTED[name]()
    for module in LOADED_LATE:
        import_module(module)
    gc.freeze()
    while sys.stdin.readline():
        pid = os.fork()
        if pid == 0:
            os._exit(live(settings))
        say(f"pid {pid}")
        say(f"over {os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}")


if __name__ == "__main__":
    main(*sys.argv[1:])
