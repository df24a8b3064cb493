"""What `serve` and `demo` make of their options; that they really serve is tested in tests/test_bootstrap.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backtalk import bootstrap
from backtalk.settings import Settings
from tests.cli.conftest import Run


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Settings, dict[str, Any]]]:
    """What the server would have been started with."""
    seen: list[tuple[Settings, dict[str, Any]]] = []
    monkeypatch.setattr(bootstrap, "run_server", lambda settings, **how: seen.append((settings, how)))
    return seen


def test_options_win_over_the_environment(
    run: Run, served: list[tuple[Settings, dict[str, Any]]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BACKTALK_PORT", "1111")
    monkeypatch.setenv("BACKTALK_HOST", "::1")
    assert run("serve", "--port", 2222, "--data", tmp_path / "there", "--take-over").exit_code == 0
    ((settings, how),) = served
    assert (settings.port, settings.host, settings.data_dir) == (2222, "::1", tmp_path / "there")
    assert (how["demo"], how["take_over"], how["open_page"]) == (False, True, None)


def test_the_demo_opens_a_page_when_it_is_asked_to(run: Run, served: list[tuple[Settings, dict[str, Any]]]) -> None:
    assert run("demo", "--open").exit_code == 0
    ((settings, how),) = served
    assert settings.port == 8420
    assert how["demo"] is True
    assert callable(how["open_page"])


def test_removing_the_demo_starts_nothing(run: Run, served: list[tuple[Settings, dict[str, Any]]]) -> None:
    assert run("demo", "--remove").stdout == "There is no demo to remove.\n"
    assert served == []


@pytest.mark.parametrize(
    ("program", "on_path", "typed"),
    [
        ("{here}/.venv/bin/backtalk", False, ".venv/bin/backtalk"),
        (".venv/bin/backtalk", False, ".venv/bin/backtalk"),
        ("/opt/bt/bin/backtalk", False, "/opt/bt/bin/backtalk"),
        ("{here}/.venv/bin/backtalk", True, "backtalk"),
        ("/src/backtalk/cli/__main__.py", False, "backtalk"),
    ],
)
def test_the_commands_that_are_shown_can_be_typed_here(
    run: Run,
    served: list[tuple[Settings, dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    program: str,
    on_path: bool,
    typed: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    path = program.format(here=tmp_path)
    monkeypatch.setattr("sys.argv", [path])
    monkeypatch.setattr("shutil.which", lambda _: path if on_path else None)
    run("serve")
    run("serve", "--data", "my data")
    (_, plain), (_, elsewhere) = served
    assert plain["typed"]("token list") == f"{typed} token list"
    assert elsewhere["typed"]("token list") == f"{typed} token list --data 'my data'"
