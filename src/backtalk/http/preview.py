"""Previews over HTTP: a draft is tried out without a customer, a channel or a trace in the database but its calls."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Request
from pydantic import Field, StringConstraints, model_validator

from backtalk.engine.customer import Customer
from backtalk.engine.events import Event, HandedBack, Pressed, Said, SequenceSent, Started, TakenOver, TextSent
from backtalk.engine.messages import Button
from backtalk.engine.reply import Outcome
from backtalk.errors import Invalid, Problem, Where
from backtalk.http.auth import Editor
from backtalk.http.chat_access import services as services_of
from backtalk.http.customer_forms import MAX_TEXT_CHARS, ProfileForm
from backtalk.http.forms import Form, Id, RowId, Shown
from backtalk.runtime import drafts, preview
from backtalk.storage import customers

router = APIRouter()

_Text = Annotated[str, StringConstraints(max_length=MAX_TEXT_CHARS)]
_OUTCOMES = frozenset(get_args(Outcome))


class StartedForm(Form):
    """The customer opens the chat."""

    kind: Literal["started"]

    def event(self, at: datetime) -> Event:
        return Started(at)


class SaidForm(Form):
    """The customer writes something."""

    kind: Literal["said"]
    text: _Text

    def event(self, at: datetime) -> Event:
        return Said(at, self.text)


class PressedButton(Form):
    """A button as it stands in a message of the preview."""

    title: _Text
    type: Literal["sequence", "url", "phone", "basic"]
    value: int | _Text | None = None
    extra: _Text | None = None


class PressedForm(Form):
    """The customer presses a button of a message that the preview gave."""

    kind: Literal["pressed"]
    button: PressedButton

    def event(self, at: datetime) -> Event:
        return Pressed(at, Button(**self.button.model_dump()))


class SequenceSentForm(Form):
    """The company starts a sequence."""

    kind: Literal["sequence_sent"]
    sequence: RowId

    def event(self, at: datetime) -> Event:
        return SequenceSent(at, self.sequence)


class TextSentForm(Form):
    """The company sends a text."""

    kind: Literal["text_sent"]
    text: _Text

    def event(self, at: datetime) -> Event:
        return TextSent(at, self.text)


class TakenOverForm(Form):
    """A person takes over."""

    kind: Literal["taken_over"]

    def event(self, at: datetime) -> Event:
        return TakenOver(at)


class HandedBackForm(Form):
    """The bot answers again."""

    kind: Literal["handed_back"]

    def event(self, at: datetime) -> Event:
        return HandedBack(at)


AnyEvent = Annotated[
    StartedForm | SaidForm | PressedForm | SequenceSentForm | TextSentForm | TakenOverForm | HandedBackForm,
    Field(discriminator="kind"),
]


class PreviewCustomer(ProfileForm):
    """Who chats: somebody made up, or with `id` a real customer, of whom nothing is changed. Other fields come on top."""

    id: RowId | None = None


class PreviewForm(Form):
    """One event of a preview."""

    model_config = {
        "json_schema_extra": {
            "examples": [
                {
                    "event": {"kind": "said", "text": "Where is my order?"},
                    "customer": {"first_name": "Ann", "attributes": {"order_number": 42}},
                    "outcomes": {"7": "timeout", "8": {"success": True, "data": "On its way"}},
                }
            ]
        }
    }

    event: AnyEvent
    document: dict[str, Any] | None = None
    """The bot to try; without it the stored draft."""
    state: dict[str, Any] | None = None
    """What the preview before gave; without it the conversation begins."""
    customer: PreviewCustomer | None = None
    channel_type: Literal["webchat"] = "webchat"
    """Where it is to be shown."""
    outcomes: Annotated[dict[int, str | dict[str, Any]], Field(max_length=1_000)] = {}
    """By API: the outcome to pretend, or what the backend is to have answered. Other APIs are really called."""

    @model_validator(mode="after")
    def _known_outcomes(self) -> PreviewForm:
        for outcome in self.outcomes.values():
            if isinstance(outcome, str) and outcome not in _OUTCOMES:
                raise ValueError(f"outcomes: {outcome[:40]} is none of {', '.join(get_args(Outcome))}")
        return self


class PreviewShown(Shown):
    """What the event led to. Nothing of it is stored but the calls, marked `test`."""

    state: dict[str, Any]
    """Send it back with the next event."""
    messages: list[dict[str, Any]]
    """As a chat shows them; buttons carry their targets, for a press sends its button."""
    trace: list[dict[str, Any]]
    """What happened inside, in order: blocks, calls, delays (not waited for), saved attributes, notes."""
    attributes: dict[str, Any]
    """What is known of the customer now."""


@router.post("/bots/{bot_id}/preview")
async def preview_bot(request: Request, access: Editor, bot_id: Id, form: PreviewForm) -> PreviewShown:
    """Try a bot out. APIs are really called unless their outcome is given; delays are skipped."""
    services, now = services_of(request), datetime.now(UTC)
    judged = await drafts.load(services.database, access.workspace_id, bot_id)
    document = judged.document if form.document is None else drafts.normal(form.document)
    customer_id = form.customer.id if form.customer else None
    customer = Customer(id=0, channel_id=0, created_at=now)
    if customer_id is not None:
        row = await services.database.read(lambda tx: customers.get(tx, access.workspace_id, customer_id))
        customer = row.customer
    state = preview.state_for(customer, form.state)
    if form.customer:
        state = preview.with_customer(state, _changed(state.customer, form.customer.changes()))
    seen = await preview.preview(
        drafts.bot_of(document),
        state,
        form.event.event(now),
        call=preview.real_calls(services, workspace_id=access.workspace_id, customer_id=customer_id),
        forced=form.outcomes,  # type: ignore[arg-type] # the validator knows the names
    )
    return PreviewShown(
        state=preview.state_json(seen.state),
        messages=seen.messages,
        trace=seen.trace,
        attributes=seen.state.customer.attributes,
    )


def _changed(customer: Customer, changes: dict[str, Any]) -> Customer:
    changed, _, refused = customer.with_changes(changes)
    if refused:
        name, reason = refused[0]
        where = Where(field=f"customer.attributes.{name}", path=f"$.customer.attributes.{name}")
        message = f"“{name}” {reason}."
        raise Invalid(
            message, hint="Leave it out.", problems=(Problem("refused_attribute", message, "Leave it out.", where),)
        )
    return changed
