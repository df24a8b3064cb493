"""APIs over HTTP: what an author sets up on the Integration tab. Header values go in and never come out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import ConfigDict, Field

from backtalk.backend.form import api_problems
from backtalk.engine.customer import MAX_TIMEZONE_H
from backtalk.engine.reply import OnFailure, Outcome, Shape
from backtalk.errors import Conflict, Invalid, PlanRequired, Problem, Where
from backtalk.http.auth import Editor, Viewer
from backtalk.http.bots import ProblemShown, problem_shown
from backtalk.http.forms import After, Form, Id, Limit, Page, RowId, Shown
from backtalk.outbound import EgressPolicy
from backtalk.runtime.api_test import TestedBy, test_api
from backtalk.runtime.api_use import where_used
from backtalk.runtime.services import Services
from backtalk.storage import apis, workspaces
from backtalk.storage.apis import ApiRow, ApiSettings
from backtalk.storage.database import Tx

router = APIRouter()

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


@router.get("/apis")
async def list_apis(request: Request, access: Viewer, limit: Limit = 50, after: After = 0) -> Page[ApiShown]:
    """The APIs of the workspace, oldest first."""
    services: Services = request.app.state.services
    rows = await services.database.read(lambda tx: apis.page(tx, access.workspace_id, after=after, limit=limit))
    return Page(items=[_shown(row) for row in rows], next=rows[-1].id if len(rows) == limit else None)


@router.post("/apis", status_code=201)
async def create_api(request: Request, form: ApiForm, access: Editor) -> ApiShown:
    """A new API. 402 on a free plan; 422 names each field that is wrong; 409 for a name that is taken."""
    services: Services = request.app.state.services
    settings, now = form.to_settings(), datetime.now(UTC)

    def work(tx: Tx) -> ApiRow:
        if workspaces.get(tx, access.workspace_id).plan == "free":
            raise PlanRequired
        _check(settings, [value for _, value in settings.headers], services.policy)
        return apis.create(tx, access.workspace_id, settings, now)

    return _shown(await services.database.write(work))


@router.get("/apis/{api_id}")
async def get_api(request: Request, api_id: Id, access: Viewer) -> ApiShown:
    """One API, without its header values."""
    services: Services = request.app.state.services
    return _shown(await services.database.read(lambda tx: apis.get(tx, access.workspace_id, api_id)))


@router.patch("/apis/{api_id}")
async def change_api(request: Request, api_id: Id, form: ApiChange, access: Editor) -> ApiShown:
    """Change some fields. A header value of null keeps what is stored. Blocks refer by id, so that a rename breaks nothing."""
    services: Services = request.app.state.services
    now = datetime.now(UTC)

    def work(tx: Tx) -> ApiRow:
        settings = form.applied_to(apis.get(tx, access.workspace_id, api_id).settings)
        _check(settings, apis.kept_values(tx, access.workspace_id, api_id, settings.headers), services.policy)
        return apis.change(tx, access.workspace_id, api_id, settings, now)

    return _shown(await services.database.write(work))


@router.delete("/apis/{api_id}", status_code=204)
async def delete_api(
    request: Request,
    api_id: Id,
    access: Editor,
    force: Annotated[bool, Query(description="Delete it although bots use it.")] = False,  # noqa: FBT002 - a query parameter
) -> None:
    """Delete an API and its secrets. 409 with the places while a draft or a live version uses it, unless `force` is true."""
    services: Services = request.app.state.services

    def work(tx: Tx) -> None:
        api = apis.get(tx, access.workspace_id, api_id)
        used = [] if force else where_used(tx, access.workspace_id, api_id)
        if used:
            raise Conflict(
                f"The API “{api.settings.name}” is used by {len(used)} block{'s' if len(used) > 1 else ''}.",
                hint="Take it out of them and publish, or delete it all the same with ?force=true.",
                problems=tuple(used),
            )
        apis.remove(tx, access.workspace_id, api_id)

    await services.database.write(work)


@router.post("/apis/{api_id}/test")
async def try_api(request: Request, api_id: Id, access: Editor, form: TestForm | None = None) -> TestShown:
    """Call the API now as a conversation would, and show everything that came of it. The call is logged, marked `test`."""
    services: Services = request.app.state.services
    tested = await test_api(services, access.workspace_id, api_id, (form or TestForm()).to_value())
    return TestShown.model_validate(tested)


def _check(settings: ApiSettings, values: Sequence[str | None], policy: EgressPolicy) -> None:
    """Raises Invalid with each field that is wrong. `values` are the headers' values with what is stored already."""
    found = [problem for problem in _problems(settings) if problem.severity == "error"]
    found += [
        Problem(
            "header_missing",
            f"The header {name} has no value.",
            "Null keeps a value, but none is stored under this name.",
            Where(field=f"headers.{index}.value", path=f"$.headers[{index}].value"),
        )
        for index, ((name, _), value) in enumerate(zip(settings.headers, values, strict=True))
        if value is None
    ]
    if not any(problem.where.field == "url" for problem in found):
        refused = policy.problem_with(settings.url)
        if refused:
            hint = "Use an address that is reachable from the internet, or ask the operator."
            found.append(Problem("blocked_address", refused, hint, Where(field="url")))
    if found:
        raise Invalid(
            "The API is not valid." if len(found) > 1 else found[0].message,
            hint="Correct the fields that are named in problems.",
            problems=tuple(found),
        )


def _problems(settings: ApiSettings) -> list[Problem]:
    return api_problems(
        name=settings.name,
        method=settings.method,
        url=settings.url,
        headers=settings.headers,
        params=settings.params,
        output=settings.output,
        timeout_s=settings.timeout_s,
        on_failure=settings.on_failure,
    )


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


def _shown(row: ApiRow) -> ApiShown:
    settings = row.settings
    plan = settings.on_failure
    return ApiShown(
        id=row.id,
        name=settings.name,
        method=settings.method,
        url=settings.url,
        headers=[
            HeaderShown(name=name, is_set=is_set)
            for (name, _), is_set in zip(settings.headers, row.headers_set, strict=True)
        ],
        params=[ParamShown(name=name, value=value) for name, value in settings.params],
        output=settings.output,
        timeout_s=settings.timeout_s,
        on_failure=FallbackShown(say=plan.say, sequence=plan.sequence) if plan else None,
        dialect=settings.dialect,
        mapping=settings.mapping,
        created_at=row.created_at,
        updated_at=row.updated_at,
        problems=[problem_shown(problem) for problem in _problems(settings)],
    )
