"""APIs over HTTP: what an author sets up on the Integration tab."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request

from backtalk.backend.form import api_problems
from backtalk.backend.request import authority_end
from backtalk.errors import Conflict, Invalid, PlanRequired, Problem, Where
from backtalk.http.api_forms import (
    ApiChange,
    ApiForm,
    ApiShown,
    FallbackShown,
    HeaderShown,
    ParamShown,
    TestForm,
    TestShown,
)
from backtalk.http.auth import Editor, Viewer
from backtalk.http.bots import problem_shown
from backtalk.http.forms import After, Id, Limit, Page
from backtalk.outbound import EgressPolicy
from backtalk.runtime.api_test import test_api
from backtalk.runtime.api_use import where_used
from backtalk.runtime.services import Services
from backtalk.storage import apis, workspaces
from backtalk.storage.apis import ApiRow, ApiSettings
from backtalk.storage.database import Tx

router = APIRouter()


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
    """Change some fields. Blocks refer by id, so that a rename breaks nothing.

    A header value of null keeps what is stored, unless the address gets another host: then it must be entered again.
    """
    services: Services = request.app.state.services
    now = datetime.now(UTC)

    def work(tx: Tx) -> ApiRow:
        old = apis.get(tx, access.workspace_id, api_id).settings
        settings = form.applied_to(old)
        if _host(settings.url) == _host(old.url):
            values = apis.kept_values(tx, access.workspace_id, api_id, settings.headers)
        else:  # a secret goes to the host that it was entered for, and to no other (P1)
            values = [value for _, value in settings.headers]
        _check(settings, values, services.policy)
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
            "Enter it. Null keeps a stored value only under the same name and while the address keeps its host.",
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


def _host(url: str) -> str:
    """Scheme, host and port of an address."""
    return url[: authority_end(url)].lower()


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
