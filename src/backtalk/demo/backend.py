"""The sample shop's backend: what a company would write, answering all five shapes, and every way to get it wrong.

It listens on loopback only and asks for the secret header, as the product advises for every backend.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

TOKEN_HEADER = "X-Shop-Token"  # noqa: S105 - a header's name
SLOW_S = 10.0
OVERSIZED_BYTES = 2 * 1_048_576

_ORDERS = {
    "7": ("delivered", "Order 7 was delivered yesterday at 17:40."),
    "42": ("on its way", "Order 42 is on its way.\nThe van is three streets from you."),
    "99": ("packed", "Order 99 is packed and leaves this afternoon."),
}
_PRODUCTS = (
    ("Apples", "Crisp and sweet, 1 kg for 2.90", "apples"),
    ("Carrots", "From the field next door, 1.20 a bunch", "carrots"),
    ("Tomatoes", "Ripened on the vine, 3.40 a box", "tomatoes"),
    ("Sourdough bread", "Baked at five this morning, 4.80", "bread"),
)


class Backend:
    """The handlers. `sequences` are the ids of the bot's sequences by name, `pictures_url` where pictures are served."""

    def __init__(self, *, sequences: Mapping[str, int], pictures_url: str, slow_s: float = SLOW_S) -> None:
        self.sequences = sequences
        self.pictures_url = pictures_url
        self.slow_s = slow_s

    async def order_status(self, request: Request) -> Response:
        """POST: the customer's attribute `order_number` says which order is meant."""
        number = str((await request.json()).get("order_number", ""))
        if number not in _ORDERS:
            return _reply(None, success=False, message=f"no order {number!r}", attributes={"order_status": "unknown"})
        status, text = _ORDERS[number]
        return _reply(text, attributes={"order_status": status})

    async def opening_hours(self, _: Request) -> Response:
        return _reply("Monday to Friday 8:00 to 19:00\\nSaturday 8:00 to 14:00")

    async def shop_picture(self, _: Request) -> Response:
        return _reply({"type": "image", "url": f"{self.pictures_url}/shop.svg"})

    async def jingle(self, _: Request) -> Response:
        return _reply({"type": "audio", "url": f"{self.pictures_url}/jingle.wav"})

    async def products(self, _: Request) -> Response:
        return _reply(
            [
                {
                    "title": title,
                    "subtitle": subtitle,
                    "image": f"{self.pictures_url}/{picture}.svg",
                    "buttons": [
                        {
                            "title": "Add to basket",
                            "type": "sequence",
                            "value": self.sequences["Basket"],
                            "extra": f"product={title}",
                        },
                        {
                            "title": "About it",
                            "type": "url",
                            "value": f"https://en.wikipedia.org/wiki/{title.split()[0]}",
                        },
                    ],
                }
                for title, subtitle, picture in _PRODUCTS
            ]
        )

    async def delivery_slots(self, request: Request) -> Response:
        days = int(request.query_params.get("days", "1"))
        first = datetime.now(UTC).date() + timedelta(days=1)
        slots = [
            f"{first + timedelta(days=day):%A} {hours}" for day in range(days) for hours in ("9 to 11", "17 to 19")
        ]
        booked = self.sequences["Booked"]
        return _reply([{"title": s, "type": "sequence", "value": booked, "extra": f"slot={s}"} for s in slots])

    async def support(self, request: Request) -> Response:
        name = (await request.json()).get("first_name") or "you"
        return _reply(
            [
                {
                    "title": f"We call {name} back",
                    "type": "sequence",
                    "value": str(self.sequences["Person"]),
                    "extra": "topic=call back",
                },
                {"title": "Call us", "type": "phone", "value": "+1 555 0100"},
                {"title": "Questions and answers", "type": "url", "value": "https://example.com/help"},
            ]
        )

    async def add_to_basket(self, request: Request) -> Response:
        """POST, called for its effect: the number of things is kept in the customer's attributes."""
        count = (await request.json()).get("basket_count")
        return _reply(None, attributes={"basket_count": (count if isinstance(count, int) else 0) + 1})

    # --- every way to get it wrong

    async def slow(self, _: Request) -> Response:
        await asyncio.sleep(self.slow_s)
        return _reply("This comes too late.")

    async def dripping(self, _: Request) -> Response:
        async def drops() -> AsyncIterator[bytes]:
            yield b'{"success": true, "data": "'
            for _ in range(int(self.slow_s)):
                await asyncio.sleep(1)
                yield b"."

        return StreamingResponse(drops(), media_type="application/json")

    async def error(self, _: Request) -> Response:
        return PlainTextResponse("The database of the shop is on fire.", 500)

    async def malformed(self, _: Request) -> Response:
        return Response('{\n  "success": true,\n  "data": "a comma too many",\n}', media_type="application/json")

    async def wrong_shape(self, _: Request) -> Response:
        return _reply([{"title": "A button where a text should be"}])

    async def oversized(self, _: Request) -> Response:
        return _reply("x" * OVERSIZED_BYTES)

    async def redirect(self, _: Request) -> Response:
        return RedirectResponse("/opening-hours")

    async def declined(self, _: Request) -> Response:
        return _reply(None, success=False, message="the demo declines", attributes={"declined_because": "it is a demo"})


def create_backend(*, token: str, sequences: Mapping[str, int], pictures_url: str, slow_s: float = SLOW_S) -> Starlette:
    """The application. Whoever does not send `token` in the header X-Shop-Token gets 401."""
    backend = Backend(sequences=sequences, pictures_url=pictures_url, slow_s=slow_s)
    return Starlette(
        routes=[
            Route("/orders/status", backend.order_status, methods=["POST"]),
            Route("/opening-hours", backend.opening_hours),
            Route("/shop-picture", backend.shop_picture),
            Route("/jingle", backend.jingle),
            Route("/products", backend.products),
            Route("/delivery-slots", backend.delivery_slots),
            Route("/support", backend.support, methods=["POST"]),
            Route("/basket", backend.add_to_basket, methods=["POST"]),
            Route("/failures/slow", backend.slow),
            Route("/failures/dripping", backend.dripping),
            Route("/failures/error", backend.error),
            Route("/failures/malformed", backend.malformed),
            Route("/failures/wrong-shape", backend.wrong_shape),
            Route("/failures/oversized", backend.oversized),
            Route("/failures/redirect", backend.redirect),
            Route("/failures/declined", backend.declined, methods=["POST"]),
        ],
        middleware=[Middleware(_AskForToken, token=token)],
    )


class _AskForToken:
    def __init__(self, app: ASGIApp, token: str) -> None:
        self.app = app
        self.token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = next((value for name, value in scope["headers"] if name == TOKEN_HEADER.lower().encode()), b"")
            if not hmac.compare_digest(given, self.token):
                await _reply(None, success=False, message="wrong or no token", http_status=401)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _reply(
    data: Any,
    *,
    success: bool = True,
    message: str = "Successful",
    attributes: dict[str, Any] | None = None,
    http_status: int = 200,
) -> Response:
    """The envelope of every answer."""
    body = {"data": data, "success": success, "message": message, "attributes": attributes or {}, "status": http_status}
    return JSONResponse(body, http_status)
