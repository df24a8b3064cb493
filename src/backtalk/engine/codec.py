"""State, events, effects and messages as JSON and back."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from backtalk.engine.customer import Customer
from backtalk.engine.effects import CallApi, SetTimer
from backtalk.engine.events import Event
from backtalk.engine.messages import Message
from backtalk.engine.state import State

_state = TypeAdapter(State)
_event: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])
_message: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="type")])
_effect: TypeAdapter[CallApi | SetTimer] = TypeAdapter(Annotated[CallApi | SetTimer, Field(discriminator="kind")])
_dict = TypeAdapter(dict[str, Any])


def state_to_json(state: State) -> bytes:
    """The state without its customer, who is stored apart."""
    return _state.dump_json(state, exclude={"customer"})


def state_from_json(data: bytes | str, customer: Customer) -> State:
    """The state for this customer; raises pydantic.ValidationError for what no version of ours wrote."""
    return _state.validate_python({**_dict.validate_json(data), "customer": customer})


def event_to_json(event: Event) -> bytes:
    return _event.dump_json(event)


def event_from_json(data: bytes | str) -> Event:
    return _event.validate_json(data)


def owed_to_json(effect: CallApi | SetTimer) -> bytes:
    """An effect that is owed after the commit."""
    return _effect.dump_json(effect)


def owed_from_json(data: bytes | str) -> CallApi | SetTimer:
    return _effect.validate_json(data)


def message_to_json(message: Message) -> bytes:
    """A message with the targets of its buttons; what is absent is left out."""
    return _message.dump_json(message, exclude_none=True)


def message_from_json(data: bytes | str) -> Message:
    return _message.validate_json(data)
