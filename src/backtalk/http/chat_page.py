"""The chat as a page of its own, and the script that puts it on any page."""

from __future__ import annotations

import re
from hashlib import sha256
from html import escape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from backtalk.http import chat_access
from backtalk.http.pages import page_response
from backtalk.storage import channels
from backtalk.storage.channels import ChannelRow

BUILT = Path(__file__).with_name("static") / "built"
SCRIPT = BUILT / "widget.js"
LOOK = ("color", "title", "greeting", "position", "theme", "lang", "dir")
"""What a channel's config may say of how the chat looks; the script reads it from attributes of these names."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}")

_PAGE = """<!doctype html>
<html lang="{lang}" dir="{dir}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<title>{title}</title>
<link rel="stylesheet" href="{base}/c/page.css">
</head>
<body>
<main><backtalk-chat full data-channel="{key}" data-base="{base}/"{look}></backtalk-chat></main>
<noscript><p>This chat needs JavaScript.</p></noscript>
<script src="{base}/widget.js"></script>
</body>
</html>
"""

_NONE = """
<h1>There is no chat here</h1>
<p>The address is not whole, or this chat was closed for good. Please go back to where you found the link.</p>
"""
_STYLE = "html,body,main{height:100%;margin:0}backtalk-chat{display:block;height:100%}noscript p{font:1rem system-ui;padding:2rem}"


async def page(request: Request) -> Response:
    """The chat of a channel, full page."""
    services, key = chat_access.services(request), request.path_params["channel_key"]
    channel = await services.database.read(lambda tx: channels.by_key(tx, key))
    if channel is None:
        return page_response("No chat here", _NONE, status=404)
    if not SCRIPT.exists():
        return _not_built()
    config = channel.config
    content = _PAGE.format(
        lang=escape(str(config.get("lang") or _language(request))),
        dir=escape(str(config.get("dir") or "auto")),
        title=escape(_title(channel)),
        base=escape(request.scope.get("root_path", "")),
        key=escape(key),
        look=_look(channel),
    )
    return HTMLResponse(content, headers={"Content-Security-Policy": _policy(channel), "Cache-Control": "no-cache"})


async def style(_request: Request) -> Response:
    return Response(_STYLE, media_type="text/css", headers={"Cache-Control": "public, max-age=3600"})


async def script(request: Request) -> Response:
    """GET /widget.js, also below a channel's address; open to every site, and always asked for anew when it changed."""
    if not SCRIPT.exists():
        return _not_built()
    headers = {
        "Cache-Control": "public, max-age=300",
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "ETag": f'"{sha256(SCRIPT.read_bytes()).hexdigest()[:16]}"',
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return FileResponse(SCRIPT, media_type="text/javascript", headers=headers)


def _look(channel: ChannelRow) -> str:
    values = {name: channel.config.get(name) for name in LOOK} | {"title": _title(channel)}
    return "".join(f' data-{name}="{escape(str(value))}"' for name, value in values.items() if value)


def _language(request: Request) -> str:
    """The language that the visitor's browser asks for first."""
    first = _LANGUAGE.match(request.headers.get("accept-language", ""))
    return first[0] if first else "en"


def _title(channel: ChannelRow) -> str:
    return str(channel.config.get("title") or channel.name)


def _policy(channel: ChannelRow) -> str:
    """Pictures and films come from the company's own sites; nothing else may run or be loaded. Framed only where the channel is listed."""
    frames = " ".join(["'self'", *(str(site) for site in channel.config.get("allowed_origins") or [])])
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src http: https: data:; "
        f"media-src http: https:; base-uri 'none'; form-action 'none'; frame-ancestors {frames}"
    )


def _not_built() -> Response:
    return PlainTextResponse(
        "The chat's script is not built. Run `make run` in the checkout, which builds it, or install a release.\n", 503
    )


routes: list[BaseRoute] = [
    Route("/c/page.css", style, methods=["GET"]),
    Route("/c/{channel_key}", page, methods=["GET"]),
    Route("/widget.js", script, methods=["GET"]),
    Route("/chat/v1/{channel_key}/widget.js", script, methods=["GET"]),
]
