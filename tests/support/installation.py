"""A whole installation as its operator runs it: the command in a process of its own, asked over HTTP with a token."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

READY_S = 30


@dataclass
class Installation:
    """`url` is where it answers, `announced` what it printed when it was ready."""

    url: str
    announced: str
    data: Path
    token: str = ""

    def ask(self, method: str, path: str, document: Any = None) -> Any:
        """One request of the management API; the answer's JSON. Raises AssertionError with the problem document."""
        request = urllib.request.Request(  # noqa: S310 - our own loopback address
            f"{self.url}/api/v1{path}",
            None if document is None else orjson.dumps(document),
            {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own loopback address
                body = answer.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{error.code}: {error.read().decode()}") from None
        return orjson.loads(body) if body else None

    def publish(self, sequences: Sequence[list[dict[str, Any]]], **triggers: Any) -> tuple[int, str]:
        """A bot of sequences 1, 2, 3 … on a new web chat: its id and the chat's key. The first sequence welcomes."""
        bot = self.ask("POST", "/bots", {"name": "Test"})["id"]
        revision = 0
        for number in range(len(sequences)):
            revision = self.ask("POST", f"/bots/{bot}/sequences", {"name": f"Sequence {number + 1}"})["revision"]
        document = {
            "name": "Test",
            "triggers": {"welcome": 1, "default": min(2, len(sequences)), **triggers},
            "sequences": [
                {
                    "id": number,
                    "name": f"Sequence {number}",
                    "blocks": [{"id": f"s{number}b{place}", **block} for place, block in enumerate(blocks)],
                }
                for number, blocks in enumerate(sequences, start=1)
            ],
        }
        self.ask("PUT", f"/bots/{bot}/draft", {"revision": revision, "document": document})
        self.ask("POST", f"/bots/{bot}/publish", {})
        channel = self.ask("POST", "/channels", {"type": "webchat", "name": "Test chat", "bot_id": bot, "config": {}})
        return bot, channel["key"]


def command(data: Path, *words: str) -> list[str]:
    """The words of a command on this data."""
    return [sys.executable, "-m", "backtalk.cli", *words, "--data", str(data)]


def environment(allow: str = "") -> dict[str, str]:
    return {**os.environ, "BACKTALK_EGRESS_ALLOW": allow, "PYTHONUNBUFFERED": "1"}


@contextmanager
def installation(data: Path, *, demo: bool = False, allow: str = "") -> Iterator[Installation]:
    """Started on a free port, with an owner's token; stopped by SIGTERM, and then it must end with 0."""
    words = ["demo" if demo else "serve", "--port", "0"]
    with (data.parent / f"{data.name}.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command(data, *words), stdout=subprocess.PIPE, stderr=log, text=True, env=environment(allow)
        )
    try:
        announced = _announced(process)
        url = re.search(r"Home\s+(\S+?)/?\s", announced)
        assert url, announced
        made = Installation(url[1], announced, data)
        created = subprocess.run(  # noqa: S603 - our own command
            command(data, "token", "create", "--name", "tests", "--role", "owner"),
            capture_output=True,
            text=True,
            check=True,
            env=environment(),
        )
        made.token = created.stdout.splitlines()[-1]
        yield made
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def _announced(process: subprocess.Popen[str]) -> str:
    """What is printed up to the last line of the announcement."""
    timer = threading.Timer(READY_S, process.kill)
    timer.start()
    lines: list[str] = []
    assert process.stdout
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Stop with"):
            break
    timer.cancel()
    return "".join(lines)
