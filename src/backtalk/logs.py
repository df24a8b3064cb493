"""How events are written to stderr: one well-formed line each, as text or JSON, secrets and personal data blotted out.

Modules log with the standard library (`logging.getLogger(__name__)`), give facts by `extra=` and know nothing of this
module. Blotting is the second line of defence (rows K01, K03, K12): the first is that nobody logs bodies or headers.
"""

from __future__ import annotations

import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

import orjson

MAX_VALUE_CHARS = 4_000

_BLOTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}"), r"\1 ***"),
    (re.compile(r"\bwhsec_[A-Za-z0-9+/=_-]+"), "whsec_***"),
    (re.compile(r"\bbt_[A-Za-z0-9_-]{8,}"), "bt_***"),
    (re.compile(r"(?i)\b(https?|postgresql)://[^\s/@'\"]+@"), r"\1://***@"),
    (re.compile(r"(?i)\b(https?://[^\s?'\"<>]+)\?[^\s'\"<>]+"), r"\1?***"),
    (
        re.compile(
            r"(?i)([\"']?\b(?:authorization|cookie|password|secret|secret_key|token|x-[a-z-]*token)\b[\"']?\s*[:=]\s*)[\"']?[^\s,;\"'}]+[\"']?"
        ),
        r"\1***",
    ),
)
_PERSONAL: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "***@***"),
    (re.compile(r"\+\d[\d ().-]{6,}\d"), "+***"),
)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "color_message", "taskName"}
_QUIET = {"asyncio": logging.WARNING, "uvicorn": logging.WARNING}


def configure(*, format: Literal["text", "json"], level: str, stream: TextIO | None = None) -> None:  # noqa: A002 - the setting's name
    """Send every logger of this process to one handler. Called once, before anything else starts."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLine() if format == "json" else TextLine())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(least, root.level))
    logging.captureWarnings(capture=True)


class _Line(logging.Formatter):
    """Collects the facts of a record, blotted: time, level, logger, event and what came by `extra=`."""

    def facts(self, record: logging.LogRecord) -> dict[str, Any]:
        personal = record.levelno >= logging.INFO
        facts: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": blot(record.getMessage(), personal=personal),
        }
        for name, value in record.__dict__.items():
            if name not in _STANDARD and name not in facts:
                plain = value if isinstance(value, bool | int | float) or value is None else str(value)
                facts[name] = blot(plain, personal=personal) if isinstance(plain, str) else plain
        if record.exc_info and record.exc_info[0]:
            facts["error"] = blot(self.formatException(record.exc_info), personal=personal)
        return facts


class JsonLine(_Line):
    """One JSON object per event."""

    def format(self, record: logging.LogRecord) -> str:
        facts = {escape(name): value for name, value in self.facts(record).items()}
        return orjson.dumps(facts, default=str).decode()


class TextLine(_Line):
    """`time LEVEL logger: event name=value …`, everything unprintable escaped (row O05)."""

    def format(self, record: logging.LogRecord) -> str:
        facts = self.facts(record)
        head = f"{facts.pop('at')} {facts.pop('level').upper():<7} {facts.pop('logger')}: {escape(facts.pop('event'))}"
        return " ".join([head, *(f"{escape(name)}={_quoted(value)}" for name, value in facts.items())])


def blot(text: str, *, personal: bool = True) -> str:
    """Text without credentials and URL queries and, when `personal`, without e-mail addresses and phone numbers."""
    if len(text) > MAX_VALUE_CHARS:
        text = text[: MAX_VALUE_CHARS // 2] + " … " + text[-MAX_VALUE_CHARS // 2 :]
    text = text.encode("utf-8", "replace").decode()
    for pattern, instead in _BLOTS + (_PERSONAL if personal else ()):
        text = pattern.sub(instead, text)
    return text


def escape(text: str) -> str:
    """Text on one line: control characters become their escapes, so that no value can forge or colour a line."""
    return _UNPRINTABLE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def _quoted(value: object) -> str:
    text = escape(str(value))
    return f'"{text}"' if " " in text or not text else text
