"""A raw-socket server on loopback that answers as badly as a test asks it to, and counts what reaches it."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field

OK_BODY = b'{"data":"text","success":true}'


@dataclass
class Peer:
    """One connection as the server sees it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    server: "HostileServer"

    async def request(self) -> bytes:
        """The next whole request; raises IncompleteReadError when the client has closed."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = next((int(v) for k, _, v in _fields(head) if k == b"content-length"), 0)
        request = head + await self.reader.readexactly(length)
        self.server.requests.append(request)
        return request

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()


Behaviour = Callable[[Peer], Awaitable[None]]


@dataclass
class HostileServer:
    """What was seen; `url` and `port` tell where it listens."""

    port: int = 0
    scheme: str = "http"
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/"

    @property
    def endpoint(self) -> str:
        """What an operator writes to allow it."""
        return f"127.0.0.1:{self.port}"


@contextlib.asynccontextmanager
async def hostile_server(
    behaviour: Behaviour, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[HostileServer]:
    """Run the behaviour for every connection; the connection is closed when it returns."""
    seen = HostileServer(scheme="https" if tls else "http")
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        seen.connections += 1
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await behaviour(Peer(reader, writer, seen))
        except asyncio.CancelledError:
            pass  # the test is over
        finally:
            writer.transport.abort() if tls else writer.close()
            tasks.discard(task)

    server = await asyncio.start_server(serve, host, port, ssl=tls)
    seen.port = server.sockets[0].getsockname()[1]
    try:
        yield seen
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)


def answer(body: bytes = OK_BODY, *, status: str = "200 OK", headers: bytes = b"", length: int | None = None) -> bytes:
    """A whole answer as bytes."""
    size = len(body) if length is None else length
    return b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s" % (status.encode(), headers, size, body)


def answers(raw: bytes, *, after_s: float = 0) -> Behaviour:
    """Answers every request of a connection with these bytes, and keeps it open."""

    async def behave(peer: Peer) -> None:
        while True:
            await peer.request()
            await asyncio.sleep(after_s)
            await peer.send(raw)

    return behave


def answers_once(raw: bytes) -> Behaviour:
    """Answers one request with these bytes, then closes the connection."""

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.send(raw)

    return behave


def drips(raw: bytes, *, every_s: float = 0.05) -> Behaviour:
    """Sends the answer one byte at a time."""

    async def behave(peer: Peer) -> None:
        await peer.request()
        for index in range(len(raw)):
            await peer.send(raw[index : index + 1])
            await asyncio.sleep(every_s)

    return behave


def repeats(head: bytes, part: bytes) -> Behaviour:
    """Sends the head, then the part without end."""

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.send(head)
        while True:
            await peer.send(part)
            await asyncio.sleep(0)  # draining alone never lets the client run

    return behave


def hangs_after(raw: bytes) -> Behaviour:
    """Sends these bytes, then nothing, and keeps the connection open."""

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.send(raw)
        await asyncio.sleep(60)

    return behave


async def silent(peer: Peer) -> None:
    """Accepts and never answers."""
    await asyncio.sleep(60)


async def closes(peer: Peer) -> None:
    """Reads the request and closes without an answer."""
    await peer.request()


async def resets(peer: Peer) -> None:
    """Reads the request and resets the connection."""
    await peer.request()
    peer.writer.transport.abort()


@contextlib.contextmanager
def black_hole(host: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """A port whose SYNs are dropped: its queue of waiting connections is full. Gives the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.ExitStack() as open_sockets:
        listener = open_sockets.enter_context(socket.socket(family))
        listener.bind((host, port))
        listener.listen(0)
        place = listener.getsockname()
        for _ in range(4):
            filler = open_sockets.enter_context(socket.socket(family))
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(place)
        yield place[1]


def closed_port() -> int:
    """A port on loopback where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _fields(head: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    for line in head.split(b"\r\n")[1:]:
        name, separator, value = line.partition(b":")
        yield name.lower(), separator, value.strip()
