"""What can go wrong: the exceptions for misuse of our own interface, and `Problem`, a finding as a value.

What the outside world does is never an exception here (see `engine.reply` and `exchange`).
The docstring of an exception class is its default message; `code` is stable and published.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Where:
    """The place of a problem. Whatever does not apply is None."""

    sequence: int | None = None
    block: str | None = None
    field: str | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about a document, a form or a reply: shown to the author, stored, compared in tests."""

    code: str
    message: str
    hint: str = ""
    where: Where = field(default_factory=Where)
    severity: Severity = "error"

    def to_json(self) -> dict[str, Any]:
        """The form that the HTTP interface publishes; places that do not apply are left out."""
        document = asdict(self)
        document["where"] = {name: value for name, value in document["where"].items() if value is not None}
        return document


class BacktalkError(Exception):
    """Something was asked for that cannot be done."""

    code: ClassVar[str] = "error"
    hint: str = ""

    def __init__(self, detail: str = "", *, hint: str = "", problems: tuple[Problem, ...] = ()) -> None:
        self.detail = detail or (type(self).__doc__ or "").strip().splitlines()[0]
        self.hint = hint or self.hint
        self.problems = problems
        super().__init__(self.detail)


class NotFound(BacktalkError):
    """There is nothing here with this id."""

    code = "not_found"
    hint = "Check the id, and that your token belongs to the workspace that owns it."


class Conflict(BacktalkError):
    """This clashes with what is already stored."""

    code = "conflict"


class Invalid(BacktalkError):
    """What was sent is not valid."""

    code = "invalid"


class SignInRequired(BacktalkError):
    """A valid token is needed."""

    code = "sign_in_required"
    hint = "Send `Authorization: Bearer <token>`; `backtalk token create --name NAME` makes one."


class Forbidden(BacktalkError):
    """Your role does not allow this."""

    code = "forbidden"
    hint = "Ask an admin of the workspace for a token with a higher role."


class PlanRequired(BacktalkError):
    """API integration is available in paid plans only."""

    code = "plan_required"
    hint = "The operator changes the plan with `backtalk workspace plan ID paid`."


class BadSignature(BacktalkError):
    """The signature does not fit what was sent."""

    code = "bad_signature"


class TooMany(BacktalkError):
    """Too many requests in a short time."""

    code = "too_many"
    hint = "Wait for the number of seconds in Retry-After, then send again."

    def __init__(self, detail: str = "", *, retry_after_s: int = 1, hint: str = "") -> None:
        super().__init__(detail, hint=hint)
        self.retry_after_s = retry_after_s


class TooLarge(BacktalkError):
    """What was sent is too large."""

    code = "too_large"


class Unavailable(BacktalkError):
    """The server cannot take this right now."""

    code = "unavailable"
    hint = "Send it again after the number of seconds in Retry-After; nothing was stored."
