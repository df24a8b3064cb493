"""The call log over HTTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest

from backtalk.storage import calls
from backtalk.storage.calls import CallRow
from tests.http.site import Site

_AT = datetime(2026, 11, 23, 9, 0, 0, 123456, tzinfo=UTC)


async def _logged(site: Site, *changes: dict[str, object]) -> list[int]:
    base = CallRow(
        site.own.id,
        _AT,
        7,
        "Orders",
        "POST",
        "https://example.com/",
        "ok",
        12,
        request={"method": "POST", "url": "https://example.com/", "headers": [], "body": "what Ada said"},
        response={"status": 200, "headers": [], "body": "what the shop said"},
    )
    rows = [replace(base, **change) for change in changes or ({},)]  # type: ignore[arg-type]
    return [await site.services.database.write(partial(calls.record, row=row)) for row in rows]


async def test_a_call_is_shown_with_both_sides(site: Site) -> None:
    (call_id,) = await _logged(site)
    shown = (await site.own.editor.get(f"/api/v1/calls/{call_id}")).json()
    assert shown["at"] == "2026-11-23T09:00:00.123456Z"
    assert (shown["api_id"], shown["api_name"], shown["outcome"], shown["ms"]) == (7, "Orders", "ok", 12)
    assert (shown["request"]["body"], shown["response"]["body"]) == ("what Ada said", "what the shop said")
    assert "workspace_id" not in shown


async def test_k08_viewers_see_no_bodies(site: Site) -> None:
    (call_id,) = await _logged(site)
    reply = await site.own.viewer.get(f"/api/v1/calls/{call_id}")
    assert reply.status == 200
    assert "said" not in reply.text
    assert reply.json()["request"] == {"method": "POST", "url": "https://example.com/", "headers": [], "body": None}


async def test_the_list_is_newest_first_filtered_and_paged(site: Site) -> None:
    ids = await _logged(site, {}, {"api_id": 8}, {"outcome": "timeout"}, {"api_id": 8, "outcome": "timeout"})

    async def found(query: str) -> list[int]:
        page = (await site.own.viewer.get(f"/api/v1/calls?{query}")).json()
        assert all("request" not in item for item in page["items"])
        return [ids.index(item["id"]) for item in page["items"]]

    assert await found("") == [3, 2, 1, 0]
    assert await found("api_id=8") == [3, 1]
    assert await found("outcome=timeout") == [3, 2]
    assert await found("api_id=8&outcome=timeout") == [3]
    assert await found("customer_id=1") == []
    first = (await site.own.viewer.get("/api/v1/calls?limit=3")).json()
    assert await found(f"limit=3&after={first['next']}") == [0]


@pytest.mark.parametrize("query", ["outcome=nonsense", "api_id=x", "customer_id=0", "api_id=99999999999999999999"])
async def test_a_filter_that_means_nothing_is_refused(site: Site, query: str) -> None:
    assert (await site.own.viewer.get(f"/api/v1/calls?{query}")).status == 422
