"""Writing one HTTP/1.1 request as bytes; what would let one request become two is refused."""

import re
from functools import lru_cache
from typing import Final

from backtalk.exchange import HttpCall
from backtalk.outbound.failure import NoReply
from backtalk.outbound.target import Target

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_OURS: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "upgrade", "expect", "te", "trailer", "keep-alive"}
)
"""Headers that say where a request goes and where it ends; only this module writes them."""


def request_bytes(call: HttpCall, target: Target) -> bytes:
    """The whole request. NoReply when the method or a header could not be sent as it is."""
    if not _TOKEN.fullmatch(call.method):
        raise NoReply("unreachable", "The method of the call is not one that HTTP has. Choose GET or POST.")
    lines = [f"{call.method} {target.path} HTTP/1.1", f"Host: {target.authority}"]
    for name, value in call.headers:
        if not _may_be_sent(name):
            raise NoReply("unreachable", "A header of the call has a name that cannot be sent. Rename or remove it.")
        if _CONTROL.search(value):
            raise NoReply(
                "unreachable", f"The header {name} holds a line break or a control character. Type its value again."
            )
        if name.lower() != "accept-encoding":
            lines.append(f"{name}: {value}")
    lines.append("Accept-Encoding: identity")
    if call.body or call.method not in {"GET", "HEAD"}:
        lines.append(f"Content-Length: {len(call.body)}")
    try:
        head = "\r\n".join(lines).encode()
    except UnicodeEncodeError:
        raise NoReply("unreachable", "A header of the call holds a broken character. Type its value again.") from None
    return head + b"\r\n\r\n" + call.body


@lru_cache(maxsize=1024)
def _may_be_sent(name: str) -> bool:
    lowered = name.lower()
    return _TOKEN.fullmatch(name) is not None and lowered not in _OURS and not lowered.startswith("proxy-")
