"""The five examples of the product description, corrected, each answered by a real backend and seen in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from backtalk.backend import contract
from tests.e2e.conftest import picture
from tests.support.installation import Installation, installation
from tests.support.threaded_backend import ThreadedBackend, threaded_backend

pytestmark = pytest.mark.e2e

SHAPES = ("text", "image", "buttons", "quick_replies", "gallery")
PICTURE = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 200"><rect width="320" height="200" fill="#ffe8cc"/>'
    b'<circle cx="160" cy="100" r="60" fill="#f76707"/></svg>'
)


@pytest.fixture(scope="module")
def backend() -> Iterator[ThreadedBackend]:
    with threaded_backend() as made:
        made.answers["/pic.svg"] = PICTURE
        made.types["/pic.svg"] = "image/svg+xml"
        for shape in SHAPES:
            made.answers[f"/{shape}"] = at_home(contract.example(shape), made)  # type: ignore[arg-type]
        yield made


def at_home(envelope: dict[str, Any], backend: ThreadedBackend) -> dict[str, Any]:
    """An example with its pictures on loopback, and with a button to sequence 2 where it has buttons."""
    made = deepcopy(envelope)
    data = made["data"]
    if isinstance(data, dict):
        data["url"] = backend.url("/pic.svg")
    go = {"title": "Second sequence", "type": "sequence", "value": "2", "extra": "colour=dark blue&size=4"}
    if isinstance(data, list):
        if "image" in data[0]:
            for card in data:
                card["image"] = backend.url("/pic.svg")
            data[0]["buttons"].append(go)
            data.append({"title": "Second card", "subtitle": "Two\\nlines", "image": backend.url("/pic.svg")})
        else:
            data.append(go)
    return made


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, backend: ThreadedBackend) -> Iterator[Installation]:
    folder: Path = tmp_path_factory.mktemp("house")
    with installation(folder / "data", allow=backend.place) as made:
        yield made


@pytest.fixture(scope="module")
def chats(house: Installation, backend: ThreadedBackend) -> dict[str, str]:
    """A chat for each shape, whose welcome shows what the backend answers."""
    keys = {}
    for shape in SHAPES:
        api = house.ask(
            "POST",
            "/apis",
            {
                "name": f"Example {shape}",
                "method": "POST",
                "url": backend.url(f"/{shape}"),
                "headers": [{"name": "X-Token", "value": "a secret header token"}],
                "output": shape,
            },
        )["id"]
        blocks: dict[str, dict[str, Any]] = {
            "text": {"type": "text", "text": f"It says: <<api:{api}>>"},
            "image": {"type": "image", "media": {"api": api}},
            "gallery": {"type": "gallery", "items": [{"api": api}]},
            "buttons": {"type": "buttons", "text": "Choose", "buttons": [{"api": api}]},
            "quick_replies": {"type": "quick_replies", "text": "Choose", "replies": [{"api": api}]},
        }
        _, keys[shape] = house.publish(
            [[blocks[shape]], [{"type": "text", "text": "Colour {{colour}}, size {{size}}"}]]
        )
    return keys


def open_chat(page: Page, house: Installation, key: str) -> None:
    page.goto(f"{house.url}/c/{key}")


def test_the_text_example(house: Installation, chats: dict[str, str], open_page: Callable[..., Page]) -> None:
    page = open_page()
    open_chat(page, house, chats["text"])
    expect(page.get_by_text("It says: text")).to_be_visible()
    picture(page, "example-text")


def test_the_image_example(
    house: Installation, chats: dict[str, str], open_page: Callable[..., Page], backend: ThreadedBackend
) -> None:
    page = open_page()
    open_chat(page, house, chats["image"])
    image = page.locator(f'img[src="{backend.url("/pic.svg")}"]')
    expect(image).to_be_visible()
    page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=image.element_handle())
    picture(page, "example-image")


@pytest.mark.parametrize("shape", ["buttons", "quick_replies"])
def test_the_buttons_and_quick_reply_examples(
    house: Installation, chats: dict[str, str], open_page: Callable[..., Page], shape: str
) -> None:
    page = open_page()
    open_chat(page, house, chats[shape])
    link = page.get_by_role("link", name="Hello World").first
    expect(link).to_have_attribute("href", "https://getalice.ai/")
    picture(page, f"example-{shape}")
    page.get_by_role("button", name="Second sequence").click()
    expect(page.get_by_text("Colour dark blue, size 4")).to_be_visible()
    if shape == "quick_replies":
        expect(page.get_by_role("button", name="Second sequence")).to_have_count(0)
    picture(page, f"example-{shape}-pressed")


def test_the_gallery_example(house: Installation, chats: dict[str, str], open_page: Callable[..., Page]) -> None:
    page = open_page()
    open_chat(page, house, chats["gallery"])
    expect(page.get_by_role("heading", name="Hello World")).to_be_visible()
    expect(page.get_by_role("heading", name="Second card")).to_be_visible()
    picture(page, "example-gallery")
    page.get_by_role("button", name="Second sequence").click()
    expect(page.get_by_text("Colour dark blue, size 4")).to_be_visible()


def test_what_the_backend_got_and_what_the_log_says(house: Installation, backend: ThreadedBackend) -> None:
    calls = house.ask("GET", "/calls?limit=50")["items"]
    assert {call["outcome"] for call in calls} == {"ok"}
    assert all(not call["notes"] for call in calls)
    customer = house.ask("GET", f"/customers/{calls[0]['customer_id']}")
    assert customer["attributes"]["colour"] == "dark blue"
    assert b"a secret header token" not in str(calls).encode()
