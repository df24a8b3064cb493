"""The backends to copy really run and answer all five shapes, refuse strangers, and are read without a note."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from backtalk.backend.api import Api
from backtalk.backend.reply import read_reply
from backtalk.backend.request import build_call
from backtalk.engine.customer import Customer
from backtalk.engine.messages import Button, Card, Media
from backtalk.engine.reply import ApiReply, Shape
from backtalk.exchange import HttpCall, HttpReply

BACKENDS = Path(__file__).parents[2] / "examples" / "backends"
TOKEN = "shop-token"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
START_S = 20.0


@dataclass(frozen=True)
class Example:
    """How one backend is started, and what must be on the machine for it."""

    folder: str
    command: Callable[[int], list[str]]
    missing: Callable[[], str]


def _python() -> str:
    return ""


def _needs(program: str) -> Callable[[], str]:
    return lambda: "" if shutil.which(program) else f"{program} is not installed"


def _needs_express() -> str:
    if not shutil.which("node"):
        return "node is not installed"
    asked = [shutil.which("node") or "node", "-e", "require('express')"]
    tried = subprocess.run(asked, cwd=BACKENDS / "express", capture_output=True, check=False)  # noqa: S603 - our own words
    return "" if tried.returncode == 0 else "the package express is not installed where node finds it"


def _uvicorn(port: int) -> list[str]:
    return [sys.executable, "-m", "uvicorn", "fastapi_app:app", "--port", str(port), "--log-level", "warning"]


EXAMPLES = {
    "stdlib": Example(".", lambda _: [sys.executable, "stdlib_server.py"], _python),
    "fastapi": Example(".", _uvicorn, _python),
    "flask": Example(
        ".", lambda port: [sys.executable, "-m", "flask", "--app", "flask_app", "run", "--port", str(port)], _python
    ),
    "php": Example("php", lambda port: ["php", "-S", f"127.0.0.1:{port}", "index.php"], _needs("php")),
    "node": Example("node", lambda _: ["node", "server.js"], _needs("node")),
    "express": Example("express", lambda _: ["node", "server.js"], _needs_express),
}


@contextmanager
def running(example: Example) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    known = {name: os.environ[name] for name in ("PATH", "HOME", "NODE_PATH", "SYSTEMROOT") if name in os.environ}
    process = subprocess.Popen(  # noqa: S603 - our own examples
        example.command(port),
        cwd=BACKENDS / example.folder,
        env=known
        | {"PYTHONDONTWRITEBYTECODE": "1", "PORT": str(port), "SHOP_TOKEN": TOKEN, "SHOP_SIGNING_SECRET": SECRET},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        wait_until_open(port, process)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"It ended: {process.communicate()[0].decode()}")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    pytest.fail("It did not open its port.")


@pytest.fixture(scope="module", params=sorted(EXAMPLES))
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    example = EXAMPLES[request.param]
    if missing := example.missing():
        pytest.skip(missing)
    with running(example) as port:
        yield port


def call_for(port: int, path: str, *, at: datetime | None = None, secrets: tuple[str, ...] = (SECRET,)) -> HttpCall:
    api = Api(1, "Shop", "POST", f"http://127.0.0.1:{port}{path}", headers=(("X-Secret-Token", TOKEN),))
    customer = Customer(1, 1, datetime(2024, 2, 29, tzinfo=UTC), first_name="Zoë")
    return build_call(
        api,
        customer,
        attribute_names=(),
        workspace_timezone=0.0,
        idempotency_key="key-1",
        at=at or datetime.now(UTC),
        signing_secrets=secrets,
    )


def sent(call: HttpCall) -> HttpReply:
    parts = urlsplit(call.url)
    assert parts.hostname
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
    try:
        connection.request(call.method, parts.path, call.body, dict(call.headers))
        reply = connection.getresponse()
        return HttpReply(reply.status, tuple(reply.getheaders()), reply.read(), 1)
    finally:
        connection.close()


def buy(title: str, name: str) -> Button:
    return Button(title, "sequence", 2, f"product={name}")


def gallery(*names: str) -> tuple[Card, ...]:
    return tuple(
        Card(name.title(), price, f"https://example.com/{name}.jpg", f"https://example.com/{name}", (buy("Buy", name),))
        for name, price in zip(names, ("2.50", "3.00"), strict=True)
    )


ANSWERS: list[tuple[Shape, str, list[Any]]] = [
    ("text", "/text", [f"Hello Zoë!\nWe have {names}." for names in ("apples, pears", "Apples, Pears")]),
    ("image", "/image", [Media("image", "https://example.com/shop.jpg")]),
    ("gallery", "/gallery", [gallery("apples", "pears"), gallery("Apples", "Pears")]),
    (
        "buttons",
        "/buttons",
        [(Button("Our shop", "url", "https://example.com/"), Button("Call us", "phone", "+4930123456"))],
    ),
    (
        "quick_replies",
        "/quick-replies",
        [(buy(f"Buy {a}", a), buy(f"Buy {b}", b)) for a, b in (("apples", "pears"), ("Apples", "Pears"))],
    ),
]


@pytest.mark.parametrize(("shape", "path", "expected"), ANSWERS, ids=[shape for shape, _, _ in ANSWERS])
def test_each_backend_answers_each_shape_without_a_note(
    port: int, shape: Shape, path: str, expected: list[Any]
) -> None:
    reply = read_reply(shape, sent(call_for(port, path)))
    assert isinstance(reply, ApiReply), reply
    assert reply.data in expected
    assert (reply.attributes, reply.notes, reply.message) == ({"visited_shop": True}, (), "Successful")


def without(call: HttpCall, name: str) -> HttpCall:
    return replace(call, headers=tuple(header for header in call.headers if header[0] != name))


def changed(call: HttpCall, name: str, value: str) -> HttpCall:
    return replace(without(call, name), headers=(*without(call, name).headers, (name, value)))


STRANGERS: dict[str, Callable[[int], HttpCall]] = {
    "no token": lambda port: without(call_for(port, "/text"), "X-Secret-Token"),
    "another token": lambda port: changed(call_for(port, "/text"), "X-Secret-Token", "guess"),
    "no signature": lambda port: call_for(port, "/text", secrets=()),
    "another secret": lambda port: call_for(port, "/text", secrets=("whsec_c29tZWJvZHkgZWxzZQ==",)),
    "another body": lambda port: replace(call_for(port, "/text"), body=b'{"first_name": "Eve"}'),
    "too old": lambda port: call_for(port, "/text", at=datetime.now(UTC) - timedelta(minutes=6)),
    "no time": lambda port: changed(call_for(port, "/text"), "webhook-timestamp", "now"),
    "no base64": lambda port: changed(call_for(port, "/text"), "webhook-signature", "v1,a"),
}


@pytest.mark.parametrize("stranger", sorted(STRANGERS))
def test_each_backend_refuses_strangers(port: int, stranger: str) -> None:
    assert sent(STRANGERS[stranger](port)).status == 401


def test_each_backend_accepts_a_second_signature(port: int) -> None:
    assert sent(call_for(port, "/text", secrets=("whsec_c29tZWJvZHkgZWxzZQ==", SECRET))).status == 200


def test_each_backend_knows_what_it_does_not_answer(port: int) -> None:
    assert sent(call_for(port, "/nothing")).status == 404


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_each_backend_is_short_enough_to_be_read(name: str) -> None:
    files = [file for file in (BACKENDS / EXAMPLES[name].folder).iterdir() if file.suffix in (".py", ".js", ".php")]
    assert files
    assert all(len(file.read_text().splitlines()) <= 105 for file in files)
