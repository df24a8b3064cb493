"""Writes docs/blocks/: a page for each block type, made from its class, so that the words in the product and here are the same.

.venv/bin/python docs/make_blocks.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from backtalk.blocks import TYPES
from backtalk.engine.block import Block
from backtalk.engine.fields import ApiBlock

FOLDER = Path(__file__).parent / "blocks"

INTRODUCTION = """\
# Blocks

A bot is made of sequences, a sequence of blocks. These are the types of blocks; each page shows the fields as they stand
in a bot document.

| block | type | what it does | API |
| --- | --- | --- | --- |
"""

OF_EVERY_BLOCK = """
Every block also has `id`, a text that is unique in the bot and stays the same, and `type`.

Texts may hold `{{attribute}}`: an attribute of the customer, or one of the fields that your backend receives
(`{{first_name}}`). What is not known is left empty. What is filled in is never read again: `{{x}}` in it stays `{{x}}`.
"""

WITH_API = """
## With an API

The block waits until every API that it names has answered; the same API named twice is called once. What the answer must
look like, and what counts as a failure, is in [the backend contract](../backend-contract.md). After a failure the part
of the API is left out, the rest is shown, and then `on_failure` says its text and goes to its sequence. A block without
`on_failure` takes that of the API; without either the sequence goes on.
"""


def pages() -> dict[str, str]:
    """Every page by its file name."""
    made = {f"{name}.md": page(kind) for name, kind in TYPES.items()}
    rows = [
        f"| [{kind.title}]({name}.md) | `{name}` | {summary(kind)} | {'yes' if issubclass(kind, ApiBlock) else ''} |\n"
        for name, kind in TYPES.items()
    ]
    return {"README.md": INTRODUCTION + "".join(rows) + OF_EVERY_BLOCK, **made}


def page(kind: type[Block]) -> str:
    schema = kind.model_json_schema(by_alias=True)
    parts = [f"# {kind.title}\n\n{summary(kind)}\n\n", table(schema, leave_out=("id", "type"))]
    for name, form in schema.get("$defs", {}).items():
        heading = NAMES[name][0].upper() + NAMES[name][1:]
        parts.append(f"\n## {heading}\n\n{one_line(form['description'])}\n\n{table(form)}")
    if issubclass(kind, ApiBlock):
        parts.append(WITH_API)
    example = json.dumps(kind.example, indent=2, ensure_ascii=False)
    parts.append(f"\n## Example\n\n```json\n{example}\n```\n")
    return "".join(parts)


def summary(kind: type[Block]) -> str:
    return one_line(kind.__doc__ or "")


def table(form: dict[str, Any], *, leave_out: tuple[str, ...] = ()) -> str:
    """The fields of a form."""
    rows = []
    fields = form["properties"]
    for name, field in sorted(fields.items(), key=lambda item: item[0] == "on_failure"):
        if name not in leave_out:
            needed = "required" if name in form.get("required", ()) else default(field)
            rows.append(f"| `{name}` | {sort_of(field)} | {needed} | {one_line(field.get('description', ''))} |\n")
    return "| field | holds | default | meaning |\n| --- | --- | --- | --- |\n" + "".join(rows)


def default(field: dict[str, Any]) -> str:
    value = field.get("default")
    return f"`{json.dumps(value)}`" if isinstance(value, str | int | float) and value != "" else ""


PLAIN = {"boolean": "true or false", "integer": "whole number", "number": "number", "string": "text"}


def sort_of(field: dict[str, Any]) -> str:
    """What a field holds, in words."""
    if "$ref" in field:
        name = NAMES[field["$ref"].rsplit("/", 1)[-1]]
        return f"[{name}](#{name.lower().replace(' ', '-')})"
    if several := field.get("anyOf") or field.get("oneOf"):
        return " or ".join(dict.fromkeys(sort_of(one) for one in several if one.get("type") != "null"))
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "const" in field:
        return f"`{field['const']}`" if field["const"] else "nothing"
    if field["type"] == "array":
        return f"list of {sort_of(field['items'])}"
    if field["type"] == "object":
        (value,) = field["patternProperties"].values()
        return f"names, each with {sort_of(value)}"
    return PLAIN[field["type"]]


NAMES = {
    "ApiItem": "an API",
    "ButtonForm": "a button",
    "CardForm": "a card",
    "Group": "a group",
    "MediaForm": "a medium",
    "OnFailureForm": "what to do",
    "Test": "a comparison",
}


def one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    made = pages()
    for stale in FOLDER.glob("*.md"):
        if stale.name not in made:
            stale.unlink()
    for name, content in made.items():
        (FOLDER / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
