"""A chat server in miniature that speaks the web chat interface, misbehaves on demand, and serves pages with the widget."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

BUILT = Path(__file__).parents[2] / "src" / "backtalk" / "http" / "static" / "built"
STRICT = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; media-src 'self'"
PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 200"><defs><linearGradient id="g" x2="1" y2="1">
<stop stop-color="#ffd8a8"/><stop offset="1" stop-color="#ff8787"/></linearGradient></defs>
<rect width="320" height="200" fill="url(#g)"/><circle cx="160" cy="112" r="58" fill="#fff" opacity=".85"/></svg>"""

Json = dict[str, Any]


class FakeChat:
    """One channel. Tests read `posts` and steer by the flags; `say` is the bot speaking."""

    def __init__(self) -> None:
        self.logs: dict[str, list[Json]] = {}
        self.posts: list[Json] = []
        self.sessions: list[Json] = []
        self.pages: dict[str, str] = {}
        self.style = ""
        self.csp = STRICT
        self.refuses_sockets = False
        self.swallows_answers = False  # takes a message, stores it, and drops the connection before saying so
        self.welcome: list[Json] = [{"type": "text", "text": "Hello! How can we help?"}]
        self._sockets: set[WebSocket] = set()
        self._news = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.port = 0

    # --- for tests, from another thread ---------------------------------------------------------------------

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(self._app(), log_level="error", ws="websockets-sansio", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        started = threading.Event()

        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            self._news = asyncio.Event()
            started.set()
            await server.serve([listener])

        self._server = server
        self._thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
        self._thread.start()
        started.wait(10)

    def stop(self) -> None:
        if self._server and self._thread:
            self.drop_sockets()
            self._server.should_exit = True
            self._thread.join(10)
            self._server = self._thread = None

    def say(self, *messages: Json, sender: str = "bot") -> None:
        """Into every conversation there is."""
        self._do(self._say_all(messages, sender))

    def frame(self, frame: Json) -> None:
        self._do(self._send_all(frame))

    def drop_sockets(self) -> None:
        self._do(self._close_all())

    def forget_sessions(self) -> None:
        self.logs.clear()

    # --- inside -----------------------------------------------------------------------------------------------

    def _do(self, work: Any) -> None:
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _say_all(self, messages: tuple[Json, ...], sender: str) -> None:
        for token in self.logs:
            for message in messages:
                await self._add(token, {"from": sender, **message})

    async def _send_all(self, frame: Json) -> None:
        for one in list(self._sockets):
            with contextlib.suppress(Exception):  # it may be closing
                await one.send_json(frame)

    async def _close_all(self) -> None:
        for one in list(self._sockets):
            with contextlib.suppress(Exception):  # it may be closing
                await one.close(1012)

    async def _add(self, token: str, message: Json) -> int:
        log = self.logs[token]
        seq = len(log) + 1
        log.append({"seq": seq, "at": datetime.now(UTC).isoformat(), **message})
        news, self._news = self._news, asyncio.Event()
        news.set()
        for one in list(self._sockets):
            if one.state.token == token:
                await one.send_json({"type": "message", "message": log[-1]})
        return seq

    async def _take(self, token: str, body: Json) -> int:
        for message in self.logs[token]:
            if message.get("client_id") == body["client_id"]:
                return int(message["seq"])
        self.posts.append(body)
        text = body.get("text")
        if text is None:
            place = body["press"]
            shown = self.logs[token][place["seq"] - 1]
            if isinstance(place["index"], list):
                card, index = place["index"]
                text = shown["items"][card]["buttons"][index]["title"]
            else:
                text = (shown.get("buttons") or shown.get("replies"))[place["index"]]["title"]
        own = {"from": "customer", "client_id": body["client_id"], "type": "text", "text": text}
        seq = await self._add(token, own)
        await self._add(token, {"from": "bot", "type": "text", "text": f"You said: {text}"})
        return seq

    async def _open(self, request: Request) -> Response:
        self.sessions.append(await request.json())
        token = f"token-{len(self.sessions)}"
        self.logs[token] = []
        for message in self.welcome:
            await self._add(token, {"from": "bot", **message})
        answer = {"token": token, "uid": 1, "conversation_id": 1, "cursor": len(self.logs[token])}
        return JSONResponse(answer, status_code=201)

    async def _messages(self, request: Request) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.logs:
            return JSONResponse({"code": "sign_in_required", "detail": "A valid token is needed."}, status_code=401)
        if request.method == "POST":
            body = await request.json()
            if body.get("text") == "refuse me":
                return JSONResponse({"code": "invalid", "detail": "That is too long."}, status_code=422)
            return JSONResponse({"seq": await self._take(token, body)}, status_code=202)
        after = int(request.query_params.get("after", 0))
        wait = float(request.query_params.get("wait", 0))
        if len(self.logs[token]) <= after and wait:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), min(wait, 2))
        log = self.logs[token]
        return JSONResponse({"messages": log[after : after + 50], "cursor": len(log)})

    async def _socket(self, one: WebSocket) -> None:
        await one.accept()
        if self.refuses_sockets:
            await one.close(1008)
            return
        try:
            token = (await one.receive_json())["token"]
            if token not in self.logs:
                await one.send_json({"type": "error", "code": "sign_in_required", "detail": "A valid token is needed."})
                await one.close(4401)
                return
            one.state.token = token
            await one.send_json({"type": "ready", "cursor": len(self.logs[token])})
            for message in self.logs[token][int(one.query_params["after"]) :]:
                await one.send_json({"type": "message", "message": message})
            self._sockets.add(one)
            while True:
                body = await one.receive_json()
                if body.get("type") == "ping":
                    await one.send_json({"type": "pong"})
                elif body.get("text") == "refuse me":
                    answer = {"type": "error", "code": "invalid", "detail": "That is too long."}
                    await one.send_json({**answer, "client_id": body["client_id"]})
                elif self.swallows_answers:
                    self._sockets.discard(one)
                    await self._take(token, body)
                    await one.close(1011)
                    return
                else:
                    seq = await self._take(token, body)
                    await one.send_json({"type": "accepted", "client_id": body["client_id"], "seq": seq})
        except (WebSocketDisconnect, RuntimeError):
            return
        finally:
            self._sockets.discard(one)

    async def _page(self, request: Request) -> Response:
        body = self.pages[request.path_params["name"]]
        return HTMLResponse(body, headers={"Content-Security-Policy": self.csp})

    async def _widget(self, _: Request) -> Response:
        return FileResponse(BUILT / "widget.js", media_type="text/javascript")

    async def _style(self, _: Request) -> Response:
        return Response(self.style, media_type="text/css")

    async def _favicon(self, _: Request) -> Response:
        return Response(status_code=204)

    async def _picture(self, _: Request) -> Response:
        return Response(PICTURE, media_type="image/svg+xml")

    def _app(self) -> Starlette:
        chat = "/chat/v1/{key}"
        routes = [
            Route("/pages/{name}", self._page),
            Route("/widget.js", self._widget),
            Route("/style.css", self._style),
            Route("/favicon.ico", self._favicon),
            Route("/picture.svg", self._picture),
            Route(f"{chat}/widget.js", self._widget),
            Route(f"{chat}/sessions", self._open, methods=["POST"]),
            Route(f"{chat}/messages", self._messages, methods=["GET", "POST"]),
            WebSocketRoute(f"{chat}/socket", self._socket),
        ]
        cors = Middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])
        return Starlette(routes=routes, middleware=[cors])


@contextlib.contextmanager
def fake_chat() -> Iterator[FakeChat]:
    chat = FakeChat()
    chat.start()
    try:
        yield chat
    finally:
        chat.stop()
