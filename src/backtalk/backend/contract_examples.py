"""The examples of the product description, corrected to valid JSON that the contract accepts without a note."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

_LOG = {"success": True, "message": "Successful", "attributes": {"plan": "gold"}, "status": 200}

_LINK = {"title": "Hello World", "type": "url", "extra": "extra payload", "value": "https://getalice.ai/"}

_EXAMPLES: dict[str, dict[str, Any]] = {
    "request": {
        "uid": 1,
        "platform_id": 1,
        "bot_enabled": True,
        "avatar": "",
        "first_name": "Lorem",
        "last_name": "Ipsum",
        "full_name": "Lorem Ipsum",
        "gender": "male",
        "timezone": 6.0,
        "locale": "",
        "language": "",
        "phone": "",
        "email": "",
        "created_at": "2020-10-16 06:41:59.039735+00:00",
        "last_message_text": "",
        "last_message_time": "",
        "plan": "gold",
    },
    "text": {"data": "text", **_LOG},
    "image": {"data": {"type": "image", "url": "https://amazon.com/pic.png"}, **_LOG},
    "gallery": {
        "data": [
            {
                "title": "Hello World",
                "subtitle": "Hello World",
                "image": "https://amazon.com/pic.png",
                "url": "https://getalice.ai/",
                "buttons": [_LINK],
            }
        ],
        **_LOG,
    },
    "buttons": {"data": [_LINK], **_LOG},
    "quick_replies": {"data": [_LINK], **_LOG},
}


def example(name: str) -> dict[str, Any]:
    """One example by the name of its schema, as a fresh copy."""
    return deepcopy(_EXAMPLES[name])
