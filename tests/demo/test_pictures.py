"""The sample shop's pictures: there, well formed, and harmless when opened on their own."""

from __future__ import annotations

import io
import wave
from xml.etree import ElementTree as ET

import pytest
from starlette.applications import Starlette

from backtalk.demo.pictures import PATH, routes
from tests.support.asgi import Client

CLIENT = Client(Starlette(routes=list(routes())))


@pytest.mark.parametrize("name", ["shop", "apples", "carrots", "tomatoes", "bread"])
async def test_a_picture_is_served_as_svg(name: str) -> None:
    response = await CLIENT.get(f"{PATH}/{name}.svg")
    assert response.headers["content-type"] == "image/svg+xml"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    root = ET.fromstring(response.body.decode())  # noqa: S314 - our own file
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("aria-label")
    assert "<script" not in response.body.decode()


@pytest.mark.parametrize("name", ["none", "..%2Fbackend", "shop.svg"])
async def test_nothing_else_is_served(name: str) -> None:
    assert (await CLIENT.get(f"{PATH}/{name}.svg")).status == 404


async def test_the_jingle_is_a_sound_of_about_a_second() -> None:
    response = await CLIENT.get(f"{PATH}/jingle.wav")
    assert response.headers["content-type"] == "audio/wav"
    with wave.open(io.BytesIO(response.body)) as sound:
        assert 0.5 < sound.getnframes() / sound.getframerate() < 2
        assert any(sound.readframes(sound.getnframes()))
