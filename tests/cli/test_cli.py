"""The command line as a whole: help everywhere, quick to start, errors in one sentence."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from backtalk import __version__
from backtalk.cli import main
from tests.cli.conftest import Run


def commands(group: click.Group, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)


ALL = list(commands(main))


@pytest.mark.parametrize(("path", "command"), ALL, ids=[" ".join(path) for path, _ in ALL])
def test_every_command_has_help_and_a_leaf_an_example(run: Run, path: tuple[str, ...], command: click.Command) -> None:
    result = run(*path, "--help")
    assert result.exit_code == 0
    assert command.help
    assert isinstance(command, click.Group) or f"Example:  backtalk {' '.join(path)}" in result.output.replace(
        "TOKEN=$(", ""
    )


def test_the_promised_commands_are_there() -> None:
    assert {path[0] for path, _ in ALL} == {
        "serve", "demo", "token", "workspace", "schema", "export", "import", "test", "migrate", "backup", "doctor",
    }  # fmt: skip


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").output == f"backtalk, version {__version__}\n"


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    heavy = ("pydantic", "fastapi", "starlette", "sqlalchemy", "uvicorn", "cryptography")
    code = f"import sys, backtalk.cli; print([name for name in {heavy!r} if name in sys.modules])"
    took: list[float] = []
    for _ in range(3):
        began = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - ourselves
        took.append(time.perf_counter() - began)
        assert done.stdout.strip() == "[]"
    assert min(took) < 0.3


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (("frobnicate",), 2, "No such command 'frobnicate'"),
        (("token", "create"), 2, "Missing option '--name'"),
        (("workspace", "plan", "1", "gold"), 2, "'gold' is not one of 'free', 'paid'"),
        (("export", "Nobody"), 1, "There is no bot “Nobody” in workspace 1; there are: none."),
        (("workspace", "plan", "77", "paid"), 1, "There is no workspace 77. `backtalk workspace list` shows all of them."),
        (("token", "revoke", "77"), 1, "There is no token 77. `backtalk token list` shows all of them."),
    ],
)  # fmt: skip
def test_an_error_is_one_sentence_on_stderr(run: Run, words: tuple[str, ...], exit_code: int, said: str) -> None:
    result = run(*words)
    assert result.exit_code == exit_code
    assert said in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


def test_o06_a_bad_setting_stops_any_command_and_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKTALK_PORT", "many")
    result = run("token", "list")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: BACKTALK_PORT: ")


def test_o06_the_file_is_read(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "backtalk.toml"
    config.write_text("prot = 1")
    result = run("serve", "--config", config)
    assert result.exit_code == 2
    assert "did you mean port?" in result.stderr


def test_k05_a_wrong_key_fails_closed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("workspace", "list").exit_code == 0
    monkeypatch.setenv("BACKTALK_SECRET_KEY", "another key of thirty-two characters!")
    result = run("workspace", "list")
    assert result.exit_code == 1
    assert "secret key" in result.stderr.lower()


def test_postgresql_is_refused_in_words(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKTALK_DATABASE_URL", "postgresql://localhost/backtalk")
    monkeypatch.setenv("BACKTALK_SECRET_KEY", "k" * 32)
    result = run("serve", "--port", 0)
    assert result.exit_code == 2
    assert "PostgreSQL comes in a later release" in result.stderr
