"""The few pages that the server itself shows, without a script and without anything from elsewhere."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from backtalk import __version__

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --line: #e3e7ee; --paper: #fff; --back: #f5f7fb; --link: #2a53d8 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ecf3; --soft: #9aa6b8; --line: #2b3442; --paper: #171d27; --back: #0f141c; --link: #8fb0ff }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--back); color: var(--ink); font: 16px/1.6 system-ui, sans-serif }
main { max-width: 60rem; margin: 0 auto; padding: clamp(1.5rem, 5vw, 4rem) 1.25rem }
h1 { font-size: clamp(1.8rem, 5vw, 2.6rem); line-height: 1.15; letter-spacing: -.02em; margin: 0 0 1rem }
h2 { font-size: 1.1rem; margin: 0 0 .35rem }
p { margin: 0 0 1rem; color: var(--soft); max-width: 44rem }
a { color: var(--link) }
code { font: .92em ui-monospace, monospace }
.cards { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); margin: 2rem 0;
  padding: 0; list-style: none }
.cards li { background: var(--paper); border: 1px solid var(--line); border-radius: 14px; padding: 1.25rem }
.cards p { margin: 0; font-size: .95rem }
.scroll { overflow-x: auto }
table { width: 100%; border-collapse: collapse; background: var(--paper); border: 1px solid var(--line); font-size: .93rem }
th, td { text-align: start; padding: .55rem .8rem; border-bottom: 1px solid var(--line); vertical-align: top }
th { color: var(--soft); font-weight: 600 }
footer { color: var(--soft); font-size: .9rem; margin-top: 2.5rem }
"""
_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
CSP = f"default-src 'none'; img-src data:; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

_LANDING = """
<h1>Backtalk</h1>
<p>Chatbots that answer from your own systems: build a bot from blocks, connect it with your backend, and its answers appear
natively in the chat. This is the server; it is running.</p>
<ul class="cards">
<li><h2><a href="/api/v1/docs">Management API</a></h2>
<p>Every route with its role. For programs: <a href="/api/v1/openapi.json">openapi.json</a>.</p></li>
<li><h2><a href="/api/v1/contract/request.json">What your backend receives</a></h2>
<p>The JSON Schema of a request, with an example.</p></li>
<li><h2>What it may answer</h2><p><a href="/api/v1/contract/text.json">text</a> ·
<a href="/api/v1/contract/image.json">image</a> · <a href="/api/v1/contract/gallery.json">gallery</a> ·
<a href="/api/v1/contract/buttons.json">buttons</a> · <a href="/api/v1/contract/quick_replies.json">quick replies</a></p></li>
<li><h2><a href="/healthz/ready">Health</a></h2><p>Whether this server takes requests now.</p></li>
</ul>
<p>A token for the API comes from <code>backtalk token create --name NAME</code>.</p>
"""


def page_response(title: str, content: str, *, status: int = 200) -> HTMLResponse:
    """A whole page. `content` is markup that is safe already; the title is not."""
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)} · Backtalk</title>'
        f'<link rel="icon" href="data:,"><style>{_STYLE}</style></head>'
        f'<body><main><div class="scroll">{content}</div><footer>Backtalk {escape(__version__)}</footer></main></body></html>',
        status,
        headers={"Content-Security-Policy": CSP, "Cache-Control": "public, max-age=60"},
    )


async def landing(_request: Request) -> HTMLResponse:
    return page_response("Welcome", _LANDING)


routes = [Route("/", landing, name="landing")]
