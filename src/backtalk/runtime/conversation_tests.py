"""Conversation tests in YAML: a bot file, and transcripts that must come true on it.

    bot: shop.yaml
    tests:
      - name: An order on its way
        customer: {first_name: Ann}
        steps:
          - start: true
          - bot: Order number?
          - user: '42'
          - calls: Order status
            carries: {order_number: 42}
            replies: {success: true, data: On its way}
          - bot: {text: On its way}
          - attributes: {order_number: 42}

A step is one of: `start`, `user`, `press` (`card`), `calls` (`carries`; `replies` with `status`, or `outcome`; neither: an
empty success), `bot`, `attributes`, `after`, `handed_over`, `taken_over`, `handed_back`. `bot` takes a text, or some of `text`,
`contains`, `image`, `audio`, `video`, `gallery`, `buttons`, `quick_replies`; in lists a text stands for a title. In a reply
the `value` of a sequence button may be the sequence's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from backtalk.backend.api import Api
from backtalk.blocks import problems_of, read_bot
from backtalk.engine.block import ApiSummary
from backtalk.engine.bot import Bot
from backtalk.engine.reply import OnFailure
from backtalk.errors import Invalid, Problem, Where
from backtalk.runtime import bot_file, yaml_text
from backtalk.runtime.script import Mismatch, Script

_SECONDS = re.compile(r"(\d+(?:\.\d+)?)\s*s?")
_BESIDE = {"press": {"card"}, "calls": {"carries", "replies", "status", "outcome"}}
_STEPS: dict[str, tuple[type, ...]] = {
    "start": (bool,),
    "user": (str, int, float),
    "press": (str, int, float),
    "calls": (str,),
    "bot": (str, dict),
    "attributes": (dict,),
    "after": (str, int, float),
    "handed_over": (str,),
    "taken_over": (bool,),
    "handed_back": (bool,),
}
"""What each step may hold."""


@dataclass(frozen=True, slots=True)
class Result:
    """One test. `failure` is None when it came true; `walked` are the blocks that it entered."""

    file: Path
    name: str
    failure: str | None
    walked: frozenset[str]


def run_file(path: Path, *, draft_of: Callable[[int], bytes] | None = None) -> list[Result]:
    """Run the tests of one file. `draft_of` gives the draft of a stored bot as a file, by its id. Invalid: a bad file."""
    loaded = _loaded(path)
    reference = loaded["bot"]
    if isinstance(reference, int):
        if draft_of is None:
            raise Invalid(
                f"{path}: `bot: {reference}` is a stored bot, which needs a database.", hint="Name a bot file."
            )
        data = draft_of(reference)
    else:
        data = _read(path.parent / str(reference))
    bot, apis = load_bot(data)
    return [_run(path, test, bot, apis) for test in loaded["tests"]]


def load_bot(data: bytes) -> tuple[Bot, dict[int, Api]]:
    """A bot file ready to play, its APIs by their number in the file. Raises Invalid for what could not be published."""
    file = bot_file.read(data)
    bot = read_bot(file.document, number=1)
    known = {number: ApiSummary(api["name"], api["output"]) for number, api in file.apis.items()}
    problems = tuple(problem for problem in problems_of(bot, apis=known) if problem.severity == "error")
    if problems:
        raise Invalid(f"The bot has problems: {problems[0].message}", hint=problems[0].hint, problems=problems)
    return bot, {number: _api(number, settings) for number, settings in file.apis.items()}


def files_in(paths: list[Path]) -> list[Path]:
    """The test files that the paths name: files as they are, and the `.yaml` files with `tests` in folders."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += [
                file for file in sorted(path.rglob("*.y*ml")) if re.search(rb"^tests:", file.read_bytes(), re.MULTILINE)
            ]
        else:
            found.append(path)
    return found


def _api(number: int, settings: dict[str, Any]) -> Api:
    plan = settings["on_failure"]
    return Api(
        id=number,
        name=settings["name"],
        method=settings["method"],
        url=settings["url"],
        params=tuple((param["name"], param["value"]) for param in settings["params"]),
        output=settings["output"],
        timeout_s=settings["timeout_s"],
        on_failure=OnFailure(plan.get("say"), plan.get("sequence")) if plan else None,
    )


def _run(path: Path, test: dict[str, Any], bot: Bot, apis: dict[int, Api]) -> Result:
    script = Script(bot, apis, customer=test.get("customer"))
    number = 0
    try:
        for step in test["steps"]:
            number += 1
            _take(script, step)
        number += 1
        script.end()
    except Mismatch as mismatch:
        place = f"step {number} ({_brief(test['steps'][number - 1])})" if number <= len(test["steps"]) else "at the end"
        failure = f"{place}: expected {mismatch.expected}, but {mismatch.came}"
        return Result(path, test["name"], failure, frozenset(script.walked))
    return Result(path, test["name"], None, frozenset(script.walked))


def _take(script: Script, step: dict[str, Any]) -> None:
    (kind,) = (key for key in step if key in _STEPS)
    value = step[kind]
    match kind:
        case "start" | "taken_over" | "handed_back":
            getattr(script, kind)()
        case "user":
            script.user(str(value))
        case "press":
            script.press(str(value), card=step.get("card"))
        case "after":
            script.after(_seconds(value))
        case "calls":
            script.calls(value, carries=step.get("carries"))
            if "outcome" in step:
                script.fails(step["outcome"])
            else:
                script.replies(step.get("replies", {"success": True}), status=step.get("status", 200))
        case _:
            getattr(script, kind)(value)


def _seconds(value: Any) -> float:
    match = _SECONDS.fullmatch(str(value).strip())
    if match is None:
        raise Mismatch("a time such as `3 s`", f"it is {value!r}")
    return float(match[1])


def _brief(step: dict[str, Any]) -> str:
    key, value = next(iter(step.items()))
    text = f"{key}: {value if isinstance(value, str) else orjson.dumps(value, default=str).decode()}"
    return text if len(text) <= 60 else text[:57] + "…"  # noqa: PLR2004 - a line of a terminal


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Invalid(f"{path} cannot be read ({error.strerror}).", hint="Check the path.") from None


def _loaded(path: Path) -> dict[str, Any]:
    try:
        loaded = yaml_text.load(_read(path))
    except Invalid as error:
        raise Invalid(f"{path}: {error.detail}", hint=error.hint, problems=error.problems) from None
    problems = list(_problems(loaded))
    if problems:
        first = problems[0]
        raise Invalid(f"{path}: {first.where.path}: {first.message}", hint=first.hint, problems=tuple(problems))
    checked: dict[str, Any] = loaded
    return checked


def _problems(loaded: Any) -> list[Problem]:
    def problem(path: str, message: str, hint: str) -> Problem:
        return Problem("bad_test", message, hint, Where(path=path))

    if not isinstance(loaded, dict) or not isinstance(loaded.get("tests"), list) or "bot" not in loaded:
        return [problem("$", "This is not a file of tests.", "Write `bot: FILE` and `tests:` at the top.")]
    found = []
    for number, test in enumerate(loaded["tests"]):
        at = f"$.tests[{number}]"
        if (
            not isinstance(test, dict)
            or not isinstance(test.get("name"), str)
            or not isinstance(test.get("steps"), list)
        ):
            found.append(problem(at, "A test needs a name and steps.", "Write `- name: …` and `steps:`."))
            continue
        for index, step in enumerate(test["steps"]):
            kinds = [key for key in step if key in _STEPS] if isinstance(step, dict) else []
            strange = step.keys() - kinds - _BESIDE.get(kinds[0], set()) if len(kinds) == 1 else set()
            if len(kinds) != 1 or strange:
                what = f"“{min(strange)}” means nothing here." if strange else "This is not a step."
                found.append(problem(f"{at}.steps[{index}]", what, f"A step is one of {', '.join(_STEPS)}."))
            elif not isinstance(step[kinds[0]], _STEPS[kinds[0]]) or not isinstance(step.get("carries", {}), dict):
                message, hint = "This has the wrong kind of value.", "Compare it with docs/conversation-tests.md."
                found.append(problem(f"{at}.steps[{index}].{kinds[0]}", message, hint))
    return found
