"""The sample shop's pictures and its jingle, served by the demo itself so that it works offline."""

from __future__ import annotations

import io
import math
import struct
import wave
from functools import cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PATH = "/demo/pictures"

_SVG = {file.stem: file.read_bytes() for file in Path(__file__).parent.glob("*.svg")}
_RATE = 16_000
_NOTES_HZ = (523.25, 659.25, 783.99, 1046.5)
_NOTE_S = 0.28
_HEADERS = {
    "Cache-Control": "public, max-age=3600",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
}


async def picture(request: Request) -> Response:
    """One of the SVG pictures."""
    content = _SVG.get(request.path_params["name"])
    if content is None:
        raise HTTPException(404)
    return Response(content, media_type="image/svg+xml", headers=_HEADERS)


async def jingle(_: Request) -> Response:
    """Four rising notes."""
    return Response(jingle_wav(), media_type="audio/wav", headers=_HEADERS)


def routes() -> list[Route]:
    """To be served under the public address, so that a browser on another machine sees them as well."""
    return [Route(f"{PATH}/{{name}}.svg", picture), Route(f"{PATH}/jingle.wav", jingle)]


@cache
def jingle_wav() -> bytes:
    """A WAV file, mono, 16 bit."""
    samples = bytearray()
    for hertz in _NOTES_HZ:
        for index in range(int(_RATE * _NOTE_S)):
            at_s = index / _RATE
            loudness = 12_000 * min(1.0, at_s / 0.01) * math.exp(-6 * at_s)
            samples += struct.pack("<h", int(loudness * math.sin(math.tau * hertz * at_s)))
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(_RATE)
        out.writeframes(bytes(samples))
    return file.getvalue()
