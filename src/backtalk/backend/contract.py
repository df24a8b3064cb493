"""The wire format of the product description: what a backend receives, the five replies, their limits, schemas and examples.

These models are the one definition. A reply is read by them (`backend.reply`), the published JSON Schemas are made from
them, and the SDK checks with them. Names on the wire live here and in `backend.request` only.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StrictBool,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from backtalk.backend import contract_examples
from backtalk.engine.customer import MAX_ATTRIBUTE_NAME_CHARS, MAX_ATTRIBUTES_PER_REPLY
from backtalk.engine.messages import ButtonType, MediaType, phone_number, web_url, with_line_breaks
from backtalk.engine.reply import Shape

SchemaName = Literal["request", "text", "image", "gallery", "buttons", "quick_replies"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MAX_ITEMS = 1_000
"""Cards or buttons of one reply; what is beyond is not read."""
MAX_CARD_BUTTONS = 25
MAX_DEPTH = 32
MAX_BODY_BYTES = 1_048_576

_ADDRESS_PATTERN = "^https?://"
_MAX_DIGITS = 18
_NOT_BLANK = r"\S"


def whole_number(value: object) -> int | None:
    """An integer or a string of digits as an int, else None."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS:
        return int(value)
    return None


def _address(value: str) -> str:
    address = web_url(value)
    if address is None:
        raise PydanticCustomError("address", "must be an absolute http(s) address without blanks or a password")
    return address


def _optional_address(value: str | None) -> str | None:
    return _address(value) if value else None


def _title(value: str) -> str:
    title = with_line_breaks(value)
    if not title.strip():
        raise PydanticCustomError("title", "must hold something to read")
    return title


Title = Annotated[
    str,
    AfterValidator(_title),
    Field(json_schema_extra={"pattern": _NOT_BLANK}, description="What is read; `\\n` is a line break."),
]
Address = Annotated[
    str, AfterValidator(_address), Field(json_schema_extra={"format": "uri", "pattern": _ADDRESS_PATTERN})
]
OptionalAddress = Annotated[
    str | None,
    AfterValidator(_optional_address),
    Field(json_schema_extra={"anyOf": [{"pattern": _ADDRESS_PATTERN}, {"const": ""}, {"type": "null"}]}),
]


class Wire(BaseModel):
    """What all models of the wire share: nothing is converted silently, unknown keys are ignored."""

    model_config = ConfigDict(strict=True, frozen=True, use_attribute_docstrings=True)

    lists: ClassVar[dict[str, type[Wire]]] = {}
    """The fields that hold a list, with the model of an item: a wrong item is dropped, the rest is kept."""
    vital: ClassVar[frozenset[str]] = frozenset()
    """The fields without which the rest is of no use; any other field is left out when it is wrong."""


def _value_rules() -> list[JsonValue]:
    address: JsonValue = {"type": "string", "format": "uri", "pattern": _ADDRESS_PATTERN}
    values: dict[str, JsonValue] = {
        "sequence": {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": f"^[0-9]{{1,{_MAX_DIGITS}}}$"}]},
        "url": address,
        "phone": {"type": "string", "pattern": r"^\+?[0-9 ().\-/]{3,40}$"},
    }
    return [
        {
            "if": {"properties": {"type": {"const": kind}}, "required": ["type"]},
            "then": {"properties": {"value": rule}, "required": ["value"]},
        }
        for kind, rule in values.items()
    ]


class ButtonItem(Wire):
    """Something to press."""

    model_config = ConfigDict(title="Button", json_schema_extra={"allOf": _value_rules()})

    vital: ClassVar[frozenset[str]] = frozenset({"title", "type", "value"})

    title: Title
    type: ButtonType
    """`sequence` starts a sequence, `url` opens an address, `phone` dials, `basic` is a label without action."""
    extra: str | None = None
    """On the press of a `sequence` button, `name=value&name=value` becomes attributes before the sequence starts."""
    value: Annotated[Any, Field(validate_default=True)] = None
    """The id of a sequence of the same bot (an integer or a string of digits), an http(s) address, or a phone number."""

    @field_validator("value", mode="plain")
    @classmethod
    def _fits_the_type(cls, value: Any, info: ValidationInfo) -> int | str | None:
        fitting: int | str | None
        match info.data.get("type"):
            case "url":
                fitting, wanted = web_url(value), "an absolute http(s) address without blanks or a password"
            case "sequence":
                fitting, wanted = whole_number(value), "the id of a sequence: an integer or a string of digits"
            case "phone":
                number = whole_number(value)
                fitting = phone_number(value if number is None else str(number))
                wanted = "a string of digits, with a leading + if you like"
            case _:
                return None
        if fitting is None:
            raise PydanticCustomError("value", "must be {wanted}", {"wanted": wanted})
        return fitting


class ChoiceItem(ButtonItem):
    """A button of a gallery card or a quick reply: it starts a sequence or opens an address."""

    model_config = ConfigDict(title="Choice")

    type: Literal["sequence", "url", "basic"]
    """`sequence` starts a sequence, `url` opens an address, `basic` is a label without action."""


class CardItem(Wire):
    """One item of a gallery. `null` and `""` mean absent."""

    model_config = ConfigDict(title="Card")

    vital: ClassVar[frozenset[str]] = frozenset({"title"})

    title: Title
    subtitle: str | None = None
    """A second, smaller text; `\\n` is a line break."""
    image: OptionalAddress = None
    """http(s) address of a picture."""
    url: OptionalAddress = None
    """http(s) address that a press on the card opens."""
    buttons: Annotated[list[ChoiceItem], Field(max_length=MAX_CARD_BUTTONS)] | None = None
    """Buttons under the card."""

    lists: ClassVar[dict[str, type[Wire]]] = {"buttons": ChoiceItem}


class MediaItem(Wire):
    """An image, a sound or a film."""

    model_config = ConfigDict(title="Media")

    vital: ClassVar[frozenset[str]] = frozenset({"type", "url"})

    type: MediaType
    """What the file is."""
    url: Address
    """http(s) address of the file; jpg or png preferred for images."""


_ATTRIBUTES = {
    "propertyNames": {"minLength": 1, "maxLength": MAX_ATTRIBUTE_NAME_CHARS},
    "maxProperties": MAX_ATTRIBUTES_PER_REPLY,
}


class Envelope(Wire):
    """What every reply is wrapped in; for a call that is made for its effects `data` is not looked at."""

    vital: ClassVar[frozenset[str]] = frozenset({"success"})

    data: Any = None
    """What the block shows; `""`, `[]`, `null` or absent: nothing to show."""
    success: StrictBool
    """`false` says that there is no answer: nothing is shown, the block's fallback is used, attributes are still saved."""
    message: str | None = None
    """Your own words for the call log; never shown to a customer."""
    attributes: Annotated[dict[str, Any], Field(json_schema_extra=_ATTRIBUTES)] | None = None
    """Values to save with the customer; `null` removes one."""
    status: Annotated[int, Field(ge=0, le=2**31 - 1)] | Annotated[str, Field(pattern=r"^[0-9]{1,9}$")] | None = None
    """Your own number for the call log; it never overrides the HTTP status."""


class TextReply(Envelope):
    """What a Text Block shows in place of its token."""

    model_config = ConfigDict(title="Reply for a Text Block")

    data: str | None = None
    """Plain text; `\\n` is a line break."""


class ImageReply(Envelope):
    """What an Image Block shows."""

    model_config = ConfigDict(title="Reply for an Image Block")

    data: MediaItem | None = None
    """The image, sound or film."""


class GalleryReply(Envelope):
    """What a Gallery Block shows as a carousel."""

    model_config = ConfigDict(title="Reply for a Gallery Block")

    data: Annotated[list[CardItem], Field(max_length=MAX_ITEMS)] | None = None
    """The cards, in order."""


class ButtonsReply(Envelope):
    """What a Buttons Block shows."""

    model_config = ConfigDict(title="Reply for a Buttons Block")

    data: Annotated[list[ButtonItem], Field(max_length=MAX_ITEMS)] | None = None
    """The buttons, in order."""


class QuickRepliesReply(Envelope):
    """What a Quick Reply Block shows as floating buttons."""

    model_config = ConfigDict(title="Reply for a Quick Reply Block")

    data: Annotated[list[ChoiceItem], Field(max_length=MAX_ITEMS)] | None = None
    """The choices, in order; they go away once the customer has answered."""


class RequestBody(Wire):
    """The JSON body of every call but GET: the customer, then each attribute and each parameter at the top level."""

    model_config = ConfigDict(title="Request", extra="allow")

    uid: int
    """The customer's id."""
    platform_id: int
    """The channel's id."""
    bot_enabled: bool
    """Whether the bot answers this customer."""
    avatar: str
    """Address of the customer's picture; like every text here `""` when unknown."""
    first_name: str
    last_name: str
    full_name: str
    gender: str
    timezone: float
    """Hours east of UTC, such as `6.0`; the workspace's when the customer's is unknown."""
    locale: str
    language: str
    phone: str
    email: str
    created_at: str
    """When the customer was first seen: `2020-10-16 06:41:59.039735+00:00`."""
    last_message_text: str
    """The message, or the title of the pressed button, that led to this call."""
    last_message_time: str
    """When that was, written like `created_at`; `""` before any message."""


REPLIES: dict[Shape, type[Envelope]] = {
    "text": TextReply,
    "image": ImageReply,
    "gallery": GalleryReply,
    "buttons": ButtonsReply,
    "quick_replies": QuickRepliesReply,
}

ITEMS: dict[Shape, type[Wire]] = {"gallery": CardItem, "buttons": ButtonItem, "quick_replies": ChoiceItem}
"""The shapes whose data is a list, with the model of an item."""


def example(name: SchemaName) -> dict[str, Any]:
    """The product description's example, corrected to valid JSON; a fresh copy."""
    return contract_examples.example(name)


def schemas() -> dict[SchemaName, dict[str, Any]]:
    """The published JSON Schemas (draft 2020-12) of the request and the five replies, each with its example."""
    published: dict[SchemaName, dict[str, Any]] = {"request": _schema("request", RequestBody)}
    for shape, model in REPLIES.items():
        published[shape] = _schema(shape, model)
    return published


def _schema(name: SchemaName, model: type[Wire]) -> dict[str, Any]:
    return {"$schema": DIALECT, **model.model_json_schema(), "examples": [example(name)]}
