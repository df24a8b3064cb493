"""A client for the tests of a backend: it asks a plain function what Backtalk would ask, and checks the answer.

shop = Backend(lambda headers, body: my_handler(json.loads(body)), signing_secret="whsec_…")
assert shop.ask("text", last_message_text="opening hours")["data"] == "We open at nine."
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from pydantic import ValidationError

from backtalk.backend import contract, signing
from backtalk.engine.reply import Shape

Answering = Callable[[Mapping[str, str], bytes], Mapping[str, Any] | bytes | str]
"""Takes the headers and the raw body of a request; gives the reply as a mapping or as JSON."""


def sample_customer(**changes: Any) -> dict[str, Any]:
    """The body of a request about a made-up customer, with your changes and attributes."""
    return contract.example("request") | changes


def problems_of(shape: Shape, reply: Any) -> list[str]:
    """What is wrong with a reply for the block of this shape, each with its place; empty when it is right."""
    try:
        contract.REPLIES[shape].model_validate(reply)
    except ValidationError as error:
        return [f"{_path(fault['loc'])}: {fault['msg']}" for fault in error.errors(include_url=False)]
    return []


@dataclass(frozen=True, slots=True)
class Backend:
    """A backend under test, reached through a function instead of a network."""

    answer: Answering
    signing_secret: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """What is configured for the API, such as its secret token."""

    def ask(self, shape: Shape, **customer: Any) -> dict[str, Any]:
        """Ask as a block of this shape would. The reply; an AssertionError lists what is wrong with it."""
        body = json.dumps(sample_customer(**customer)).encode()
        key = str(uuid4())
        own = {"Content-Type": "application/json", "Accept": "application/json", "Idempotency-Key": key}
        secrets = [self.signing_secret] if self.signing_secret else []
        signed = dict(signing.sign(secrets, key, datetime.now(UTC), body))
        reply = self.answer({**self.headers, **own, **signed}, body)
        document = json.loads(reply) if isinstance(reply, bytes | str) else json.loads(json.dumps(reply))
        problems = problems_of(shape, document)
        if problems:
            raise AssertionError("The reply is not what the contract asks for:\n" + "\n".join(problems))
        assert isinstance(document, dict)  # noqa: S101 - the models accept nothing else
        return document


def _path(place: tuple[int | str, ...]) -> str:
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
