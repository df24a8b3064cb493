"""The parts that blocks are made of: buttons, cards, API items, what to do on failure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag

from backtalk.engine.block import Block, Finding, Form, SequenceId, Surroundings, Template
from backtalk.engine.customer import MAX_ATTRIBUTE_NAME_CHARS, PROTECTED_NAMES
from backtalk.engine.messages import Button, Card, phone_number, web_url
from backtalk.engine.reply import OnFailure, Shape
from backtalk.engine.template import parse

if TYPE_CHECKING:
    from backtalk.engine.run import Run

MAX_ITEMS = 100

AttributeName = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=MAX_ATTRIBUTE_NAME_CHARS, pattern=r"^[^{}<>\x00-\x1f]+$"
    ),
]


class OnFailureForm(Form):
    """What the customer gets when the call did not work."""

    say: Template | None = None
    """A text to say; `{{attribute}}` is filled in."""
    sequence: SequenceId | None = None
    """A sequence to go to."""

    def to_value(self) -> OnFailure:
        return OnFailure(self.say, self.sequence)


class ApiItem(Form):
    """An API whose reply is shown in this place."""

    api: int
    """The id of the API."""


class ButtonForm(Form):
    """A button that the author wrote."""

    title: Template
    """What the customer reads."""
    type: Literal["sequence", "url", "phone"]
    """`sequence` goes to a sequence, `url` opens a page, `phone` calls a number."""
    value: int | Template
    """The sequence's id, the address, or the number."""
    extra: Annotated[str, Field(max_length=4_096)] | None = None
    """`name=value&name=value`: attributes that are saved when it is pressed."""

    def shown(self, run: Run) -> Button | None:
        """The button for this customer; None when it would be blank or lead nowhere."""
        title = run.text(self.title)
        if not title.strip():
            return None
        match self.type:
            case "sequence":
                sequence = sequence_id(self.value)
                return Button(title, "sequence", sequence, self.extra) if sequence in run.bot.sequences else None
            case "url":
                url = web_url(run.url(str(self.value)))
                return Button(title, "url", url, self.extra) if url else None
            case "phone":
                phone = phone_number(run.text(str(self.value)))
                return Button(title, "phone", phone, self.extra) if phone else None

    def findings(self, field: str, around: Surroundings, *, phone: bool) -> Iterator[Finding]:
        if not self.title.strip():
            yield Finding(
                "blank", f"{field}.title", "A button has no title.", "Write what the customer will read on it."
            )
        where = f"{field}.value"
        match self.type:
            case "sequence":
                yield from sequence_findings(where, sequence_id(self.value), around)
            case "url" if not addressable(self.value):
                yield Finding(
                    "bad_url",
                    where,
                    f"“{self.value}” is not a web address.",
                    "Write the whole address, beginning with https://.",
                )
            case "phone" if not phone:
                yield Finding(
                    "not_here",
                    f"{field}.type",
                    "A quick reply cannot call a phone number.",
                    "Use a Button Block for it.",
                )
            case "phone" if not has_place(str(self.value)) and phone_number(str(self.value)) is None:
                yield Finding(
                    "bad_phone", where, f"“{self.value}” is not a phone number.", "Use digits and a leading +."
                )
            case _:
                pass


class CardForm(Form):
    """A gallery item that the author wrote."""

    title: Template
    """What the customer reads first."""
    subtitle: Template | None = None
    """What stands below the title."""
    image: Template | None = None
    """The address of a picture."""
    url: Template | None = None
    """The page that a press on the card opens."""
    buttons: Annotated[list[ButtonForm], Field(max_length=MAX_ITEMS)] = []
    """Buttons below the card, of type `sequence` or `url`."""

    def shown(self, run: Run) -> Card:
        return Card(
            title=run.text(self.title),
            subtitle=run.text(self.subtitle) or None if self.subtitle else None,
            image=web_url(run.url(self.image)) if self.image else None,
            url=web_url(run.url(self.url)) if self.url else None,
            buttons=tuple(run.shown_buttons(self.buttons)),
        )

    def findings(self, field: str, around: Surroundings) -> Iterator[Finding]:
        if not self.title.strip():
            yield Finding("blank", f"{field}.title", "A gallery item has no title.", "Write a title.")
        for name, value in (("image", self.image), ("url", self.url)):
            if value and not addressable(value):
                yield Finding(
                    "bad_url",
                    f"{field}.{name}",
                    f"“{value}” is not a web address.",
                    "Write the whole address, beginning with https://.",
                )
        for index, button in enumerate(self.buttons):
            yield from button.findings(f"{field}.buttons.{index}", around, phone=False)


def api_or_own(value: Any) -> str:
    if isinstance(value, dict):
        return "api" if "api" in value else "own"
    return "api" if isinstance(value, ApiItem) else "own"


ButtonItem = Annotated[Annotated[ButtonForm, Tag("own")] | Annotated[ApiItem, Tag("api")], Discriminator(api_or_own)]
CardItem = Annotated[Annotated[CardForm, Tag("own")] | Annotated[ApiItem, Tag("api")], Discriminator(api_or_own)]


class ApiBlock(Block):
    """A block that can show what an API answers."""

    on_failure: OnFailureForm | None = None
    """What the customer gets when the call did not work; without it the API's own default holds."""

    def api_places(self) -> Iterator[tuple[str, int]]:
        """Each field that names an API, and the API."""
        raise NotImplementedError

    def apis(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(api for _, api in self.api_places()))

    def api_findings(self, around: Surroundings) -> Iterator[Finding]:
        for field, api in self.api_places():
            summary = around.apis.get(api)
            if summary is None:
                yield Finding(
                    "unknown_api", field, f"There is no API with the id {api}.", "Choose an API of the Integration tab."
                )
            elif self.shape and summary.output and summary.output != self.shape:
                yield Finding(
                    "other_output",
                    field,
                    f"The API “{summary.name}” is meant for {summary.output}, not for {self.shape}.",
                    "Choose another API, or change its output in the Integration tab.",
                    "warning",
                )
        if self.on_failure and self.on_failure.sequence is not None:
            yield from sequence_findings("on_failure.sequence", self.on_failure.sequence, around)


def api_items(field: str, items: Sequence[Form]) -> Iterator[tuple[str, int]]:
    """The APIs among the items, with their fields."""
    return ((f"{field}.{index}.api", item.api) for index, item in enumerate(items) if isinstance(item, ApiItem))


def choice_findings(
    field: str, items: list[ButtonForm | ApiItem], around: Surroundings, *, shape: Shape
) -> Iterator[Finding]:
    """Problems of a list of buttons or quick replies."""
    if not items:
        yield Finding("empty", field, "There is nothing to press.", "Add a button, or create an API button.")
    for index, item in enumerate(items):
        if isinstance(item, ButtonForm):
            yield from item.findings(f"{field}.{index}", around, phone=shape == "buttons")


def sequence_findings(field: str, sequence: int | None, around: Surroundings) -> Iterator[Finding]:
    if sequence is None or sequence not in around.sequences:
        yield Finding(
            "unknown_sequence",
            field,
            "It goes to a sequence that does not exist." if sequence is not None else "No sequence is chosen.",
            "Choose one of this bot's sequences.",
        )


def attribute_findings(field: str, name: str) -> Iterator[Finding]:
    """Problems of the name of an attribute that a block saves."""
    if name in PROTECTED_NAMES:
        yield Finding(
            "protected", field, f"“{name}” is kept by Backtalk and cannot be changed.", "Choose another name."
        )


def sequence_id(value: int | str) -> int | None:
    """The id that a button's value means: an integer or a digit string."""
    if isinstance(value, int):
        return value
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 18 else None  # noqa: PLR2004 - 64 bits


def has_place(text: str) -> bool:
    return any(not isinstance(part, str) for part in parse(text))


def addressable(value: int | str) -> bool:
    """Whether a static address can be right; one with places is judged when they are filled."""
    text = str(value)
    return text.startswith(("http://", "https://")) if has_place(text) else web_url(text) is not None
