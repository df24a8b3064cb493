"""The command line on a data folder of its own, without what the machine's environment says."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from backtalk.cli import main

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in this process."""
    for name in [name for name in os.environ if name.startswith("BACKTALK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BACKTALK_DATA_DIR", str(tmp_path / "data"))

    def command(*words: object, input: str | None = None) -> Result:  # noqa: A002 - click's name
        return CliRunner().invoke(main, [str(word) for word in words], input=input, catch_exceptions=False)

    return command


def last_line(result: Result) -> str:
    return result.stdout.rstrip("\n").rpartition("\n")[2]
