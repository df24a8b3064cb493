"""Documentation that cannot rot: what is made from the code is current, what is named exists, every link leads somewhere."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest

from backtalk.blocks import TYPES
from backtalk.cli import main as command_line
from backtalk.engine.reply import Outcome
from backtalk.settings import Settings

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")


def script(name: str) -> ModuleType:
    """One of the programs in docs/ that write pages."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("program", "folder"), [("make_reference", DOCS), ("make_blocks", DOCS / "blocks")])
def test_generated_pages_are_current(program: str, folder: Path) -> None:
    for name, content in script(program).pages().items():
        assert (folder / name).read_text("utf-8") == content, f"run .venv/bin/python docs/{program}.py"


def test_every_block_has_its_page() -> None:
    pages = {path.stem for path in (DOCS / "blocks").glob("*.md")} - {"README"}
    assert pages == set(TYPES)


def test_every_setting_is_documented() -> None:
    page = (DOCS / "self-hosting.md").read_text("utf-8")
    for name in Settings.model_fields:
        assert f"| `BACKTALK_{name.upper()}` |" in page


def test_every_command_is_documented() -> None:
    page = (DOCS / "command-line.md").read_text("utf-8")
    for name in command_line.commands:
        assert re.search(rf"^## {name}( |$)", page, re.MULTILINE), name


def test_every_outcome_is_documented() -> None:
    for page in ("errors.md", "backend-contract.md"):
        text = (DOCS / page).read_text("utf-8")
        for outcome in get_args(Outcome):
            assert f"`{outcome}`" in text, f"{outcome} in {page}"


def anchors(path: Path) -> Iterator[str]:
    """The names that a renderer gives to the headings of a page."""
    for title in re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE):
        words = re.sub(r"[`*\[\]]|\(\S+\)", "", title).strip().lower()
        yield re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text("utf-8")):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            assert anchor in set(anchors(file)), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_picture_has_words_and_lies_in_pictures(page: Path) -> None:
    for words, target in PICTURE.findall(page.read_text("utf-8")):
        assert len(words) > 10
        file = (page.parent / target).resolve()
        assert file.parent == DOCS / "pictures"
        assert file.exists()


def test_the_readme_names_the_two_commands_and_they_exist() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for command in ("run", "test"):
        assert f"| `make {command}` |" in readme
        assert re.search(rf"^{command}:", makefile, re.MULTILINE)
    assert "make test" in (ROOT / ".ci" / "run").read_text("utf-8")


def test_paths_named_in_the_map_exist() -> None:
    """What ARCHITECTURE.md, CONTRIBUTING.md and the decisions name in code type."""
    for page in (ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", *DOCS.glob("decisions/*.md")):
        for name in re.findall(r"`([\w/.]+(?:/|\.py|\.md|\.toml|\.yaml))`", page.read_text("utf-8")):
            if "rating" in name or name in ("a/b.py", "tests/a/test_b.py"):
                continue  # an example of what somebody could add
            assert (ROOT / name).exists() or (ROOT / "src" / "backtalk" / name).exists(), f"{name} in {page.name}"


def test_decisions_are_listed_and_short() -> None:
    records = sorted(path for path in DOCS.glob("decisions/*.md") if path.name != "README.md")
    listed = re.findall(r"\(((?:\d{4})-[\w-]+\.md)\)", (DOCS / "decisions" / "README.md").read_text("utf-8"))
    assert listed == [path.name for path in records]
    for path in records:
        text = path.read_text("utf-8")
        for part in ("**Context.**", "**Decision.**", "**Consequences.**", "**Enforced by**"):
            assert part in text, f"{part} in {path.name}"
        assert len(text.splitlines()) <= 60


def test_the_words_of_the_glossary_are_defined_once() -> None:
    words = re.findall(r"^\| \*\*([^*]+)\*\*", (DOCS / "glossary.md").read_text("utf-8"), re.MULTILINE)
    assert len(words) == len(set(words))
    assert {"workspace", "bot", "sequence", "block", "channel", "customer", "call", "reply", "turn"} <= set(words)


def test_the_changelog_says_what_is_new() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert "## Unreleased" in changelog or f"## {version}" in changelog
