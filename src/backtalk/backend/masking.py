"""What of a call may be written down: header values, secret-looking query values and echoes of secrets are masked, long bodies cut."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from backtalk.backend.api import Api
from backtalk.engine.reply import ApiFailure, ApiReply, ReplyNote
from backtalk.exchange import HttpCall, HttpFailure, HttpReply

MASK = "•••"
MAX_BODY_CHARS = 16_384
MIN_SECRET_CHARS = 4

_SHOWN_REQUEST_HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "backtalk-deadline-ms",
        "content-type",
        "idempotency-key",
        "user-agent",
        "webhook-id",
        "webhook-timestamp",
    }
)
_HIDDEN_REPLY_HEADERS = frozenset({"set-cookie", "authorization", "www-authenticate", "proxy-authenticate"})
_SCHEME = re.compile(r"^([A-Za-z][\w-]*) (\S+)$")
_SECRET_NAME = re.compile(r"key|token|secret|passw|auth|sign|session|cred", re.IGNORECASE)


def masked_url(url: str, secrets: Iterable[str] = ()) -> str:
    """An address without the values of query parameters whose names speak of secrets."""
    parts = urlsplit(url)
    query = "&".join(_masked_pair(pair) for pair in parts.query.split("&")) if parts.query else ""
    return _without(urlunsplit(parts._replace(query=query, fragment="")), secrets)


def logged_request(api: Api, call: HttpCall) -> dict[str, Any]:
    """The request as its author may read it."""
    secrets = _secrets(api)
    return {
        "method": call.method,
        "url": masked_url(call.url, secrets),
        "headers": [
            {"name": name, "value": value if name.lower() in _SHOWN_REQUEST_HEADERS else MASK}
            for name, value in call.headers
        ],
        "body": _shown(call.body, secrets),
    }


def logged_reply(api: Api, answer: HttpReply | HttpFailure) -> dict[str, Any]:
    """What came back as the API's author may read it; the headers alone for a failure that had some."""
    secrets = _secrets(api)
    headers = [
        {"name": name, "value": MASK if name.lower() in _HIDDEN_REPLY_HEADERS else _without(value, secrets)}
        for name, value in answer.headers
    ]
    body = _shown(answer.body, secrets) if isinstance(answer, HttpReply) else ""
    return {"status": answer.status, "headers": headers, "body": body}


def without_secrets(api: Api, text: str) -> str:
    """A text with every echo of the API's secrets masked."""
    return _without(text, _secrets(api))


def without_secrets_in_words(api: Api, result: ApiReply | ApiFailure) -> ApiReply | ApiFailure:
    """The same result with echoes of secrets masked in what the author reads; what the customer gets is not touched."""
    secrets = _secrets(api)
    if not secrets:
        return result
    notes = tuple(_masked_note(note, secrets) for note in result.notes)
    if isinstance(result, ApiReply):
        return replace(result, notes=notes, message=_without(result.message, secrets))
    message, own = _without(result.message, secrets), _without(result.reply_message, secrets)
    return replace(result, notes=notes, message=message, where=_without(result.where, secrets), reply_message=own)


def _masked_note(note: ReplyNote, secrets: Iterable[str]) -> ReplyNote:
    return replace(note, message=_without(note.message, secrets), path=_without(note.path, secrets))


def _secrets(api: Api) -> list[str]:
    """Header values, longest first, with the bare credential of `Bearer …` among them, also as JSON and addresses write them."""
    values = {value for name, value in api.headers if name.lower() not in _SHOWN_REQUEST_HEADERS}
    values |= {credential for value in values for _, credential in _SCHEME.findall(value)}
    values |= {json.dumps(value)[1:-1] for value in values}
    values |= {written for value in values for written in (value.replace("/", r"\/"), quote(value, safe=""))}  # PHP: \/
    return sorted((value for value in values if len(value) >= MIN_SECRET_CHARS), key=len, reverse=True)


def _masked_pair(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}={MASK}" if equals and _SECRET_NAME.search(name) else pair


def _shown(body: bytes, secrets: Iterable[str]) -> str:
    text = body[: MAX_BODY_CHARS * 4].decode("utf-8", "replace").replace("\x00", "\ufffd")
    text = _without(text, secrets)
    return text if len(text) <= MAX_BODY_CHARS else text[:MAX_BODY_CHARS] + "…"


def _without(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        text = _without_the_cut(text.replace(secret, MASK), secret)
    return text


def _without_the_cut(text: str, secret: str) -> str:
    """The text without what is left of a secret where somebody cut it: at the end, or before the `…` that says so."""
    start, at = secret[:MIN_SECRET_CHARS], -1
    while (at := text.find(start, at + 1)) >= 0:
        end = at + _shared(text[at : at + len(secret)], secret)
        if end == len(text) or text[end] == "…":
            text = text[:at] + MASK + text[end:]
    return text


def _shared(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    return next(
        (index for index, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
