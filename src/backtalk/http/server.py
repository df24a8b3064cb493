"""The listening side: uvicorn with bounds on what a client may do before a request is whole, and a stop that drains.

Rules
- A request's head must be whole within `HEAD_S`, its body must keep coming at `LEAST_BYTES_PER_S` or so (row I12).
- A head is at most `MAX_HEAD_BYTES`; two lengths, or a length beside chunks, are refused by the parser (row I23).
- What a client goes on sending after its answer is thrown away for a while, then the connection is cut.
- On SIGTERM or SIGINT `on_stop` is called at once, no connection is taken any more, and what is under way has `DRAIN_S` (row S07).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Generator, Sequence
from time import monotonic
from typing import Any, TypeVar

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from backtalk.errors import BacktalkError, Invalid
from backtalk.http.guard import CSP
from backtalk.http.problems import MEDIA_TYPE, document_of

log = logging.getLogger(__name__)

HEAD_S = 10.0
LEAST_BYTES_PER_S = 16_384
MAX_HEAD_BYTES = 65_536
MAX_SURPLUS_BYTES = 1_048_576
DRAIN_S = 10
BACKLOG = 2_048
MAX_CONNECTIONS = 20_000
SPARE_FILES = 256
"""Files that are not client connections: the database, calls to backends."""
MAX_FRAME_BYTES = 65_536
GC_THRESHOLD = 50_000
"""Full collections over thousands of live objects were pauses of a second; see benchmarks."""

T = TypeVar("T")


class BadHead(BacktalkError):
    """This is not a valid HTTP request."""

    code = "bad_request"
    hint = "Send HTTP/1.1 with one length and headers of at most 64 KiB."


class BoundedProtocol(HttpToolsProtocol):
    """One connection, with a clock and a count on what is not yet a whole request."""

    head_s = HEAD_S

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._clock: asyncio.TimerHandle | None = None
        self._began = monotonic()
        self._received = 0
        self._in_head = True
        self._head_bytes = 0
        self._field_bytes = 0
        self._surplus = 0
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("too long")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = self._received = self._surplus = self._field_bytes = 0
        self._began = monotonic()
        if self._clock is None:
            self._wait()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._field_bytes += len(name) + len(value) + len(b": \r\n")
        if self._field_bytes > MAX_HEAD_BYTES:  # a head that came whole, in one piece
            raise ValueError(name)  # to the parser, which refuses the request
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self.cycle.response_complete:
            self._surplus += len(body)
            if self._surplus > MAX_SURPLUS_BYTES:
                self.transport.close()
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._stop_clock()
        self._in_head = True
        self._head_bytes = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the parser's words stay inside
        """The refusal of what is not a request, in the form of all others."""
        import orjson

        body = orjson.dumps(document_of(BadHead()))
        head = (
            "HTTP/1.1 400 Bad Request\r\n"
            f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n"
            f"content-security-policy: {CSP}\r\nx-content-type-options: nosniff\r\n"
            "referrer-policy: no-referrer\r\ncache-control: no-store\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def _wait(self) -> None:
        self._clock = self.loop.call_later(self.head_s, self._check)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _check(self) -> None:
        """Cut a client that is slower than its bytes allow; one that we ourselves keep waiting is let be."""
        self._clock = None
        if self.transport.is_closing():
            return
        allowed = self.head_s if self._in_head else self.head_s + self._received / LEAST_BYTES_PER_S
        if monotonic() - self._began < allowed - 0.01 or self.flow.read_paused:
            self._wait()
        else:
            self.transport.close()


class Server(uvicorn.Server):
    """Stops when told so by a signal or by `stop`, and then returns instead of raising the signal again."""

    def __init__(self, config: uvicorn.Config, *, on_ready: Callable[[], None], on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._on_stop = on_stop

    def stop(self) -> None:
        """Begin to stop; a second time: do not wait for what is under way."""
        if self.should_exit:
            self.force_exit = True
        else:
            self._on_stop()
            self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            gc.collect()
            gc.freeze()
            gc.set_threshold(GC_THRESHOLD)
            self._on_ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        loop = asyncio.get_running_loop()
        caught: list[signal.Signals] = []
        with contextlib.suppress(
            NotImplementedError, RuntimeError, ValueError
        ):  # not the main thread, or no signals here
            for wanted in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(wanted, self.stop)
                caught.append(wanted)
        try:
            yield
        finally:
            for wanted in caught:
                loop.remove_signal_handler(wanted)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one (`getsockname` tells which). Raises Invalid when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            why, hint = "this machine has no such address", "Choose one of its own with --host or BACKTALK_HOST."
        else:
            why = os.strerror(error.errno or 0)
            hint = "Stop what listens there, or choose another port with --port or BACKTALK_PORT."
        raise Invalid(f"Cannot listen on {host}:{port}: {why}.", hint=hint) from None


def make_server(
    app: ASGIApp,
    *,
    trusted_proxies: Sequence[str] = (),
    on_ready: Callable[[], None] = lambda: None,
    on_stop: Callable[[], None] = lambda: None,
    drain_s: int = DRAIN_S,
) -> Server:
    """A server for `serve`. `on_stop` is to make the application not ready and wake what waits."""
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws="websockets-sansio",
        ws_max_size=MAX_FRAME_BYTES,
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        limit_concurrency=_most_connections(),
        backlog=BACKLOG,
        timeout_graceful_shutdown=drain_s,
    )
    return Server(config, on_ready=on_ready, on_stop=on_stop)


async def serve(
    app: ASGIApp,
    listener: socket.socket,
    *,
    trusted_proxies: Sequence[str] = (),
    on_ready: Callable[[], None] = lambda: None,
    on_stop: Callable[[], None] = lambda: None,
) -> None:
    """Serve until SIGTERM or SIGINT; returns when everything has drained or `DRAIN_S` is over."""
    server = make_server(app, trusted_proxies=trusted_proxies, on_ready=on_ready, on_stop=on_stop)
    await server.serve(sockets=[listener])


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run the whole process's work on the fastest loop there is here."""
    if sys.platform == "win32":
        return asyncio.run(work)
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def _most_connections() -> int:
    """As many as files can be open, after asking for as many as are allowed."""
    if sys.platform == "win32":
        return MAX_CONNECTIONS
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + SPARE_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else max(64, min(MAX_CONNECTIONS, soft - SPARE_FILES))
