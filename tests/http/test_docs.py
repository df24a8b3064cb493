"""The API's documentation."""

from __future__ import annotations

from html import escape

from tests.http.site import Site


async def test_the_page_lists_every_operation_with_its_role(site: Site) -> None:
    document = (await site.anybody.get("/api/v1/openapi.json")).json()
    page = (await site.anybody.get("/api/v1/docs")).text
    for path, operations in document["paths"].items():
        assert f"<code>/api/v1{path}</code>" in page
        for operation in operations.values():
            assert escape(operation["summary"]) in page


async def test_the_document_is_openapi_3_1_and_complete(site: Site) -> None:
    document = (await site.anybody.get("/api/v1/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert document["servers"] == [{"url": "/api/v1"}]
    assert "HTTPValidationError" not in document["components"]["schemas"]
