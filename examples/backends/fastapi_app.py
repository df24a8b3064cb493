"""A small shop that answers Backtalk, with FastAPI.

    pip install fastapi uvicorn standardwebhooks
    SHOP_TOKEN=… SHOP_SIGNING_SECRET=whsec_… uvicorn fastapi_app:app --port 3000

Make one API per answer: POST http://HOST:3000/text, /image, /gallery, /buttons and /quick-replies, each with the header
`X-Secret-Token`. The signing secret is in the workspace's settings.
"""

import json
import os
import secrets
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from standardwebhooks import Webhook, WebhookVerificationError

TOKEN = os.environ["SHOP_TOKEN"]
SIGNATURE = Webhook(os.environ["SHOP_SIGNING_SECRET"])
PRODUCTS = {"apples": "2.50", "pears": "3.00"}
BUY_SEQUENCE = 2  # the id of a sequence of your bot


async def customer(request: Request) -> dict[str, Any]:
    """The customer, once the secret token and the signature over the raw body are right."""
    body = await request.body()
    try:
        SIGNATURE.verify(body, dict(request.headers), json_parse=False)
    except (WebhookVerificationError, ValueError) as error:  # ValueError: a signature that is no base64
        raise HTTPException(401, "Not from Backtalk") from error
    if not secrets.compare_digest(request.headers.get("X-Secret-Token", "").encode(), TOKEN.encode()):
        raise HTTPException(401, "Not from Backtalk")
    sent: dict[str, Any] = json.loads(body)
    return sent


Customer = Annotated[dict[str, Any], Depends(customer)]
app = FastAPI(dependencies=[Depends(customer)])


def reply(data: Any) -> dict[str, Any]:
    return {"data": data, "success": True, "message": "Successful", "attributes": {"visited_shop": True}, "status": 200}


@app.post("/text")
async def text(customer: Customer) -> dict[str, Any]:
    return reply(f"Hello {customer['first_name'] or 'there'}!\nWe have {', '.join(PRODUCTS)}.")


@app.post("/image")
async def image() -> dict[str, Any]:
    return reply({"type": "image", "url": "https://example.com/shop.jpg"})


@app.post("/gallery")
async def gallery() -> dict[str, Any]:
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
async def buttons() -> dict[str, Any]:
    shop = {"title": "Our shop", "type": "url", "value": "https://example.com/"}
    phone = {"title": "Call us", "type": "phone", "value": "+4930123456"}
    return reply([shop, phone])


@app.post("/quick-replies")
async def quick_replies() -> dict[str, Any]:
    return reply(
        [
            {"title": f"Buy {name}", "type": "sequence", "value": BUY_SEQUENCE, "extra": f"product={name}"}
            for name in PRODUCTS
        ]
    )
