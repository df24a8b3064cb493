"""Turning an API and a customer into the call that is made (CONTRACT.md section 3).

Names on the wire live here and in `backend.contract`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from backtalk import __version__
from backtalk.backend.api import Api
from backtalk.backend.signing import sign
from backtalk.engine.customer import DOCUMENTED_NAMES, Customer, wire_time
from backtalk.engine.template import Attribute, as_text, parse, render
from backtalk.exchange import Headers, HttpCall

_URL_CHARS = "%/:?#[]@!$&'()*+,;=~"
"""What may stand unencoded in the part of an address that its author wrote."""


def build_call(
    api: Api,
    customer: Customer,
    *,
    attribute_names: Sequence[str],
    workspace_timezone: float,
    idempotency_key: str,
    at: datetime,
    signing_secrets: Sequence[str],
    version: str = __version__,
) -> HttpCall:
    """The request to make. `attribute_names` are all that the workspace knows; `at` is the time that is signed."""
    url = _url(api.url, customer)
    params = [(name, render(value, customer)) for name, value in api.params]
    body = b""
    content: Headers = ()
    if api.method == "GET":
        if params:
            separator = "&" if "?" in url else "?"
            url = f"{url}{separator}{urlencode(params, quote_via=quote, errors='replace')}"
    else:
        body = _json(_document(customer, attribute_names, params, workspace_timezone))
        content = (("Content-Type", "application/json"),)
    headers = (
        *api.headers,
        *content,
        ("User-Agent", f"Backtalk/{version}"),
        ("Accept", "application/json"),
        ("Accept-Encoding", "identity"),
        ("Idempotency-Key", idempotency_key),
        ("Backtalk-Deadline-Ms", str(int(api.timeout_s * 1_000))),
        *sign(signing_secrets, idempotency_key, at, body),
    )
    return HttpCall(api.method, url, headers, body, api.timeout_s)


def authority_end(url: str) -> int:
    """Where the host of an absolute address ends. Nothing that a customer says may stand before this place."""
    start = url.find("://") + 3
    ends = [place for place in (url.find(mark, start) for mark in "/?#") if place >= 0]
    return min(ends, default=len(url))


def _url(template: str, customer: Customer) -> str:
    """The address with its places filled, each value as one value; the fragment, which is never sent, is dropped."""
    end = authority_end(template)
    written = [template[:end]]
    in_path = True
    for part in parse(template[end:]):
        if isinstance(part, str):
            part, fragment, _ = part.partition("#")  # noqa: PLW2901 - the rest is dropped
            written.append(quote(part, safe=_URL_CHARS, errors="replace"))
            in_path = in_path and "?" not in part
            if fragment:
                break
        elif isinstance(part, Attribute):
            value = as_text(customer.value(part.name))
            if in_path and not value.strip("."):
                value = ""  # `..` would change which path is called, and a percent-encoded full stop means the same
            written.append(quote(value, safe="", errors="replace"))
    return "".join(written)


def _document(
    customer: Customer, attribute_names: Sequence[str], params: list[tuple[str, str]], workspace_timezone: float
) -> dict[str, Any]:
    documented = {
        "uid": customer.id,
        "platform_id": customer.channel_id,
        "bot_enabled": customer.bot_enabled,
        "avatar": customer.avatar,
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "full_name": customer.value("full_name") or "",
        "gender": customer.gender,
        "timezone": float(workspace_timezone if customer.timezone is None else customer.timezone),
        "locale": customer.locale,
        "language": customer.language,
        "phone": customer.phone,
        "email": customer.email,
        "created_at": wire_time(customer.created_at),
        "last_message_text": customer.last_message_text,
        "last_message_time": wire_time(customer.last_message_at) if customer.last_message_at else "",
    }
    attributes = dict.fromkeys(attribute_names, "") | customer.attributes
    extra = dict(params)
    clashing = DOCUMENTED_NAMES & (attributes.keys() | extra.keys())
    document = documented | {name: value for name, value in attributes.items() if name not in clashing}
    return document | {name: value for name, value in extra.items() if name not in document}


def _json(document: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(document)
    except orjson.JSONEncodeError:  # an integer of more than 64 bits or an unpaired surrogate
        finite = json.loads(json.dumps(document), parse_constant=lambda _: None)
        return json.dumps(finite, ensure_ascii=False).encode(errors="replace")
