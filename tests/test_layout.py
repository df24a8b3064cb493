"""The layout holds: every module says what it owns, has its test and a moderate size; pure code stays pure."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "src" / "backtalk"
TESTS = ROOT / "tests"
MODULES = sorted(path for path in SOURCES.rglob("*.py") if path.read_text("utf-8").strip())
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "core", "base"}
MAX_LINES = 300
LARGER: dict[str, str] = {
    "backend/contract.py": "the request, the five replies and their help texts are one published document",
}
"""Modules that may be larger, each with its reason."""

PURE = ("engine", "blocks", "channels", "backend")
PURE_THIRD_PARTY = {"pydantic", "pydantic_core", "orjson", "backtalk"}
IMPURE = {
    "asyncio", "concurrent", "ctypes", "glob", "http.client", "http.server", "io", "logging", "multiprocessing", "os", "pathlib", "random",
    "secrets", "select", "selectors", "shutil", "signal", "socket", "sqlite3", "ssl", "subprocess", "sys", "tempfile",
    "threading", "time", "uuid",
}  # fmt: skip
UNTESTED = {"cli/__main__.py": "runs `main`, which tests/test_bootstrap.py does through it"}


def name_of(path: Path) -> str:
    return path.relative_to(SOURCES).as_posix()


def imports(path: Path) -> set[str]:
    """What a module imports: each name whole, and its top-level package."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found | {name.partition(".")[0] for name in found}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_opens_with_what_it_owns(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    assert docstring.strip(), "write one sentence on what this module owns"
    assert docstring.strip().splitlines()[0].rstrip().endswith((".", ":")), docstring.splitlines()[0]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_has_a_moderate_size(path: Path) -> None:
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= MAX_LINES or name_of(path) in LARGER, f"{lines} lines"


def test_exceptions_of_size_are_still_needed() -> None:
    for name, reason in LARGER.items():
        assert reason
        assert len((SOURCES / name).read_text("utf-8").splitlines()) > MAX_LINES, name


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_is_called_by_what_it_does(path: Path) -> None:
    words = {part.strip("_") for part in path.relative_to(SOURCES).with_suffix("").parts}
    assert not words & FORBIDDEN_NAMES


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_has_its_test(path: Path) -> None:
    """`a/b.py` has `tests/a/test_b.py`; a package `a` has `tests/a/test_a.py` or `tests/test_a.py`."""
    if name_of(path) in UNTESTED:
        return
    place = path.relative_to(SOURCES)
    does = any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in ast.walk(ast.parse(path.read_text()))
    )
    if not does:
        return  # values or names only: whoever uses them tests them
    if path.name != "__init__.py":
        assert (TESTS / place.parent / f"test_{place.name}").exists()
        return
    name = f"test_{place.parent.name}.py"
    assert (TESTS / place.parent / name).exists() or (TESTS / place.parent.parent / name).exists()


def test_tests_mirror_modules() -> None:
    """A test file in a folder of the source tree belongs to a module there, or says which part of one it is about."""
    for path in TESTS.rglob("test_*.py"):
        folder = SOURCES / path.parent.relative_to(TESTS)
        if path.parent == TESTS or not folder.is_dir():
            continue
        docstring = ast.get_docstring(ast.parse(path.read_text("utf-8")))
        module = folder / path.name.removeprefix("test_")
        package = folder / path.stem.removeprefix("test_")
        assert module.exists() or package.is_dir() or folder.name == package.name or docstring, path


@pytest.mark.parametrize("path", [path for path in MODULES if path.relative_to(SOURCES).parts[0] in PURE], ids=name_of)
def test_pure_code_imports_pure_things_only(path: Path) -> None:
    names = imports(path)
    assert not names & IMPURE
    third_party = {name.partition(".")[0] for name in names} - sys.stdlib_module_names
    assert third_party <= PURE_THIRD_PARTY


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_storage_imports_sql_and_only_outbound_dials(path: Path) -> None:
    part = path.relative_to(SOURCES).parts[0]
    names = imports(path)
    if part not in ("storage", "cli"):
        assert "sqlalchemy" not in names
    if part not in ("storage", "cli", "bootstrap.py"):
        assert "sqlite3" not in names
    clients = {"aiohttp", "aiodns", "httpx", "requests", "urllib3", "pycares"}
    if part != "outbound":
        assert not names & clients


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_the_edges_read_settings_and_the_environment(path: Path) -> None:
    part = path.relative_to(SOURCES).parts[0]
    text = path.read_text("utf-8")
    if part not in ("cli", "bootstrap.py", "settings.py"):
        assert "backtalk.settings" not in text
        assert not re.search(r"\bos\.(environ|getenv)\b", text)
