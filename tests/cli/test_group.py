"""What commands share: tables, choosing a workspace, terminals that are not steered from outside."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from backtalk.cli.group import Commands, Failure, print_table, printable
from backtalk.errors import Invalid, Problem, Where
from tests.cli.conftest import Run


def test_a_table_is_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("ID", "NAME"), [(1, "first"), (22, "x")])
    assert capsys.readouterr().out == "ID  NAME\n1   first\n22  x\n"


def test_o05_names_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("NAME",), [("a\x1b[31mb\nc",)])
    assert capsys.readouterr().out == "NAME\na�[31mb�c\n"
    assert printable("Grüße 👋") == "Grüße 👋"


def test_problems_are_named_with_their_places() -> None:
    @click.group(cls=Commands)
    def group() -> None: ...

    @group.command()
    def fails() -> None:
        places = (
            Problem("x", "It is empty.", where=Where(path="$.a")),
            Problem("x", "It is old.", where=Where(sequence=1, block="b1", field="text")),
            Problem("x", "Nowhere."),
        )
        raise Invalid("The file is wrong.", hint="Mend it.", problems=places)

    result = CliRunner().invoke(group, ["fails"])
    assert result.exit_code == 1
    said = "The file is wrong. [$.a: It is empty.] [sequence 1, block b1, field text: It is old.] Mend it."
    assert result.stderr == f"Error: {said}\n"


def test_a_failure_is_one_line() -> None:
    assert Failure("a\n  b").message == "a b"


def test_with_several_workspaces_one_must_be_said(run: Run) -> None:
    assert run("workspace", "create", "Second").exit_code == 0
    result = run("token", "create", "--name", "x")
    assert result.exit_code == 2
    assert "with --workspace ID; there are: 1 (My workspace), 2 (Second)." in result.stderr
    assert run("token", "create", "--name", "x", "--workspace", 2).exit_code == 0
    assert run("token", "create", "--name", "x", "--workspace", 3).exit_code == 1
