"""The backend of the benchmarks: a raw protocol that answers every request with one fixed reply, after a delay if told so.

Run as `python -m benchmarks.stub PORT`. Each path is `/MILLISECONDS`; `/never` is not answered.
"""

from __future__ import annotations

import asyncio
import gc
import sys

import uvloop

BODY = b'{"data":"is on its way","success":true,"message":"ok","attributes":{"parcel":"P-1"},"status":200}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)


class Stub(asyncio.Protocol):
    """One kept-alive connection, one request at a time."""

    def __init__(self) -> None:
        self._buffer = b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        data = self._buffer + data
        head, found, rest = data.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if not found or len(rest) < int(length or 0):
            self._buffer = data
            return
        self._buffer = b""
        path = head.split(b" ", 2)[1].lstrip(b"/")
        if path == b"never":
            return
        ms = int(path.partition(b"?")[0] or 0)
        if ms:
            self._loop.call_later(ms / 1000, self._answer)
        else:
            self._transport.write(ANSWER)

    def _answer(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(ANSWER)


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Stub, "127.0.0.1", port, backlog=8192)
    gc.freeze()
    gc.set_threshold(50_000)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
