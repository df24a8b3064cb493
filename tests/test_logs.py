"""Log lines: one per event, well formed, without secrets and personal data."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Literal

import orjson
import pytest

from backtalk.logs import configure

CANARY = "canary-4711-secret"
HOSTILE = 'a\nb\r\x1b[31mred\u2028{"level":"error"}\x00\ud800'


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in ("asyncio", "uvicorn")}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, least in levels.items():
        logging.getLogger(name).setLevel(least)
    logging.captureWarnings(capture=False)


def written(format: Literal["text", "json"], *, level: str = "info") -> io.StringIO:  # noqa: A002 - as in configure
    stream = io.StringIO()
    configure(format=format, level=level, stream=stream)
    return stream


@pytest.mark.parametrize("format", ["text", "json"])
def test_o05_hostile_values_stay_on_one_line(format: Literal["text", "json"]) -> None:  # noqa: A002
    stream = written(format)
    logging.getLogger("backtalk.x").info("made %s", HOSTILE, extra={"name_of_bot": HOSTILE, HOSTILE: 1})
    text = stream.getvalue()
    assert text.count("\n") == 1
    assert "\x1b" not in text
    assert "\u2028" not in text or format == "json"


def test_o05_json_lines_are_objects_with_facts() -> None:
    stream = written("json")
    logging.getLogger("backtalk.x").warning(
        "call failed", extra={"api_id": 7, "outcome": "timeout", "test": False, "none": None}
    )
    line = orjson.loads(stream.getvalue())
    assert line["event"] == "call failed"
    assert (line["level"], line["logger"], line["api_id"], line["outcome"]) == ("warning", "backtalk.x", 7, "timeout")
    assert line["test"] is False
    assert line["none"] is None
    assert line["at"].endswith("Z")


def test_text_lines_carry_the_facts() -> None:
    stream = written("text")
    logging.getLogger("backtalk.x").info("call failed", extra={"api_id": 7, "why": "no answer", "empty": ""})
    assert stream.getvalue().rstrip().endswith('backtalk.x: call failed api_id=7 why="no answer" empty=""')


@pytest.mark.parametrize("format", ["text", "json"])
@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {CANARY}",
        f"{{'X-Shop-Token': '{CANARY}'}}",
        f"GET https://shop.example.com/orders?key={CANARY}&x=1 failed",
        f"http://user:{CANARY}@shop.example.com/",
        f"token={CANARY}",
        f'"secret_key": "{CANARY}"',
        f"whsec_{CANARY}",
        f"postgresql://backtalk:{CANARY}@db/backtalk",
    ],
)
def test_k01_k03_secrets_are_blotted_out_of_messages_facts_and_exceptions(
    format: Literal["text", "json"],  # noqa: A002
    text: str,
) -> None:
    stream = written(format, level="debug")
    log = logging.getLogger("backtalk.x")
    log.debug("%s", text)
    log.info("it", extra={"request": text})
    try:
        raise ValueError(text)  # noqa: TRY301 - to have a traceback
    except ValueError:
        log.exception("failed")
    assert stream.getvalue().count("\n") == 3
    assert CANARY not in stream.getvalue()
    assert "***" in stream.getvalue()


def test_k12_info_lines_hold_no_address_and_no_number() -> None:
    stream = written("json")
    logging.getLogger("backtalk.x").info("customer ann@example.com, +1 (555) 010-9999 came")
    assert orjson.loads(stream.getvalue())["event"] == "customer ***@***, +*** came"


def test_a_huge_value_is_cut() -> None:
    stream = written("json")
    logging.getLogger("backtalk.x").info("x" * 1_000_000)
    assert len(stream.getvalue()) < 5_000


def test_the_level_is_obeyed_and_noisy_libraries_are_quiet() -> None:
    stream = written("text", level="info")
    logging.getLogger("backtalk.x").debug("no")
    logging.getLogger("uvicorn.access").info("GET /")
    assert stream.getvalue() == ""
