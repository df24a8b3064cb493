"""Reading what a backend answered (CONTRACT.md section 5): any bytes become a reply that can be shown, or a failure with its place.

One wrong item of a list is dropped and noted, a wrong optional field is left out and noted, and the rest is shown.
Only what the whole reply depends on makes a failure. Nothing here raises, and the cost follows the bounds of
`backend.contract`, not what was sent.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, TypeVar

import orjson
from pydantic import ValidationError

from backtalk.backend import strict_json
from backtalk.backend.contract import (
    ITEMS,
    MAX_CARD_BUTTONS,
    MAX_ITEMS,
    ButtonItem,
    CardItem,
    Envelope,
    MediaItem,
    Wire,
    whole_number,
)
from backtalk.backend.words import kind, quoted, reason
from backtalk.engine.customer import MAX_ATTRIBUTE_BYTES, MAX_ATTRIBUTE_NAME_CHARS, MAX_ATTRIBUTES_PER_REPLY
from backtalk.engine.messages import Button, Card, Media, with_line_breaks
from backtalk.engine.reply import ApiFailure, ApiReply, ReplyNote, Shape
from backtalk.engine.template import as_text
from backtalk.exchange import HttpFailure, HttpReply

MAX_NOTES = 100
MAX_WRONG_ITEMS = 200
MAX_MESSAGE_CHARS = 1_000
KEPT_CHARS = 200
"""How much of a body that is not JSON is kept for the bot's author (row B05)."""

_DATA = "$.data"
_ATTRIBUTES = "$.attributes"
_NOTHING: tuple[Any, ...] = (None, "", [])
_JSON_TYPES = ("application/json", "text/json")

_STATUS_HINTS = {
    HTTPStatus.PARTIAL_CONTENT: "Answer with the whole reply and status 200.",
    HTTPStatus.UNAUTHORIZED: "Check the secret header of this API.",
    HTTPStatus.FORBIDDEN: "Check the secret header of this API.",
    HTTPStatus.NOT_FOUND: "Check the address of this API.",
    HTTPStatus.METHOD_NOT_ALLOWED: "Check the method of this API.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The backend must accept application/json.",
    HTTPStatus.TOO_MANY_REQUESTS: "The backend limits how often it may be called.",
}

_SHOULD_BE = {
    "text": "a string",
    "image": "an object with type and url",
    "gallery": "a list of cards",
    "buttons": "a list of buttons",
    "quick_replies": "a list of quick replies",
}

Model = TypeVar("Model", bound=Wire)


def read_reply(shape: Shape | None, reply: HttpReply | HttpFailure) -> ApiReply | ApiFailure:
    """Judge one exchange for a block that shows `shape`, or for a call made for its effects (None)."""
    if isinstance(reply, HttpFailure):
        return ApiFailure(reply.kind, reply.message)
    if reply.status == HTTPStatus.NO_CONTENT:
        return ApiReply()
    if not 200 <= reply.status <= 299 or reply.status == HTTPStatus.PARTIAL_CONTENT:  # noqa: PLR2004 - 2xx
        return _bad_status(reply)
    return _Reading().read(shape, reply)


class _Wrong(Exception):
    """Ends the reading of one reply; never leaves this module."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message


class _Reading:
    """The reading of one body; holds its notes."""

    def __init__(self) -> None:
        self.notes: list[ReplyNote] = []
        self.more_notes = 0
        self.wrong_items = 0

    def read(self, shape: Shape | None, reply: HttpReply) -> ApiReply | ApiFailure:
        content_type, charset = _content_type(reply.header("content-type"))
        document = strict_json.parse(reply.body, charset=charset)
        if isinstance(document, strict_json.Malformed):
            return _malformed(document, reply.body)
        if content_type not in _JSON_TYPES and not content_type.endswith("+json"):
            named = f"`{content_type[:80]}`" if content_type else "missing"
            self.note("", f"The Content-Type of the reply is {named}.", "Answer with `application/json`.")
        elif charset not in ("", "utf-8", "utf8"):
            self.note("", f"The reply is declared as {charset[:40]}, but read as UTF-8.", "JSON is always UTF-8.")
        for key in document.repeated:
            self.note("", f"An object has the key {quoted(key)} twice; the last one counts.", "Send each key once.")
        if document.replaced:
            self.note("", "U+0000 and unpaired surrogates were replaced by U+FFFD.", "Send valid text.")
        try:
            return self.judged(shape, document.value)
        except _Wrong as wrong:
            return ApiFailure("bad_shape", wrong.message, wrong.path, notes=self.all_notes())

    def judged(self, shape: Shape | None, value: Any) -> ApiReply | ApiFailure:
        if not isinstance(value, dict):
            raise _Wrong("$", f"The reply must be a JSON object, not {kind(value)}.")
        envelope = self.item(Envelope, value, "$", vital=True)
        if envelope is None:
            raise _Wrong("$", "The reply is not an envelope of the contract.")
        attributes = _checked(envelope.attributes or {})
        data = self.data(shape, envelope.data) if envelope.success else None
        message = envelope.message or ""
        if len(message) > MAX_MESSAGE_CHARS:
            message = message[:MAX_MESSAGE_CHARS]
            self.note("$.message", f"The message for the log was cut after {MAX_MESSAGE_CHARS} characters.")
        status = whole_number(envelope.status)
        if envelope.success:
            return ApiReply(data, attributes, self.all_notes(), message, status)
        told = "The backend declined: its `success` is false."
        return ApiFailure("declined", told, "", attributes, self.all_notes(), message, status)

    def data(self, shape: Shape | None, data: Any) -> str | Media | tuple[Card, ...] | tuple[Button, ...] | None:
        if shape is None or data in _NOTHING:
            return None
        if shape == "text":
            return self.text(data)
        if shape == "image":
            media = self.item(MediaItem, data, _DATA, vital=True) if isinstance(data, dict) else None
            if media is None:
                raise _Wrong(_DATA, f"`data` must be {_SHOULD_BE[shape]}, not {kind(data)}.")
            return Media(media.type, media.url)
        if not isinstance(data, list):
            raise _Wrong(_DATA, f"`data` must be {_SHOULD_BE[shape]}, not {kind(data)}.")
        items = self.items(ITEMS[shape], data, _DATA, MAX_ITEMS)
        if not items:
            raise _Wrong(_DATA, f"`data` must be {_SHOULD_BE[shape]}; none of its {len(data)} items can be used.")
        if shape == "gallery":
            return tuple(_card(item) for item in items if isinstance(item, CardItem))
        return tuple(_button(item) for item in items if isinstance(item, ButtonItem))

    def text(self, data: Any) -> str:
        if isinstance(data, str):
            return with_line_breaks(data)
        if isinstance(data, dict | list):
            raise _Wrong(_DATA, f"`data` must be a string, not {kind(data)}.")
        self.note(_DATA, f"{kind(data).capitalize()} was turned into text.", "Send a string.")
        return as_text(data)

    def items(self, model: type[Model], values: list[Any], path: str, limit: int) -> list[Model]:
        """The usable items of a list, in order."""
        if len(values) > limit:
            self.note(path, f"Only the first {limit} of {len(values)} items were read.", "Send fewer.")
        usable = []
        for index, value in enumerate(values[:limit]):
            if self.wrong_items >= MAX_WRONG_ITEMS:
                self.note(path, f"More than {MAX_WRONG_ITEMS} items are wrong; the rest was not read.")
                break
            item = self.item(model, value, f"{path}[{index}]")
            if item is None:
                self.wrong_items += 1
            else:
                usable.append(item)
        return usable

    def item(self, model: type[Model], value: Any, path: str, *, vital: bool = False) -> Model | None:
        """One object by its model, without what is wrong in it; None, or a failure if it is vital, when too much is."""
        try:
            return model.model_validate(value)
        except ValidationError:
            if isinstance(value, dict):
                return self.mended(model, value, path, vital=vital)
        self.note(path, f"This item is {kind(value)} instead of an object; it was dropped.", "Send an object.")
        return None

    def mended(self, model: type[Model], value: dict[str, Any], path: str, *, vital: bool) -> Model | None:
        """The same for an object that is known to be wrong. Each round makes it more right, so it ends."""
        mended = dict(value)
        for name, item_model in model.lists.items():
            match value.get(name):
                case "":
                    del mended[name]
                case list(inner):
                    mended[name] = self.items(item_model, inner, f"{path}.{name}", MAX_CARD_BUTTONS)
        try:
            return model.model_validate(mended)
        except ValidationError as error:
            faults = {str(fault["loc"][0]): fault for fault in reversed(error.errors(include_url=False))}
        for name in reversed(faults):
            place, found, cause = f"{path}.{name}", value.get(name), reason(name, faults[name])
            if faults[name]["type"] == "string_type" and isinstance(found, int | float):
                mended[name] = as_text(found)
                self.note(place, f"{kind(found).capitalize()} was turned into text.", "Send a string.")
            elif name not in model.vital:
                del mended[name]
                self.note(place, f"{cause}; it was left out.")
            elif vital:
                raise _Wrong(place, f"{cause}.")
            else:
                self.note(place, f"{cause}; the item was dropped.")
                return None
        return self.item(model, mended, path, vital=vital)

    def note(self, path: str, message: str, hint: str = "") -> None:
        if len(self.notes) < MAX_NOTES:
            self.notes.append(ReplyNote(message, hint, path))
        else:
            self.more_notes += 1

    def all_notes(self) -> tuple[ReplyNote, ...]:
        if self.more_notes:
            return (*self.notes, ReplyNote(f"There are {self.more_notes} more notes like these."))
        return tuple(self.notes)


def _card(item: CardItem) -> Card:
    subtitle = with_line_breaks(item.subtitle) if item.subtitle else None
    buttons = tuple(map(_button, item.buttons)) if item.buttons else ()
    return Card(item.title, subtitle, item.image, item.url, buttons)


def _button(item: ButtonItem) -> Button:
    return Button(item.title, item.type, item.value, item.extra or None)


def _checked(attributes: dict[str, Any]) -> dict[str, Any]:
    """All attributes of a reply, or none (rows B17, B22)."""
    if len(attributes) > MAX_ATTRIBUTES_PER_REPLY:
        raise _Wrong(_ATTRIBUTES, f"A reply may set {MAX_ATTRIBUTES_PER_REPLY} attributes, not {len(attributes)}.")
    for name, value in attributes.items():
        path = f"{_ATTRIBUTES}[{quoted(name)}]"
        if not 1 <= len(name) <= MAX_ATTRIBUTE_NAME_CHARS:
            raise _Wrong(path, f"The name of an attribute has 1 to {MAX_ATTRIBUTE_NAME_CHARS} characters.")
        if isinstance(value, str | list | dict) and len(orjson.dumps(value)) > MAX_ATTRIBUTE_BYTES:
            raise _Wrong(path, f"The value of an attribute has at most {MAX_ATTRIBUTE_BYTES} bytes as JSON.")
    return attributes


def _bad_status(reply: HttpReply) -> ApiFailure:
    try:
        named = f"{reply.status} {HTTPStatus(reply.status).phrase}"
    except ValueError:
        named = str(reply.status)
    own_fault = "Look into the log of the backend." if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR else ""
    hint = next((hint for status, hint in _STATUS_HINTS.items() if status == reply.status), own_fault)
    message = f"The backend answered with status {named}. {hint}".strip()
    return ApiFailure("bad_status", message, notes=_beginning(reply.body))


def _malformed(fault: strict_json.Malformed, body: bytes) -> ApiFailure:
    where = "" if fault.line is None else f"line {fault.line}, column {fault.column}"
    notes = (ReplyNote(fault.message, fault.hint, line=fault.line, column=fault.column), *_beginning(body))
    return ApiFailure(fault.outcome, f"{fault.message} {fault.hint}".strip(), where, notes=notes)


def _beginning(body: bytes) -> tuple[ReplyNote, ...]:
    """The first characters of a body for the bot's author, with everything unprintable escaped (rows B05, B10)."""
    text = body[: KEPT_CHARS * 4].decode(errors="backslashreplace")[:KEPT_CHARS]
    shown = "".join(char if char.isprintable() or char in "\n\t" else f"\\u{ord(char):04x}" for char in text)
    return (ReplyNote(f"The body begins: {shown}"),) if shown.strip() else ()


def _content_type(value: str) -> tuple[str, str]:
    content_type, _, parameters = value.partition(";")
    _, _, charset = parameters.lower().partition("charset=")
    return content_type.strip().lower(), charset.partition(";")[0].strip(" \"'")
