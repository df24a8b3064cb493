"""Tokens on the command line: shown once, listed without secrets, ended."""

from __future__ import annotations

import re

from tests.cli.conftest import Run, last_line


def test_a_token_stands_alone_on_the_last_line(run: Run) -> None:
    result = run("token", "create", "--name", "laptop", "--role", "viewer")
    assert result.exit_code == 0
    assert re.fullmatch(r"bt_[\w-]{40,}\n", result.stdout)


def test_a_token_needs_a_name_and_a_workspace_that_is_there(run: Run) -> None:
    nameless = run("token", "create", "--name", " ")
    assert (nameless.exit_code, nameless.stdout) == (2, "")
    assert "A name has 1 to 80 printable characters." in nameless.stderr
    nowhere = run("token", "create", "--name", "x", "--workspace", 9)
    assert (nowhere.exit_code, nowhere.stdout) == (1, "")
    assert nowhere.stderr == "Error: There is no workspace 9. `backtalk workspace list` shows all of them.\n"


def test_a13_the_list_shows_no_secret_and_a_revoked_token_says_so(run: Run) -> None:
    token = last_line(run("token", "create", "--name", "laptop"))
    before = run("token", "list").stdout
    assert token not in before
    assert re.search(r"^1 +1 +laptop +admin +\d{4}-\d\d-\d\d \d\d:\d\d +- +-$", before, re.MULTILINE)
    assert run("token", "revoke", 1).stdout == "Token 1 (laptop) is revoked.\n"
    assert run("token", "revoke", 1).exit_code == 0
    assert re.search(r"laptop +admin .* - +\d{4}-", run("token", "list").stdout)
