"""A customer's backend in a thread, for tests that drive a browser: answers each path with an envelope or bytes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class ThreadedBackend:
    """`answers` maps a path to what it answers; `asked` keeps (path, body)."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.types: dict[str, str] = {}
        self.asked: list[tuple[str, bytes]] = []
        self.place = ""

    def url(self, path: str) -> str:
        return f"http://{self.place}{path}"


@contextmanager
def threaded_backend() -> Iterator[ThreadedBackend]:
    made = ThreadedBackend()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = self.path.partition("?")[0]
            made.asked.append((path, body))
            answer = made.answers.get(path)
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(404 if answer is None else 200)
            self.send_header("Content-Type", made.types.get(path, "application/json"))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that http.server calls it by
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.place = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
