"""The commands of docs/quickstart.md, run as they stand; only ports and the start of the server are this machine's."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"(?:<!-- terminal: (\w+) -->\n)?```sh\n(.*?)```", re.DOTALL)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def terminals(tmp_path: Path) -> Iterator[Terminals]:
    made = Terminals(tmp_path)
    try:
        yield made
    finally:
        made.stop()


class Terminals:
    """A clone's folder with the terminals that the page asks for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {"8420": free_port(), "3000": free_port()}
        (folder / ".venv" / "bin").mkdir(parents=True)
        command = folder / ".venv" / "bin" / "backtalk"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m backtalk.cli "$@"\n')
        command.chmod(0o755)
        (folder / "Makefile").write_text("run:\n\t@exec .venv/bin/backtalk demo\n")  # as the real one, after installing
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BACKTALK_")}
        mine = {"BACKTALK_DATA_DIR": str(folder / "data"), "BACKTALK_PORT": str(self.ports["8420"])}
        self.environ = kept | mine
        self.running: list[subprocess.Popen[bytes]] = []

    def localized(self, text: str) -> str:
        for port, free in self.ports.items():
            text = re.sub(rf"\b{port}\b", str(free), text)
        return text

    def start(self, commands: str) -> None:
        """Run in a terminal of its own until `stop`."""
        self.running.append(
            subprocess.Popen(  # noqa: S603 - our own documentation
                ["/bin/bash", "-ec", self.localized(commands)],
                cwd=self.folder,
                env=self.environ,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        )

    def run(self, commands: str) -> str:
        """Run to the end in one shell; what was printed."""
        done = subprocess.run(  # noqa: S603 - our own documentation
            ["/bin/bash", "-euo", "pipefail", "-c", self.localized(commands)],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    def wait_for(self, port: str) -> None:
        ends = time.monotonic() + 20
        while time.monotonic() < ends:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.ports[port])) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError(f"nothing listens on {port}")

    def stop_last(self) -> None:
        process = self.running.pop()
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)

    def stop(self) -> None:
        while self.running:
            self.stop_last()


def asked(url: str, document: Any = None, token: str = "") -> Any:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    data = None if document is None else json.dumps(document).encode()
    with urlopen(Request(url, data, headers), timeout=10) as answer:  # noqa: S310 - loopback
        return json.loads(answer.read())


def test_the_quickstart_works_as_it_stands(terminals: Terminals) -> None:
    page = (ROOT / "docs" / "quickstart.md").read_text("utf-8")
    blocks = BLOCK.findall(page)
    assert len(blocks) == page.count("```sh")
    server, write_backend, backend, *third = blocks
    assert (server[0], write_backend[0], backend[0]) == ("server", "", "backend")
    assert server[1].rstrip().endswith("make run")
    terminals.start(server[1])
    terminals.run(write_backend[1])
    terminals.start(backend[1])
    terminals.wait_for("8420")
    terminals.wait_for("3000")
    with urlopen(f"http://127.0.0.1:{terminals.ports['8420']}/healthz/ready", timeout=20) as ready:
        assert ready.status == 200, "the first start puts the demo in before it answers"
    *steps, call_log = third
    printed = terminals.run("\n".join(commands for _, commands in steps) + "\necho $API; echo $TOKEN")
    *_, address, api, token = printed.strip().splitlines()
    assert '"outcome":"ok"' in printed
    assert "Hello Ann, this is your backend." in printed
    assert '"problems":[]' in printed

    chat = address.replace("/c/", "/chat/v1/")
    visitor = asked(f"{chat}/sessions", {})["token"]
    said = asked(f"{chat}/messages?after=0&wait=5", token=visitor)["messages"]
    while len(said) < 2:
        said += asked(f"{chat}/messages?after={len(said)}&wait=5", token=visitor)["messages"]
    assert [message["text"] for message in said] == ["Hello stranger, this is your backend.", "What is your name?"]

    def answers(text: str, after: int, count: int) -> list[str]:
        asked(f"{chat}/messages", {"client_id": f"m{after}", "text": text}, visitor)
        got: list[dict[str, Any]] = []
        while len(got) < count:
            got += asked(f"{chat}/messages?after={after + len(got)}&wait=5", token=visitor)["messages"]
        return [message["text"] for message in got]

    assert answers("Ann", 2, 1) == ["Ann"]
    assert answers("hello?", 3, 3)[1] == "Hello Ann, this is your backend."
    terminals.stop_last()
    assert answers("Bob", 6, 1) == ["Bob"]
    assert answers("still there?", 7, 3)[1] == "I cannot ask my backend right now."
    log = terminals.run(f"API={api}; TOKEN={token}\n{functions(third)}\n{call_log[1]}")
    assert '"outcome":"unreachable"' in log


def functions(blocks: list[tuple[str, str]]) -> str:
    """The two functions that the page defines."""
    return "\n".join(
        line for _, commands in blocks for line in commands.splitlines() if re.match(r"(call|get)\(\)", line)
    )


def test_the_readme_shows_the_same_backend() -> None:
    quickstart = (ROOT / "docs" / "quickstart.md").read_text("utf-8")
    shown = re.search(r"```python\n# my_backend.py[^\n]*\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert shown
    assert shown[1] in quickstart
