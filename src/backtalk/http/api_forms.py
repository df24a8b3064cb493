"""What an API looks like over HTTP: what may be sent, and what is shown. Header values go in and never come out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from backtalk.engine.customer import MAX_TIMEZONE_H
from backtalk.engine.reply import OnFailure, Outcome, Shape
from backtalk.http.bots import ProblemShown
from backtalk.http.forms import Form, RowId, Shown
from backtalk.runtime.api_test import TestedBy
from backtalk.storage.apis import ApiSettings

_SETTINGS: dict[str, Any] = {
    "name": "Order status",
    "method": "POST",
    "url": "https://shop.example.com/orders/{{order_number}}",
    "headers": [{"name": "X-Secret", "value": "a long random text"}],
    "params": [{"name": "source", "value": "chat"}],
    "output": "text",
    "timeout_s": 5.0,
    "on_failure": {"say": "I cannot look that up now.", "sequence": None},
    "dialect": "backtalk",
    "mapping": None,
}
_SHOWN: dict[str, Any] = {
    "id": 7,
    **_SETTINGS,
    "headers": [{"name": "X-Secret", "value": None, "is_set": True}],
    "created_at": "2026-11-23T08:00:00Z",
    "updated_at": "2026-11-23T08:00:00Z",
    "problems": [],
}


class HeaderForm(Form):
    """A header of every call."""

    name: str
    value: str | None = None
    """A secret. Null keeps the value that is stored under this name."""
    is_set: bool | None = None
    """Ignored; as it comes in answers."""


class ParamForm(Form):
    """GET: a parameter of the query. Other methods: a key of the JSON body."""

    name: str
    value: str
    """May hold `{{attribute}}`."""


class FallbackForm(Form):
    """What a customer gets when a call did not work, in blocks that do not say it themselves."""

    say: str | None = None
    sequence: RowId | None = None

    def to_value(self) -> OnFailure:
        return OnFailure(self.say, self.sequence)


class ApiForm(Form):
    """A new API."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SETTINGS]})

    name: str
    method: str
    """`GET` sends parameters only, `POST` (and `PUT`, `PATCH`, `DELETE`) sends the customer."""
    url: str
    """May hold `{{attribute}}` after the host."""
    headers: list[HeaderForm] = []
    params: list[ParamForm] = []
    output: str | None = None
    """What it is meant to answer: `text`, `image`, `gallery`, `buttons`, `quick_replies`, or nothing in particular."""
    timeout_s: float = 5.0
    on_failure: FallbackForm | None = None
    dialect: Literal["backtalk"] = "backtalk"
    mapping: None = None

    def to_settings(self) -> ApiSettings:
        return ApiSettings(
            name=self.name.strip(),
            method=self.method,
            url=self.url.strip(),
            headers=[(header.name, header.value) for header in self.headers],
            params=[(param.name, param.value) for param in self.params],
            output=self.output,  # type: ignore[arg-type] # `_check` refuses any other
            timeout_s=self.timeout_s,
            on_failure=self.on_failure.to_value() if self.on_failure else None,
            dialect=self.dialect,
        )


class ApiChange(Form):
    """What is to change; what is left out stays. A list replaces the whole list."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "Order status", "headers": [{"name": "X-Secret", "value": None}], "timeout_s": 3}]
        }
    )

    name: str = ""
    method: str = ""
    url: str = ""
    headers: list[HeaderForm] = []
    params: list[ParamForm] = []
    output: str | None = None
    timeout_s: float = 5.0
    on_failure: FallbackForm | None = None
    dialect: Literal["backtalk"] = "backtalk"
    mapping: None = None

    def applied_to(self, old: ApiSettings) -> ApiSettings:
        sent = {name: getattr(self, name) for name in self.model_fields_set}
        form = ApiForm.model_construct(**{**_form_of(old), **sent})
        return form.to_settings()


class HeaderShown(Shown):
    name: str
    value: None = None
    """Never shown."""
    is_set: bool


class ParamShown(Shown):
    name: str
    value: str


class FallbackShown(Shown):
    say: str | None = None
    sequence: int | None = None


class ApiShown(Shown):
    model_config = ConfigDict(json_schema_extra={"examples": [_SHOWN]})

    id: int
    name: str
    method: str
    url: str
    headers: list[HeaderShown]
    params: list[ParamShown]
    output: Shape | None
    timeout_s: float
    on_failure: FallbackShown | None
    dialect: str
    mapping: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime
    problems: list[ProblemShown]
    """Warnings, such as that no header protects the backend."""


class TestCustomer(Form):
    """Somebody made up; what is left out is unknown, or as stored when `customer_id` is given."""

    avatar: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    full_name: str | None = None
    gender: str | None = None
    locale: str | None = None
    language: str | None = None
    phone: str | None = None
    email: str | None = None
    timezone: Annotated[float, Field(ge=-MAX_TIMEZONE_H, le=MAX_TIMEZONE_H)] | None = None
    last_message_text: str | None = None
    attributes: dict[str, Any] = {}


class TestForm(Form):
    """For whom to call."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"customer": {"first_name": "Ada", "attributes": {"order_number": "42"}}}]}
    )

    customer_id: RowId | None = None
    """A customer of the workspace."""
    customer: TestCustomer | None = None
    channel_id: RowId | None = None
    """The channel that the backend is told; without it the customer's, or the workspace's first."""

    def to_value(self) -> TestedBy:
        values: dict[str, Any] | None = None
        if self.customer:
            values = {
                **self.customer.attributes,
                **self.customer.model_dump(exclude_unset=True, exclude={"attributes"}),
            }
        return TestedBy(self.customer_id, self.channel_id, values)


class TestProblem(Shown):
    path: str
    line: int | None
    column: int | None
    message: str
    hint: str


class TestShown(Shown):
    """All that came of one call. Secrets are masked. Attributes are shown as they would be saved, but are not saved."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "call_id": 41,
                    "outcome": "ok",
                    "http_status": 200,
                    "ms": 84,
                    "request": {
                        "method": "POST",
                        "url": "https://shop.example.com/orders/42",
                        "headers": [{"name": "X-Secret", "value": "•••"}],
                        "body": '{"uid": 0, "first_name": "Ada"}',
                    },
                    "response": {"status": 200, "headers": [], "body": '{"data": "On its way", "success": true}'},
                    "reply": {"data": "On its way", "message": "", "status": None},
                    "attributes": {},
                    "messages": [{"type": "text", "text": "On its way"}],
                    "problems": [],
                }
            ]
        }
    )

    call_id: int
    """Its row of the call log."""
    outcome: Outcome
    http_status: int | None
    ms: int
    request: dict[str, Any]
    response: dict[str, Any]
    reply: dict[str, Any]
    attributes: dict[str, Any]
    messages: list[dict[str, Any]]
    """What a customer would see."""
    problems: list[TestProblem]


def _form_of(settings: ApiSettings) -> dict[str, Any]:
    """Settings as the fields of a form."""
    plan = settings.on_failure
    return {
        "name": settings.name,
        "method": settings.method,
        "url": settings.url,
        "headers": [HeaderForm(name=name, value=value) for name, value in settings.headers],
        "params": [ParamForm(name=name, value=value) for name, value in settings.params],
        "output": settings.output,
        "timeout_s": settings.timeout_s,
        "on_failure": FallbackForm(say=plan.say, sequence=plan.sequence) if plan else None,
        "dialect": settings.dialect,
    }
