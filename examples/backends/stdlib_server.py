"""A small shop that answers Backtalk, with nothing but Python.

    SHOP_TOKEN=… SHOP_SIGNING_SECRET=whsec_… python stdlib_server.py

Make one API per answer: POST http://HOST:3000/text, /image, /gallery, /buttons and /quick-replies, each with the header
`X-Secret-Token`. The signing secret is in the workspace's settings.
"""

import base64
import hmac
import json
import os
import time
from collections.abc import Callable
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = os.environ["SHOP_TOKEN"]
SIGNING_KEY = base64.b64decode(os.environ["SHOP_SIGNING_SECRET"].removeprefix("whsec_"))
PRODUCTS = {"apples": "2.50", "pears": "3.00"}
MAX_AGE_S = 300
BUY_SEQUENCE = 2  # the id of a sequence of your bot


def text(customer: dict[str, Any]) -> Any:
    return f"Hello {customer['first_name'] or 'there'}!\nWe have {', '.join(PRODUCTS)}."


def image(_: dict[str, Any]) -> Any:
    return {"type": "image", "url": "https://example.com/shop.jpg"}


def gallery(_: dict[str, Any]) -> Any:
    return [
        {
            "title": name.title(),
            "subtitle": price,
            "image": f"https://example.com/{name}.jpg",
            "url": f"https://example.com/{name}",
            "buttons": [{"title": "Buy", "type": "sequence", "value": BUY_SEQUENCE, "extra": f"product={name}"}],
        }
        for name, price in PRODUCTS.items()
    ]


def buttons(_: dict[str, Any]) -> Any:
    return [
        {"title": "Our shop", "type": "url", "value": "https://example.com/"},
        {"title": "Call us", "type": "phone", "value": "+4930123456"},
    ]


def quick_replies(_: dict[str, Any]) -> Any:
    return [
        {"title": f"Buy {name}", "type": "sequence", "value": BUY_SEQUENCE, "extra": f"product={name}"}
        for name in PRODUCTS
    ]


ANSWERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "/text": text,
    "/image": image,
    "/gallery": gallery,
    "/buttons": buttons,
    "/quick-replies": quick_replies,
}


def is_from_backtalk(headers: Message, body: bytes) -> bool:
    """The secret token fits, and the signature (https://www.standardwebhooks.com) is right and at most five minutes old."""
    message_id, sent_at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    signed = hmac.digest(SIGNING_KEY, f"{message_id}.{sent_at}.".encode() + body, "sha256")
    expected = b"v1," + base64.b64encode(signed)
    given = headers.get("webhook-signature", "").encode().split()
    in_time = sent_at.isdecimal() and abs(time.time() - float(sent_at)) < MAX_AGE_S
    has_token = hmac.compare_digest(headers.get("X-Secret-Token", "").encode(), TOKEN.encode())
    return has_token and in_time and any(hmac.compare_digest(expected, one) for one in given)


class Shop(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = ANSWERS.get(self.path)
        if not is_from_backtalk(self.headers, body):
            self.reply(401, {"data": None, "success": False, "message": "Not from Backtalk"})
        elif answer is None:
            self.reply(404, {"data": None, "success": False, "message": "No such answer"})
        else:
            data = answer(json.loads(body))
            self.reply(
                200, {"data": data, "success": True, "message": "Successful", "attributes": {"visited_shop": True}}
            )

    def reply(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "3000"))), Shop).serve_forever()
