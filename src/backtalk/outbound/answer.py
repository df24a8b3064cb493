"""Reading one HTTP/1.1 answer from bytes, strictly and within bounds; no socket in sight.

httptools parses in its strict mode: both lengths at once, negative or repeated lengths, folded headers, control
characters and HTTP/0.9 are errors. Here are the rules that are ours: bounds, identity encoding, no redirects.
"""

import re
from typing import Final
from urllib.parse import urljoin, urlsplit

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from backtalk.exchange import FailureKind, Headers
from backtalk.outbound.failure import NoReply

BODY_LIMIT: Final = 1024 * 1024
HEAD_LIMIT: Final = 32 * 1024
WIRE_LIMIT: Final = 8 * BODY_LIMIT
"""Everything received for one answer: chunk sizes and extensions cost work although they are not kept."""
_MALFORMED: Final = (
    "The server's answer is not valid HTTP. Check that the URL leads to a web server, and what stands in front of it."
)
_CUT: Final = (
    "The server closed the connection before its whole answer had arrived. Check its log, and its Content-Length."
)
SILENT: Final = "The server closed the connection without an answer. Check that it runs, and its log."
_TOO_LARGE: Final = "The answer is larger than 1 MiB. Return less: only what the block shows."
_HEAD_TOO_LARGE: Final = "The headers of the answer are larger than 32 KiB. Return fewer or shorter headers."
_READ_HERE: Final = frozenset({"location", "content-length", "content-encoding", "transfer-encoding", "keep-alive"})
_KEEP_ALIVE_S: Final = re.compile(r"(?:^|[,\s])timeout=(\d{1,4})")
_LOCATION_SHOWN: Final = 200


class Answer:
    """One answer as it arrives. `feed` bytes until it says True; `end` when the peer closed. Both raise NoReply."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: Headers = ()
        self.reusable = False
        """Whether the connection may carry another exchange; known once the answer is whole."""
        self._parser = HttpResponseParser(self)
        self._fields: list[tuple[str, str]] = []
        self._read_here: dict[str, str] = {}
        self._body = bytearray()
        self._wire = 0
        self._head = 0
        self._head_read = False
        self._until_close = False
        self._whole = False
        self._failure: NoReply | None = None

    @property
    def body(self) -> bytes:
        return bytes(self._body)

    @property
    def started(self) -> bool:
        """Whether a byte of it has arrived."""
        return self._wire > 0

    def feed(self, data: bytes) -> bool:
        """Take more bytes; True when the answer is whole."""
        self._wire += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            raise self._no_reply("unreachable", _MALFORMED) from None
        except HttpParserError:
            raise (self._failure or self._no_reply("unreachable", _MALFORMED)) from None
        if not self._head_read and self._wire > HEAD_LIMIT:
            raise self._no_reply("too_large", _HEAD_TOO_LARGE)
        if self._wire > WIRE_LIMIT:
            raise self._no_reply("too_large", _TOO_LARGE)
        return self._whole

    def end(self, *, broken: bool) -> None:
        """The connection ended: fine only in good order, for an answer whose length was left to that end."""
        if broken or not self._until_close:
            raise self._no_reply("unreachable", _CUT if self.started else SILENT)

    def keep_alive_s(self) -> int | None:
        """How long the server says that it keeps an idle connection."""
        hint = _KEEP_ALIVE_S.search(self._read_here.get("keep-alive", "").lower())
        return int(hint[1]) if hint else None

    # What the parser calls. An exception raised here reaches `feed` as HttpParserError; the reason waits in _failure.

    def on_message_begin(self) -> None:
        if self._whole:  # more bytes than the announced length: the next answer on this connection could be forged
            self._fail(self._no_reply("unreachable", _MALFORMED))

    def on_status(self, status: bytes) -> None:
        self._count(len(status))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value) + 4)
        if not self._head_read:
            field, text = name.decode("latin-1"), value.decode("latin-1")
            self._fields.append((field, text))
            lowered = field.lower()
            if lowered in _READ_HERE:
                before = self._read_here.get(lowered)
                self._read_here[lowered] = text if before is None else f"{before}, {text}"

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if 100 <= status < 200 and status != 101:  # noqa: PLR2004 - interim answers; their size counts, nothing else
            self._fields.clear()
            self._read_here.clear()
            return
        self.status = status
        self.headers = tuple(self._fields)
        self._head_read = True
        problem = self._problem_with_head()
        if problem is not None:
            self._fail(problem)

    def on_body(self, body: bytes) -> None:
        if len(self._body) + len(body) > BODY_LIMIT:
            self._fail(self._no_reply("too_large", _TOO_LARGE))
        self._body += body

    def on_message_complete(self) -> None:
        if self._head_read:
            self._whole = True
            self.reusable = self._parser.should_keep_alive() and not self._until_close

    def _problem_with_head(self) -> NoReply | None:
        if not 200 <= self.status < 1000 or self._parser.get_http_version() not in {"1.0", "1.1"}:  # noqa: PLR2004 - final answers
            return self._no_reply("unreachable", _MALFORMED)
        location = self._read_here.get("location")
        if 300 <= self.status < 400 and location:  # noqa: PLR2004 - redirects
            return self._no_reply("redirect", _redirected_to(location))
        length = self._read_here.get("content-length")
        if length and int(length) > BODY_LIMIT:
            return self._no_reply("too_large", _TOO_LARGE)
        coding = self._read_here.get("content-encoding", "").strip().lower()
        if coding not in {"", "identity"}:
            return self._no_reply("encoding", _encoded(coding))
        transfer = self._read_here.get("transfer-encoding", "").strip().lower()
        if transfer not in {"", "chunked"}:
            return self._no_reply("encoding", _encoded(transfer))
        self._until_close = not length and not transfer and self.status not in {204, 304}
        return None

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > HEAD_LIMIT:
            self._fail(self._no_reply("too_large", _HEAD_TOO_LARGE))

    def _fail(self, failure: NoReply) -> None:
        self._failure = self._failure or failure
        raise self._failure

    def _no_reply(self, kind: FailureKind, message: str) -> NoReply:
        return NoReply(kind, message, status=self.status or None, headers=self.headers)


def _encoded(coding: str) -> str:
    shown = re.sub(r"[^a-z0-9, _-]", "", coding)[:40]
    return f"The answer is compressed or encoded ({shown}). Return it as plain JSON, without compression."


def _redirected_to(location: str) -> str:
    """Where to, without what may be secret in it: neither query string nor userinfo is repeated."""
    try:
        parts = urlsplit(urljoin("//", location))
        place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" if parts.scheme else parts.path
    except ValueError:
        place = ""
    place = "".join(c for c in place if c.isprintable())[:_LOCATION_SHOWN]
    where = f" to {place}" if place else ""
    return f"The URL redirects{where}. Redirects are not followed: change the URL of the API to the final address."
