"""The pages that the server itself shows."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

import pytest

from backtalk.http.pages import page_response
from tests.http.site import Site


@pytest.mark.parametrize("path", ["/", "/api/v1/docs"])
async def test_u06_a_page_needs_no_script_and_nothing_from_elsewhere(site: Site, path: str) -> None:
    reply = await site.anybody.get(path)
    assert reply.status == 200
    assert "<script" not in reply.text
    assert not re.findall(r'(?:src|href)="https?://', reply.text)
    assert not re.findall(r"\bon\w+=|\bstyle=", reply.text)


@pytest.mark.parametrize("path", ["/", "/api/v1/docs"])
async def test_u06_the_policy_allows_exactly_its_style(site: Site, path: str) -> None:
    reply = await site.anybody.get(path)
    style = re.search(r"<style>(.*?)</style>", reply.text, re.DOTALL)
    assert style
    allowed = b64encode(sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{allowed}'" in reply.headers["content-security-policy"]


async def test_every_link_of_the_first_page_leads_somewhere(site: Site) -> None:
    links = re.findall(r'href="(/[^"]*)"', (await site.anybody.get("/")).text)
    assert len(links) >= 8
    for link in links:
        assert (await site.anybody.get(link)).status == 200, link


def test_u14_a_title_is_text() -> None:
    body = bytes(page_response("</title><script>", "<p>x</p>").body)
    assert b"<script>" not in body
    assert b"&lt;script&gt;" in body
