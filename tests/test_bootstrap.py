"""The whole process: started as an operator starts it, talked to, stopped, and what stops it from starting."""

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
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from backtalk import bootstrap
from backtalk.settings import load
from backtalk.storage.sealing import Sealer


class Process:
    """A running `backtalk`, with what it printed until it was ready."""

    def __init__(self, command: subprocess.Popen[str], said: str) -> None:
        self.command = command
        self.said = said
        (self.address,) = re.findall(r"Home +(\S+)/", said)

    def ask(self, path: str, document: Any = None, *, token: str = "") -> Any:
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        data = None if document is None else json.dumps(document).encode()
        with closing(urlopen(Request(self.address + path, data, headers), timeout=10)) as answer:  # noqa: S310 - loopback
            return json.loads(answer.read())

    def stop(self) -> tuple[int, str]:
        """Exit code and what was logged."""
        self.command.send_signal(signal.SIGTERM)
        _, logged = self.command.communicate(timeout=20)
        return self.command.returncode, logged


@contextmanager
def started(folder: Path, *words: str, **settings: str) -> Iterator[Process]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("BACKTALK_")}
    environ |= {"BACKTALK_DATA_DIR": str(folder), "BACKTALK_PORT": "0", **settings}
    command = subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, "-m", "backtalk.cli", *words],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert command.stdout is not None
        said = ""
        for line in command.stdout:
            said += line
            if line.startswith("Stop with"):
                break
        else:
            raise AssertionError(command.communicate()[1])
        yield Process(command, said)
    finally:
        if command.poll() is None:
            command.kill()
        command.communicate()


class Chat:
    """A visitor of a chat page."""

    def __init__(self, process: Process, key: str) -> None:
        self.process, self.path = process, f"/chat/v1/{key}"
        self.token: str = process.ask(f"{self.path}/sessions", {})["token"]
        self.seen: list[dict[str, Any]] = []

    def until(self, kind: str) -> dict[str, Any]:
        """The next message of the bot that is of this type."""
        ends = time.monotonic() + 15
        while time.monotonic() < ends:
            after = self.seen[-1]["seq"] if self.seen else 0
            answer = self.process.ask(f"{self.path}/messages?after={after}&wait=2", token=self.token)
            for message in answer["messages"]:
                self.seen.append(message)
                if message["from"] == "bot" and message["type"] == kind:
                    return dict(message)
        raise AssertionError(f"no {kind} among {self.seen}")

    def send(self, **message: Any) -> None:
        self.process.ask(f"{self.path}/messages", {"client_id": f"m{len(self.seen)}", **message}, token=self.token)


def key_in(said: str) -> str:
    (key,) = re.findall(r"/c/(\S+)", said)
    return str(key)


def test_the_demo_answers_from_its_backend_and_keeps_its_address(tmp_path: Path) -> None:
    with started(tmp_path, "demo") as process:
        chat = Chat(process, key_in(process.said))
        picture = chat.until("image")["url"]
        with closing(urlopen(picture, timeout=5)) as answer:  # noqa: S310 - loopback
            assert answer.headers["content-type"] == "image/svg+xml"
        menu = chat.until("quick_replies")
        titles = [reply["title"] for reply in menu["replies"]]
        chat.send(press={"seq": menu["seq"], "index": titles.index("Products")})
        assert [card["title"] for card in chat.until("gallery")["items"]][:2] == ["Apples", "Carrots"]
        code, logged = process.stop()
        assert code == 0, logged
    with started(tmp_path, "demo") as again:
        assert key_in(again.said) == key_in(process.said)
        chat = Chat(again, key_in(again.said))
        chat.until("quick_replies")
        chat.send(text="fruit")
        assert chat.until("gallery")["items"][0]["title"] == "Apples"


@pytest.mark.slow
def test_every_failure_of_the_demo_ends_in_its_own_words(tmp_path: Path) -> None:
    kinds = {
        "Too slow": "did not answer in time",
        "One byte at a time": "dripped its answer",
        "Server error": "status 500",
        "Malformed JSON": "was not JSON",
        "Wrong shape": "but not of a Text Block",
        "Oversized": "larger than 1 MiB",
        "Redirect": "never followed",
        "Declined": "declined with success false",
    }
    with started(tmp_path, "demo") as process:
        chat = Chat(process, key_in(process.said))
        menu = chat.until("quick_replies")
        chat.send(press={"seq": menu["seq"], "index": len(menu["replies"]) - 1})
        for title, words in kinds.items():
            choice = chat.until("buttons")
            chat.send(press={"seq": choice["seq"], "index": [b["title"] for b in choice["buttons"]].index(title)})
            assert words in chat.until("text")["text"]


def test_a_token_made_beside_the_server_opens_it_and_the_demo_goes_out_again(tmp_path: Path) -> None:
    def beside(*words: str) -> str:
        settings = {"BACKTALK_DATA_DIR": str(tmp_path), "PATH": os.environ["PATH"]}
        command = [sys.executable, "-m", "backtalk.cli", *words]
        return subprocess.run(command, env=settings, capture_output=True, text=True, check=True).stdout  # noqa: S603 - ourselves

    with started(tmp_path, "demo") as process:
        token = beside("token", "create", "--name", "test").strip()
        assert [bot["name"] for bot in process.ask("/api/v1/bots", token=token)["items"]] == ["Green Grocer"]
        assert len(process.ask("/api/v1/apis?limit=100", token=token)["items"]) == 16
        assert beside("demo", "--remove") == "The demo was removed.\n"
        assert process.ask("/api/v1/bots", token=token)["items"] == []
        with pytest.raises(HTTPError) as refused:
            Chat(process, key_in(process.said))
        assert refused.value.code == 404
        refused.value.close()
        assert process.stop()[0] == 0
    assert beside("demo", "--remove") == "There is no demo to remove.\n"


def test_s17_a_second_server_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with (
        started(tmp_path, "serve"),
        pytest.raises(AssertionError, match=r"Another server .* runs on backtalk\.db"),
        started(tmp_path, "serve"),
    ):
        pass


def test_o06_a_taken_port_is_named_but_the_demo_takes_another(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with (
            pytest.raises(AssertionError, match=f"Cannot listen on 127.0.0.1:{port}.*choose another port"),
            started(tmp_path, "serve", BACKTALK_PORT=port),
        ):
            pass


def test_k01_logs_hold_no_secret_and_no_text_of_a_customer(tmp_path: Path) -> None:
    with started(tmp_path, "demo", BACKTALK_LOG_FORMAT="json", BACKTALK_LOG_LEVEL="debug") as process:
        chat = Chat(process, key_in(process.said))
        chat.until("quick_replies")
        chat.send(text="my secret wish ann@example.com +1 555 010 9999")
        chat.until("quick_replies")
        code, logged = process.stop()
    assert code == 0
    lines = [json.loads(line) for line in logged.splitlines()]
    assert {"ready", "stopping", "stopped"} <= {line["event"] for line in lines}
    key = (tmp_path / "secret.key").read_text().strip()
    header_value = Sealer([key]).derive("demo backend token").hex()
    for secret in (chat.token, key, header_value):
        assert secret not in logged
    for file in tmp_path.iterdir():
        assert header_value.encode() not in file.read_bytes(), file.name
    for line in lines:
        if line["level"] != "debug":
            assert "secret wish" not in json.dumps(line)
            assert "ann@example.com" not in json.dumps(line)


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((4, 0, 0), True),
    ],
)
def test_s16_the_sqlite_releases_with_the_fault_are_known(version: tuple[int, ...], safe: bool) -> None:
    assert bootstrap.sqlite_is_safe(version) is safe


async def test_a_command_finds_a_workspace_ready(tmp_path: Path) -> None:
    settings = load({"BACKTALK_DATA_DIR": str(tmp_path)})
    async with bootstrap.open_database(settings) as database:
        assert await database.read(bootstrap._first_workspace) == 1
