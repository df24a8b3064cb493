"""A small shop that answers Backtalk, with Flask.

    pip install flask standardwebhooks
    SHOP_TOKEN=… SHOP_SIGNING_SECRET=whsec_… flask --app flask_app run --port 3000

Make one API per answer: POST http://HOST:3000/text, /image, /gallery, /buttons and /quick-replies, each with the header
`X-Secret-Token`. The signing secret is in the workspace's settings.
"""

import os
import secrets
from typing import Any

from flask import Flask, abort, request
from standardwebhooks import Webhook, WebhookVerificationError

TOKEN = os.environ["SHOP_TOKEN"]
SIGNATURE = Webhook(os.environ["SHOP_SIGNING_SECRET"])
PRODUCTS = {"apples": "2.50", "pears": "3.00"}
BUY_SEQUENCE = 2  # the id of a sequence of your bot

app = Flask(__name__)


@app.before_request
def only_from_backtalk() -> None:
    """Look at the secret token, and at the signature over the raw body."""
    try:
        SIGNATURE.verify(request.get_data(), dict(request.headers), json_parse=False)
    except (WebhookVerificationError, ValueError):  # ValueError: a signature that is no base64
        abort(401)
    if not secrets.compare_digest(request.headers.get("X-Secret-Token", "").encode(), TOKEN.encode()):
        abort(401)


def reply(data: Any) -> dict[str, Any]:
    return {"data": data, "success": True, "message": "Successful", "attributes": {"visited_shop": True}, "status": 200}


@app.post("/text")
def text() -> dict[str, Any]:
    customer = request.get_json()
    return reply(f"Hello {customer['first_name'] or 'there'}!\nWe have {', '.join(PRODUCTS)}.")


@app.post("/image")
def image() -> dict[str, Any]:
    return reply({"type": "image", "url": "https://example.com/shop.jpg"})


@app.post("/gallery")
def gallery() -> dict[str, Any]:
    cards = [
        {
            "title": name.title(),
            "subtitle": price,
            "image": f"https://example.com/{name}.jpg",
            "url": f"https://example.com/{name}",
            "buttons": [{"title": "Buy", "type": "sequence", "value": BUY_SEQUENCE, "extra": f"product={name}"}],
        }
        for name, price in PRODUCTS.items()
    ]
    return reply(cards)


@app.post("/buttons")
def buttons() -> dict[str, Any]:
    shop = {"title": "Our shop", "type": "url", "value": "https://example.com/"}
    phone = {"title": "Call us", "type": "phone", "value": "+4930123456"}
    return reply([shop, phone])


@app.post("/quick-replies")
def quick_replies() -> dict[str, Any]:
    return reply(
        [
            {"title": f"Buy {name}", "type": "sequence", "value": BUY_SEQUENCE, "extra": f"product={name}"}
            for name in PRODUCTS
        ]
    )
