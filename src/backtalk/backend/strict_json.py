"""The one parser of what backends send: strict JSON, bounded in depth and numbers, with the place of what is wrong.

Stricter than the standard library's parser, which it is built on: no NaN or Infinity, no number that cannot be stored
exactly (integers of 64 bits, finite floats), UTF-8 only, at most `MAX_DEPTH` levels, judged before anything recurses.
Looser where the contract says so: a byte order mark is skipped, the last of two equal keys wins and is noted, U+0000
and unpaired surrogates become U+FFFD, so that every database can hold what was read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from backtalk.backend.contract import MAX_DEPTH
from backtalk.engine.messages import storable, storable_json

_BOM = b"\xef\xbb\xbf"
_NOT_STRUCTURE = bytes(byte for byte in range(256) if byte not in b'[]{}"')
_OPENING = b"[{"
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]|[-+0-9A-Za-z.]++', re.DOTALL)
_UNSTORABLE_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_INTEGERS = range(-(2**63), 2**64)
_MAX_INTEGER_CHARS = 21
_MAX_REPEATED = 10
"""How many keys that came twice are named."""

_HINTS = (
    ("<", "This is HTML, not JSON: often an error page, a sign-in page or a wrong address."),
    ("'", "JSON has double quotes only."),
    ("#", "JSON has no comments."),
    ("/", "JSON has no comments."),
    ("]", "JSON has no comma before a closing bracket."),
    ("}", "JSON has no comma before a closing bracket."),
    ("T", "JSON writes `true`, `false` and `null` in small letters."),
    ("F", "JSON writes `true`, `false` and `null` in small letters."),
    ("N", "JSON writes `true`, `false` and `null` in small letters, and has no NaN."),
    ("\n", 'Write a line break inside a string as `\\n`, and close every string with a `"`.'),
)


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed body. `repeated` are keys that an object had twice; `replaced` says that characters became U+FFFD."""

    value: Any
    repeated: tuple[str, ...] = ()
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class Malformed:
    """Why a body is not a document, with line and column (counted from 1, in characters) where there is one."""

    outcome: Literal["invalid_json", "encoding"]
    message: str
    hint: str = ""
    line: int | None = None
    column: int | None = None


class _BadLiteral(ValueError):
    def __init__(self, literal: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.literal = literal
        self.hint = hint


@dataclass(slots=True)
class _Keys:
    """Makes the objects of one document and remembers keys that came twice."""

    repeated: list[str] = field(default_factory=list)

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen and key not in self.repeated and len(self.repeated) < _MAX_REPEATED:
                    self.repeated.append(key)
                seen.add(key)
        return made


def parse(body: bytes, *, charset: str = "") -> Document | Malformed:
    """Read a body. `charset` is what the sender declared, if anything; the bytes decide."""
    if json.detect_encoding(body)[:6] in ("utf-16", "utf-32"):
        return Malformed("encoding", "The reply is UTF-16 or UTF-32; JSON is always UTF-8.", "Send UTF-8.")
    body = body.removeprefix(_BOM)
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        return _undecodable(body, error, charset)
    if not text.strip(" \t\r\n"):
        message = "The reply has no body." if not text else "The body of the reply is blank."
        return Malformed("invalid_json", message, "Answer with the JSON of the contract, or with status 204.", 1, 1)
    if _too_deep(body):
        message = f"The reply is nested deeper than {MAX_DEPTH} levels."
        return _malformed(text, _place_of_depth(text), message, "Send less deeply nested data.")
    return _parsed(text, clean=_UNSTORABLE_ESCAPE.search(body) is not None)


def _parsed(text: str, *, clean: bool) -> Document | Malformed:
    keys = _Keys()
    decoder = json.JSONDecoder(
        object_pairs_hook=keys, parse_constant=_constant, parse_float=_finite, parse_int=_integer, strict=True
    )
    try:
        value = decoder.decode(text)
    except _BadLiteral as error:
        place = next((at for at, token in _tokens(text) if token == error.literal), 0)
        return _malformed(text, place, str(error), error.hint)
    except json.JSONDecodeError as error:
        return _malformed(text, error.pos, f"The reply is not valid JSON: {_said(error.msg)}.", _hint(text, error))
    if not clean:
        return Document(value, tuple(keys.repeated))
    kept = storable_json(value)
    return Document(kept, tuple(map(storable, keys.repeated)), replaced=kept != value)


def _undecodable(body: bytes, error: UnicodeDecodeError, charset: str) -> Malformed:
    if charset.lower() not in ("", "utf-8", "utf8", "us-ascii"):
        return Malformed("encoding", f"The reply is declared as {charset[:40]}; JSON is always UTF-8.", "Send UTF-8.")
    before = body[: error.start].decode()
    message = "The reply is not valid JSON: it holds a byte that is not UTF-8."
    return _malformed(before, len(before), message, "Send UTF-8.")


def _malformed(text: str, at: int, message: str, hint: str) -> Malformed:
    return Malformed("invalid_json", message, hint, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))


def _said(message: str) -> str:
    message = message.removesuffix(" at")
    return message[:1].lower() + message[1:]


def _hint(text: str, error: json.JSONDecodeError) -> str:
    if error.msg == "Extra data":
        return "Send one JSON document and nothing after it."
    found = text[error.pos : error.pos + 1]
    if not found:
        return "The reply ends too early."
    return next((hint for start, hint in _HINTS if found == start), "")


def _too_deep(body: bytes) -> bool:
    """Whether brackets outside of strings nest too deep. Up to the first error it sees strings as the parser does."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    depth = 0
    for byte in b"".join(body.translate(None, _NOT_STRUCTURE).split(b'"')[::2]):
        if byte in _OPENING:
            depth += 1
            if depth > MAX_DEPTH:
                return True
        else:
            depth -= 1
    return False


def _place_of_depth(text: str) -> int:
    depth = 0
    for at, token in _tokens(text):
        depth += (token in ("[", "{")) - (token in ("]", "}"))
        if depth > MAX_DEPTH:
            return at
    return 0


def _tokens(text: str) -> Iterator[tuple[int, str]]:
    return ((match.start(), match[0]) for match in _TOKEN.finditer(text))


def _constant(literal: str) -> Any:
    raise _BadLiteral(literal, f"The reply is not valid JSON: {literal} is not a JSON value.", "Send null or a string.")


def _finite(literal: str) -> float:
    number = float(literal)
    if number - number != 0:
        message = f"The reply holds a number that is too large: {literal[:40]}."
        raise _BadLiteral(literal, message, "Send it as a string.")
    return number


def _integer(literal: str) -> int:
    if len(literal) >= _MAX_INTEGER_CHARS or int(literal) not in _INTEGERS:
        message = f"The reply holds an integer of more than 64 bits: {literal[:40]}."
        raise _BadLiteral(literal, message, "Send it as a string.")
    return int(literal)
