"""What the developer of a backend imports: builders of replies, the check of a signature, and a client for tests."""

from backtalk.sdk.replies import (
    buttons,
    call_phone,
    card,
    declined,
    gallery,
    image,
    label,
    nothing,
    open_url,
    quick_replies,
    start_sequence,
    text,
)
from backtalk.sdk.signature import SignatureError, verify
from backtalk.sdk.testing import Backend, problems_of, sample_customer

__all__ = [
    "Backend",
    "SignatureError",
    "buttons",
    "call_phone",
    "card",
    "declined",
    "gallery",
    "image",
    "label",
    "nothing",
    "open_url",
    "problems_of",
    "quick_replies",
    "sample_customer",
    "start_sequence",
    "text",
    "verify",
]
