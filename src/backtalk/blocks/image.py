"""Shows a picture, plays a sound or a film."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Tag

from backtalk.engine.block import Finding, Form, Next, Surroundings, Template
from backtalk.engine.fields import ApiBlock, ApiItem, addressable, api_or_own
from backtalk.engine.messages import Media, MediaType, web_url
from backtalk.engine.run import Run


class MediaForm(Form):
    """A medium at a fixed address."""

    type: MediaType
    """`image`, `audio` or `video`."""
    url: Template
    """Where it is; `{{attribute}}` is filled in."""


class ImageBlock(ApiBlock):
    """Shows a picture, plays a sound or a film."""

    title: ClassVar[str] = "Image"
    shape: ClassVar[Literal["image"]] = "image"
    example: ClassVar[dict[str, object]] = {"id": "b1", "type": "image", "media": {"api": 1}}

    type: Literal["image"] = "image"
    media: Annotated[Annotated[MediaForm, Tag("own")] | Annotated[ApiItem, Tag("api")], Discriminator(api_or_own)]
    """A picture, sound or film of your own, or an API that names one."""

    def api_places(self) -> Iterator[tuple[str, int]]:
        if isinstance(self.media, ApiItem):
            yield "media.api", self.media.api

    def run(self, run: Run) -> Next:
        shown: Any = run.answered(self.media.api) if isinstance(self.media, ApiItem) else self._own(self.media, run)
        if isinstance(shown, Media):
            run.say(shown)
        return Next.ON

    def findings(self, around: Surroundings) -> Iterator[Finding]:
        if isinstance(self.media, MediaForm) and not addressable(self.media.url):
            yield Finding(
                "bad_url",
                "media.url",
                f"“{self.media.url}” is not a web address.",
                "Write the whole address, beginning with https://.",
            )
        yield from self.api_findings(around)

    @staticmethod
    def _own(media: MediaForm, run: Run) -> Media | None:
        url = web_url(run.url(media.url))
        if url is None:
            run.note("bad_url", "The address of this medium is not a web address; nothing was shown.")
        return Media(media.type, url) if url else None
