"""Checking an API before it is saved (CONTRACT.md section 1): every problem with the field it belongs to and how to mend it.

Whether the address may be called at all is for the egress policy to say; here is only what the address itself shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from backtalk.backend.request import authority_end
from backtalk.engine.customer import DOCUMENTED_NAMES
from backtalk.engine.reply import OnFailure
from backtalk.engine.template import ApiToken, Attribute, Part, parse
from backtalk.errors import Problem, Severity, Where

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
OUTPUTS = ("text", "image", "gallery", "buttons", "quick_replies")
MAX_NAME_CHARS = 80
MAX_HEADERS = 20
MAX_HEADER_CHARS = 4_096
MAX_PARAMS = 50
MAX_PARAM_NAME_CHARS = 128
MAX_PARAM_CHARS = 4_096
MAX_URL_CHARS = 4_096
MAX_SAY_CHARS = 2_000
MIN_TIMEOUT_S, MAX_TIMEOUT_S = 0.5, 5.0
REFUSED_PARAM_NAMES = DOCUMENTED_NAMES
"""Parameters cannot take the names of the customer's own keys, so that both have one meaning."""

SECRET_ADVICE = "Always use a secret header token to protect your API end from unwanted usage."  # noqa: S105 - advice
REFUSED_HEADERS = frozenset(
    {
        *("host", "content-length", "content-type", "transfer-encoding", "connection", "keep-alive", "te", "trailer"),
        *("upgrade", "expect", "forwarded", "via", "x-real-ip"),
        *("metadata", "metadata-flavor", "x-google-metadata-request", "x-metadata-token"),
        *("user-agent", "accept", "accept-encoding", "idempotency-key"),
    }
)
REFUSED_HEADER_PREFIXES = ("proxy-", "x-forwarded-", "x-aws-ec2-", "x-aliyun-ecs-metadata-", "backtalk-", "webhook-")
"""Headers that steer the connection, unlock a cloud's metadata service, or are written by Backtalk itself (row E23)."""

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?")
_UNSAFE_IN_URL = re.compile(
    r"[\x00-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f\u2060\u3000\ufeff\ud800-\udfff\\]"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_PLACEHOLDER = "x"


def api_problems(
    *,
    name: str,
    method: str,
    url: str,
    headers: Sequence[tuple[str, str | None]] = (),
    params: Sequence[tuple[str, str]] = (),
    output: str | None = None,
    timeout_s: float = MAX_TIMEOUT_S,
    on_failure: OnFailure | None = None,
) -> list[Problem]:
    """All findings about the fields of an API. A header value of None is one that is stored already."""
    return [
        *_name_problems(name),
        *_choice_problems(method, output, timeout_s),
        *_url_problems(url),
        *_header_problems(headers),
        *_param_problems(params, method),
        *_on_failure_problems(on_failure),
    ]


def _problem(code: str, field: str, message: str, hint: str = "", severity: Severity = "error") -> Problem:
    return Problem(code, message, hint, Where(field=field), severity)


def _name_problems(name: str) -> Iterator[Problem]:
    if not 1 <= len(name.strip()) <= MAX_NAME_CHARS:
        yield _problem("name", "name", f"A name has 1 to {MAX_NAME_CHARS} characters.", "It is shown in the builder.")
    elif _CONTROL.search(name):
        yield _problem("name", "name", "A name has no line breaks and no control characters.")


def _choice_problems(method: str, output: str | None, timeout_s: float) -> Iterator[Problem]:
    if method not in METHODS:
        yield _problem("method", "method", f"The method is one of {', '.join(METHODS)}.", "POST sends the customer.")
    if output is not None and output not in OUTPUTS:
        yield _problem("output", "output", f"The output is one of {', '.join(OUTPUTS)}, or nothing.")
    if not MIN_TIMEOUT_S <= timeout_s <= MAX_TIMEOUT_S:
        yield _problem("timeout", "timeout_s", f"The timeout is from {MIN_TIMEOUT_S} to {MAX_TIMEOUT_S} seconds.")


def _url_problems(url: str) -> Iterator[Problem]:
    def wrong(message: str, hint: str = "") -> Problem:
        return _problem("url", "url", message, hint)

    scheme, mark, _ = url.partition("://")
    if not mark or scheme.lower() not in ("http", "https"):
        yield wrong("The address must begin with https:// or http://.", "For example https://example.com/backtalk.")
        return
    if len(url) > MAX_URL_CHARS:
        yield wrong(f"The address has at most {MAX_URL_CHARS} characters.")
        return
    end = authority_end(url)
    if any(sign in url[:end] for sign in "{}<>"):
        yield wrong("An attribute cannot be part of the host.", "Use {{attribute}} in the path or the query only.")
        return
    parts = parse(url[end:])
    if any(isinstance(part, ApiToken) for part in parts):
        yield wrong("What an API answered cannot be part of an address.", "Use {{attribute}} in the path or the query.")
    filled = url[:end] + "".join(_PLACEHOLDER if isinstance(part, Attribute) else part for part in _known(parts))
    if _UNSAFE_IN_URL.search(filled):
        yield wrong(
            "The address holds a blank, a backslash or an invisible character.",
            "Write a blank as %20 and remove what was copied along.",
        )
        return
    yield from (wrong(message, hint) for message, hint in _authority_faults(filled))


def _known(parts: tuple[Part, ...]) -> Iterator[str | Attribute]:
    return (part for part in parts if not isinstance(part, ApiToken))


def _authority_faults(url: str) -> Iterator[tuple[str, str]]:
    try:
        parts = urlsplit(url)
        host, port, user = parts.hostname, parts.port, parts.username
    except ValueError:
        yield "The host or the port of the address cannot be read.", "Write it as https://example.com:8443/path."
        return
    if user is not None:
        yield "The address holds a user name or a password, which end up in logs.", "Use a secret header instead."
    if not host or port == 0:
        yield "The address names no host or port that can be called.", "Write it as https://example.com/path."


def _header_problems(headers: Sequence[tuple[str, str | None]]) -> Iterator[Problem]:
    if not headers:
        yield _problem("no_header", "headers", SECRET_ADVICE, "Check it in your backend.", "warning")
    if len(headers) > MAX_HEADERS:
        yield _problem("too_many_headers", "headers", f"An API has at most {MAX_HEADERS} headers.")
    seen: set[str] = set()
    for index, (name, value) in enumerate(headers[:MAX_HEADERS]):
        field = f"headers.{index}"
        if not _TOKEN.fullmatch(name) or len(name) > MAX_PARAM_NAME_CHARS:
            hint = "For example X-Secret-Token: letters, digits and dashes, no blanks and no colon."
            yield _problem("header_name", f"{field}.name", "This is not the name of a header.", hint)
        elif name.lower() in REFUSED_HEADERS or name.lower().startswith(REFUSED_HEADER_PREFIXES):
            hint = "Use a name of your own, such as X-Secret-Token, or Authorization."
            yield _problem("header_refused", f"{field}.name", f"{name} cannot be set here.", hint)
        elif name.lower() in seen:
            yield _problem("header_twice", f"{field}.name", f"{name} is set twice.", "Remove one of them.")
        seen.add(name.lower())
        yield from _header_value_problems(f"{field}.value", value)


def _header_value_problems(field: str, value: str | None) -> Iterator[Problem]:
    if value is None:
        return
    if not _HEADER_VALUE.fullmatch(value):
        hint = "Printable ASCII in one line, without blanks at either end."
        yield _problem("header_value", field, "This cannot be the value of a header.", hint)
    elif len(value) > MAX_HEADER_CHARS:
        yield _problem("header_value", field, f"The value of a header has at most {MAX_HEADER_CHARS} characters.")
    elif any(not isinstance(part, str) for part in parse(value)):
        hint = "Send it as a parameter: a header is the same for every customer."
        yield _problem("header_value", field, "The value of a header cannot hold {{attribute}}.", hint)


def _param_problems(params: Sequence[tuple[str, str]], method: str) -> Iterator[Problem]:
    if len(params) > MAX_PARAMS:
        yield _problem("too_many_params", "params", f"An API has at most {MAX_PARAMS} parameters.")
    seen: set[str] = set()
    for index, (name, value) in enumerate(params[:MAX_PARAMS]):
        field = f"params.{index}"
        if not 1 <= len(name) <= MAX_PARAM_NAME_CHARS or name != name.strip() or _CONTROL.search(name):
            message = f"The name of a parameter has 1 to {MAX_PARAM_NAME_CHARS} characters, none of them invisible."
            yield _problem("param_name", f"{field}.name", message)
        elif name in REFUSED_PARAM_NAMES:
            hint = f"Call it customer_{name}, for example. POST sends {name} anyway."
            yield _problem("param_refused", f"{field}.name", f"{name} is the name of a customer's own key.", hint)
        elif name in seen and method != "GET":
            yield _problem("param_twice", f"{field}.name", f"{name} is set twice.", "A JSON object has each key once.")
        seen.add(name)
        if len(value) > MAX_PARAM_CHARS:
            message = f"The value of a parameter has at most {MAX_PARAM_CHARS} characters."
            yield _problem("param_value", f"{field}.value", message)
        elif any(isinstance(part, ApiToken) for part in parse(value)):
            hint = "Let the API save an attribute and use {{attribute}}."
            yield _problem("param_value", f"{field}.value", "A parameter cannot hold what an API answered.", hint)


def _on_failure_problems(on_failure: OnFailure | None) -> Iterator[Problem]:
    if on_failure is None:
        return
    if on_failure.say is None and on_failure.sequence is None:
        yield _problem("on_failure", "on_failure", "Say something, name a sequence, or leave the fallback out.")
    if on_failure.say is not None and not 1 <= len(on_failure.say.strip()) <= MAX_SAY_CHARS:
        yield _problem("on_failure", "on_failure.say", f"The fallback text has 1 to {MAX_SAY_CHARS} characters.")
