"""Shows cards side by side; an API's cards may stand among them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from backtalk.engine.block import Finding, Next, Surroundings
from backtalk.engine.fields import MAX_ITEMS, ApiBlock, CardForm, CardItem, api_items
from backtalk.engine.messages import Card, Gallery
from backtalk.engine.run import Run


class GalleryBlock(ApiBlock):
    """Shows cards side by side, best for products."""

    title: ClassVar[str] = "Gallery"
    shape: ClassVar[Literal["gallery"]] = "gallery"
    example: ClassVar[dict[str, object]] = {
        "id": "b1",
        "type": "gallery",
        "items": [{"title": "Apples", "subtitle": "From the region"}, {"api": 1}],
    }

    type: Literal["gallery"] = "gallery"
    items: Annotated[list[CardItem], Field(max_length=MAX_ITEMS)] = []
    """Cards of your own and APIs that give cards, in the order in which they are shown."""

    def api_places(self) -> Iterator[tuple[str, int]]:
        return api_items("items", self.items)

    def run(self, run: Run) -> Next:
        cards: list[Card] = []
        for item in self.items:
            cards.extend([item.shown(run)] if isinstance(item, CardForm) else run.answered(item.api) or ())
        if cards:
            run.say(Gallery(tuple(cards)))
        return Next.ON

    def findings(self, around: Surroundings) -> Iterator[Finding]:
        if not self.items:
            yield Finding("empty", "items", "The gallery has no items.", "Add a card, or create an API gallery item.")
        for index, item in enumerate(self.items):
            if isinstance(item, CardForm):
                yield from item.findings(f"items.{index}", around)
        yield from self.api_findings(around)
