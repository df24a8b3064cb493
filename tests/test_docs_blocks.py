"""The pages of the block types are those that their classes make."""

from __future__ import annotations

import json
import re

from docs.make_blocks import FOLDER, pages

from backtalk.blocks import TYPES, read_document

MADE = pages()


def test_the_pages_are_current() -> None:
    written = {file.name: file.read_text(encoding="utf-8") for file in FOLDER.iterdir()}
    assert written == MADE, "run .venv/bin/python docs/make_blocks.py"


def test_every_block_has_a_page_and_a_line_in_the_list() -> None:
    assert set(MADE) == {"README.md", *(f"{name}.md" for name in TYPES)}
    for name in TYPES:
        assert f"]({name}.md) | `{name}` |" in MADE["README.md"]


def test_every_field_stands_in_its_page_with_its_help_text() -> None:
    for name, kind in TYPES.items():
        for field, info in kind.model_fields.items():
            if field not in ("id", "type"):
                row = re.search(
                    rf"^\| `{info.alias or field}` \| (.+) \| (.*) \| (.+) \|$", MADE[f"{name}.md"], re.MULTILINE
                )
                assert row, f"{name}.{field}"
                assert row[3] == " ".join((info.description or "").split())


def test_every_example_is_a_block() -> None:
    for name in TYPES:
        (example,) = re.findall(r"```json\n(.*?)```", MADE[f"{name}.md"], re.DOTALL)
        document = {"name": "x", "sequences": [{"id": 1, "name": "x", "blocks": [json.loads(example)]}]}
        assert read_document(document).sequences[0].blocks[0].type == name


def test_every_link_inside_a_page_leads_to_a_heading() -> None:
    for page in MADE.values():
        headings = {heading.lower().replace(" ", "-") for heading in re.findall(r"^## (.+)$", page, re.MULTILINE)}
        assert set(re.findall(r"\(#([^)]+)\)", page)) <= headings
