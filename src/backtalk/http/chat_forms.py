"""What a web chat client may send."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from backtalk.engine.customer import MAX_TIMEZONE_H

MAX_TEXT_CHARS = 10_000
MAX_BODY_BYTES = 65_536
MAX_NUMBER = 2**31 - 1

Place = Annotated[int, Field(ge=0, le=MAX_NUMBER)]

ShortText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Profile(Form):
    """What the page knows of its visitor."""

    avatar: ShortText = ""
    first_name: ShortText = ""
    last_name: ShortText = ""
    full_name: ShortText = ""
    gender: ShortText = ""
    locale: ShortText = ""
    language: ShortText = ""
    phone: ShortText = ""
    email: ShortText = ""
    timezone: Annotated[float, Field(ge=-MAX_TIMEZONE_H, le=MAX_TIMEZONE_H)] | None = None
    """Hours east of UTC."""


class NewSession(Form):
    """Begins a chat; with `user_id` and `user_hash` it is the same person's chat on every device."""

    profile: Profile = Profile()
    user_id: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    """The person's id in your own system."""
    user_hash: Annotated[str, StringConstraints(max_length=128)] | None = None
    """Hex HMAC-SHA256 of `user_id` with the channel's identity secret."""


class PressForm(Form):
    """Names a button by its place."""

    seq: Annotated[int, Field(ge=1, le=MAX_NUMBER)]
    """The message."""
    index: Place | Annotated[list[Place], Field(min_length=2, max_length=2)]
    """The button's index, or the card's and the button's."""

    def place(self) -> tuple[int, ...]:
        return (self.index,) if isinstance(self.index, int) else tuple(self.index)


class Named(BaseModel):
    """The name of whatever else is in a message, so that its refusal can say which one is meant."""

    client_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
    """Chosen by the client; the same one again changes nothing and gets the same answer."""


class NewMessage(Named, Form):
    """Something that the customer wrote or pressed: one of the two."""

    text: Annotated[str, StringConstraints(max_length=MAX_TEXT_CHARS)] | None = None
    press: PressForm | None = None
    type: Literal["message"] | None = None
    """May stand in a frame of the socket."""
