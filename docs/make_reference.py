"""Writes docs/command-line.md, docs/errors.md and the table of settings in docs/self-hosting.md from what the code says.

.venv/bin/python docs/make_reference.py
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import get_args

import click

import backtalk
from backtalk.cli import main as command_line
from backtalk.engine.reply import Outcome
from backtalk.errors import BacktalkError
from backtalk.settings import PREFIX, Settings

FOLDER = Path(__file__).parent
SOURCES = FOLDER.parent / "src" / "backtalk"
INSIDE = {"UniqueViolation"}  # the storage turns it into another before anybody sees it
CODE = re.compile("[a-z][a-z_]+")
BEGIN, END = "<!-- settings: made by make_reference.py -->\n", "<!-- end of settings -->\n"

ABOUT_COMMANDS = """\
Errors are one sentence on stderr that names the fix. Exit codes: 0 it worked; 1 it did not; 2 it was asked for in a wrong
way, or the settings are wrong.

Every command that needs the database takes `--data DIR` and `--config FILE`, and works beside a running server unless it
says otherwise. See [settings](self-hosting.md#settings).

"""
ABOUT_PROBLEMS = """\
What the management API and the web chat refuse is a problem document (RFC 9457, `application/problem+json`) with `code`,
`detail` and `hint`; for a form or a document also `problems`, each with `code`, `where` (sequence, block, field, path),
`message`, `hint` and `severity`. Codes are stable.

"""
OUTCOMES: dict[str, str] = {
    "ok": "the reply was valid and said success",
    "declined": "`success` was false: the backend has no answer. Its attributes are saved all the same",
    "timeout": "the whole answer was not there before the deadline",
    "unreachable": "no connection, or it broke before the answer was whole",
    "blocked_address": "the address is not open to calls; see `BACKTALK_EGRESS_ALLOW`",
    "tls": "the certificate or the encryption is not acceptable",
    "redirect": "the backend answered with a redirect; redirects are not followed",
    "bad_status": "the HTTP status was not 2xx",
    "too_large": "body or head went over a bound",
    "encoding": "the body was compressed, or not in UTF-8",
    "invalid_json": "the body is not strict JSON, or nested too deeply; line and column are in the call log",
    "bad_shape": "it is JSON, but not what the block can show; the JSON path is in the call log",
    "busy": "our own limits were reached before the call could begin",
    "circuit_open": "the API failed so often that it gets a pause",
    "not_allowed": "the plan, a disconnected channel or a deleted API stood in the way",
}


# --- the command line


def command_line_page() -> str:
    parts = [
        "# The command line\n\n",
        "In a clone the command is `.venv/bin/backtalk`. `backtalk COMMAND --help` shows the same as this page.\n\n",
        ABOUT_COMMANDS,
        "| command | what it does |\n| --- | --- |\n",
    ]
    leaves = list(_commands(command_line))
    parts.extend(f"| [`{path}`](#{path.replace(' ', '-')}) | {_summary(command)} |\n" for path, command in leaves)
    for path, command in leaves:
        parts.append(f"\n## {path}\n\n{_sentences(command.help or '')}\n\n")
        parts.append(f"    {(command.epilog or '').removeprefix('Example:').strip()}\n")
        options = [parameter for parameter in command.params if parameter.name not in ("data", "config")]
        if options:
            parts.append("\n| | |\n| --- | --- |\n")
            parts.extend(f"| {_usage(parameter)} | {_help(parameter)} |\n" for parameter in options)
    return "".join(parts)


def _commands(group: click.Group, *path: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _commands(command, *path, name)
        else:
            yield " ".join((*path, name)), command


def _summary(command: click.Command) -> str:
    return _sentences(command.help or "").split("\n\n")[0]


def _sentences(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n")).replace("|", "\\|")


def _usage(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Argument):
        return f"`{parameter.make_metavar(click.Context(click.Command('x')))}`".replace("|", "\\|")
    choices = parameter.type.choices if isinstance(parameter.type, click.Choice) else ()
    value = "" if getattr(parameter, "is_flag", False) else f" {'|'.join(map(str, choices)) or _value(parameter)}"
    return f"`{parameter.opts[0]}{value}`".replace("|", "\\|")


def _value(parameter: click.Parameter) -> str:
    return {"integer": "N", "integer range": "N"}.get(parameter.type.name, "TEXT")


def _help(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Argument):
        return "required" if parameter.required else ""
    text = " ".join((getattr(parameter, "help", "") or "").split()).replace("  [default", " [default")
    shown = isinstance(parameter, click.Option) and parameter.show_default
    return f"{text} [default: {parameter.default}]" if shown else text


# --- errors


def errors_page() -> str:
    parts = [
        "# Errors\n\n",
        "## Problem documents\n\n",
        ABOUT_PROBLEMS,
        "| code | status | meaning | what to do |\n| --- | --- | --- | --- |\n",
    ]
    parts.extend(f"| `{code}` | {status} | {meaning} | {hint} |\n" for code, status, meaning, hint in _refusals())
    parts.append("\n## Outcomes of calls\n\nHow a call of an API ended, in the call log and in conversation tests.\n\n")
    parts.append("| outcome | meaning |\n| --- | --- |\n")
    parts.extend(f"| `{outcome}` | {OUTCOMES[outcome]} |\n" for outcome in get_args(Outcome))
    parts.append("\n## Problems and notes\n\n")
    parts.append(
        "Of forms and documents (an `error` stands in the way, a `warning` does not), and of steps and replies in the logs.\n\n"
    )
    parts.append("| code | examples of what is said |\n| --- | --- |\n")
    parts.extend(f"| `{code}` | {' · '.join(said[:3])} |\n" for code, said in sorted(problem_codes().items()))
    parts.append(
        "\nA field whose shape is wrong has the code of [pydantic](https://docs.pydantic.dev/latest/errors/validation_errors/), "
        "such as `missing`, `extra_forbidden` or `int_parsing`.\n"
    )
    return "".join(parts)


def _refusals() -> list[tuple[str, str, str, str]]:
    problems = importlib.import_module("backtalk.http.problems")
    for found in pkgutil.walk_packages(backtalk.__path__, "backtalk."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
    rows: dict[tuple[str, str], tuple[str, str, str, str]] = {}
    for kind in _subclasses(BacktalkError):
        if kind.__module__.startswith("backtalk.") and kind.__name__ not in INSIDE:
            status: HTTPStatus = next(
                (problems.STATUS[parent] for parent in kind.__mro__ if parent in problems.STATUS),
                HTTPStatus.BAD_REQUEST,
            )
            meaning = (kind.__doc__ or "").strip().splitlines()[0].replace("|", "\\|")
            number = "command line" if kind.code == "bad_setting" else str(int(status))
            rows.setdefault((kind.code, number), (kind.code, number, meaning, kind.hint.replace("|", "\\|")))
    return sorted(rows.values())


def _subclasses(kind: type[BacktalkError]) -> Iterator[type[BacktalkError]]:
    for found in sorted(kind.__subclasses__(), key=lambda one: (one.__module__, one.__name__)):
        yield found
        yield from _subclasses(found)


def problem_codes() -> dict[str, list[str]]:
    """Every code that a Problem, Finding or Note is made with, and the messages beside it."""
    found: dict[str, list[str]] = {}
    for path in sorted(SOURCES.rglob("*.py")):
        if path.parent.name == "cli":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Name(id="Finding" | "_problem"), args=[ast.Constant(value=str(code)), _, message, *_]
                ):
                    said = _message(message)
                case ast.Call(
                    func=ast.Name(id="Problem" | "Note") | ast.Attribute(attr="note"),
                    args=[ast.Constant(value=str(code)), *rest],
                ) if CODE.fullmatch(code):
                    said = _message(rest[0] if rest else None)
                case _:
                    continue
            messages = found.setdefault(code, [])
            if said and said not in messages:
                messages.append(said)
    return found


def _message(node: ast.expr | None) -> str:
    """A text as it is written, with … for what is filled in; "" for what is made elsewhere."""
    match node:
        case ast.Constant(value=str(text)):
            said = text
        case ast.JoinedStr(values=parts):
            said = "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts)
        case _:
            return ""
    said = " ".join(said.replace("|", "\\|").split())
    return said if any(letter.isalpha() for letter in said) else ""


# --- settings


def settings_table() -> str:
    rows = [
        f"| `{PREFIX}{name.upper()}` | {_default(name)} | {' '.join((field.description or '').split())} |\n"
        for name, field in Settings.model_fields.items()
    ]
    return "| setting | default | meaning |\n| --- | --- | --- |\n" + "".join(rows)


def _default(name: str) -> str:
    value = Settings.model_fields[name].get_default()
    return f"`{value}`" if isinstance(value, str | int) and value else ""


def with_settings(page: str) -> str:
    """The page with its table of settings made anew."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}{settings_table()}{END}{tail}"


def pages() -> dict[str, str]:
    """Every page by its file name."""
    hosting = (FOLDER / "self-hosting.md").read_text("utf-8")
    return {
        "command-line.md": command_line_page(),
        "errors.md": errors_page(),
        "self-hosting.md": with_settings(hosting),
    }


def main() -> None:
    for name, content in pages().items():
        (FOLDER / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
