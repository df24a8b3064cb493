"""One step under way: the state as it changes and the effects as they are asked for. Blocks act through this and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from backtalk.engine.block import Next
from backtalk.engine.bot import Bot
from backtalk.engine.customer import Customer, Json
from backtalk.engine.effects import Effect, HandOver, Note, SaveAttributes, Send, SetTimer
from backtalk.engine.fields import ApiItem, ButtonForm
from backtalk.engine.messages import Button, Message
from backtalk.engine.reply import ApiReply, ReplyNote
from backtalk.engine.state import Answer, Asking, Calling, Pausing, Place, State, Waiting
from backtalk.engine.template import MAX_FILLED_CHARS, render, render_url


@dataclass(slots=True)
class Run:
    """Lives for one step. `place` is the block whose turn it is; `answers` what its APIs answered, by API."""

    bot: Bot
    at: datetime
    # the state as it changes
    customer: Customer
    version: int | None
    greeted: bool
    calling: Calling | None
    asking: Asking | None
    pausing: Pausing | None
    backlog: tuple[Waiting, ...]
    resuming: str | None
    counter: int
    left: dict[str, int]
    blocks: int
    # what comes of it
    place: Place | None = None
    answers: dict[int, Answer] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    walked: list[Place] = field(default_factory=list)
    room: int = MAX_FILLED_CHARS
    """Characters that templates may still write in this step."""

    @classmethod
    def of(cls, bot: Bot, state: State, at: datetime) -> Run:
        return cls(
            bot,
            at,
            state.customer,
            state.version,
            state.greeted,
            state.calling,
            state.asking,
            state.pausing,
            state.backlog,
            state.resuming,
            state.counter,
            state.left,
            state.blocks,
        )

    def state(self) -> State:
        return State(
            customer=self.customer,
            version=self.version,
            greeted=self.greeted,
            calling=self.calling,
            asking=self.asking,
            pausing=self.pausing,
            backlog=self.backlog,
            resuming=self.resuming,
            counter=self.counter,
            left=self.left,
            blocks=self.blocks,
        )

    @property
    def under_way(self) -> bool:
        """A call or a delay keeps the conversation on the version of the bot that began it."""
        return self.calling is not None or self.pausing is not None

    # --- what blocks read

    def text(self, template: str) -> str:
        """A template filled for this customer; a Text Block's APIs included."""
        texts = self._texts() if self.answers else None
        return self._filled(render(template, self.customer, texts, room=self.room))

    def url(self, template: str) -> str:
        """An address filled for this customer; "" rather than one that is cut."""
        filled = self._filled(render_url(template, self.customer, room=self.room))
        return filled if self.room else ""

    def shown_buttons(self, forms: Iterable[ButtonForm]) -> Iterator[Button]:
        """The author's buttons that lead somewhere; the others are noted."""
        for form in forms:
            button = form.shown(self)
            if button:
                yield button
            else:
                self.note("dead_button", f"The button “{form.title}” has no title or leads nowhere and was left out.")

    def answered(self, api: int) -> Any:
        """What an API gave to show, typed by the block's shape; None when there is nothing."""
        answer = self.answers.get(api)
        return answer.result.data if answer and isinstance(answer.result, ApiReply) else None

    def choices(self, items: Iterable[ButtonForm | ApiItem]) -> Iterator[Button]:
        """The buttons of a block in order: the author's own and those of its APIs."""
        for item in items:
            yield from self.shown_buttons([item]) if isinstance(item, ButtonForm) else self.answered(item.api) or ()

    # --- what blocks ask for

    def say(self, message: Message) -> None:
        self.effects.append(Send(message, self.place.block if self.place else None))

    def save(self, changes: dict[str, Json], source: str, *, call: str | None = None) -> None:
        """Change the customer at once and have it stored; what is refused is noted."""
        if not changes:
            return
        self.customer, accepted, refused = self.customer.with_changes(changes)
        for name, reason in refused:
            self.note("refused_attribute", f"“{name}” {reason}.", call=call, path=f"$.attributes.{name}")
        if accepted:
            self.effects.append(SaveAttributes(accepted, source))

    def ask(self) -> Next:
        """Wait for what the customer writes next; the block's `hear` takes it."""
        if self.place:
            self.asking = Asking(self.place)
        return Next.WAIT

    def pause(self, seconds: float) -> Next:
        """Wait, unless the customer wrote something that waits already."""
        if self.backlog:
            return Next.ON
        if self.place:
            key = self.new_key("timer")
            self.pausing = Pausing(self.place, key)
            self.effects.append(SetTimer(key, self.at + timedelta(seconds=seconds)))
        return Next.WAIT

    def hand_over(self, note: str) -> None:
        """Give the conversation to a person: the bot is off for this customer."""
        self.customer = replace(self.customer, bot_enabled=False)
        self.effects.append(HandOver(note, self.place.block if self.place else None))

    def note(self, code: str, message: str, *, call: str | None = None, path: str = "") -> None:
        detail = ReplyNote(message, path=path) if call else None
        self.effects.append(Note(code, message, self.place.block if self.place else None, call, detail))

    def new_key(self, kind: str) -> str:
        """A name for a call or timer that no other one of this conversation ever has."""
        self.counter += 1
        return f"{kind}-{self.counter}"

    # --- inside

    def _texts(self) -> dict[int, str]:
        return {
            api: answer.result.data
            for api, answer in self.answers.items()
            if isinstance(answer.result, ApiReply) and isinstance(answer.result.data, str)
        }

    def _filled(self, text: str) -> str:
        if self.room:
            self.room = max(0, self.room - len(text))
            if not self.room:
                self.note(
                    "too_long",
                    f"The texts of this step have more than {MAX_FILLED_CHARS} characters; the rest was cut.",
                )
        return text
