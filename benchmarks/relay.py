"""What everything is compared with: a bare relay, HTTP in → HTTP POST out → JSON → HTTP out. Starlette, our door out, uvicorn.

Run as `python -m benchmarks.relay PORT BACKEND_PORT`.
"""

from __future__ import annotations

import gc
import socket
import sys

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from backtalk.exchange import HttpCall, HttpReply
from backtalk.outbound import EgressPolicy, Outbound
from backtalk.outbound.slots import Limits

HEADERS = (("Content-Type", "application/json"), ("User-Agent", "relay"))


def create_app(backend_port: int) -> Starlette:
    outbound = Outbound(EgressPolicy([f"127.0.0.1:{backend_port}"]), limits=Limits(per_lane=8192, per_workspace=8192))

    async def relay(request: Request) -> Response:
        body = orjson.loads(await request.body())
        url = f"http://127.0.0.1:{backend_port}/{body.get('ms', 0)}"
        answer = await outbound.send(HttpCall("POST", url, HEADERS, orjson.dumps(body)), workspace_id=1, lane="relay")
        if not isinstance(answer, HttpReply):
            return Response(answer.message, 502)
        return Response(orjson.dumps(orjson.loads(answer.body)), media_type="application/json")

    return Starlette(routes=[Route("/relay", relay, methods=["POST"])])


class Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000)
        print("ready", flush=True)


def main(port: str, backend_port: str) -> None:
    app = create_app(int(backend_port))
    Server(uvicorn.Config(app, port=int(port), access_log=False, log_level="error", backlog=8192)).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
