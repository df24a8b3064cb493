"""Conversation tests on the command line."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Run

CONVERSATIONS = Path(__file__).parents[1] / "conversations"


def test_the_shipped_ones_pass(run: Run) -> None:
    result = run("test", CONVERSATIONS)
    assert result.exit_code == 0
    assert result.stdout.endswith(" passed, 0 failed.\n")
    assert "ok    " in result.stdout


def test_a_failing_one_says_where_and_exits_with_one(run: Run, tmp_path: Path) -> None:
    source = (CONVERSATIONS / "demo.yaml").read_text()
    demo = Path(__file__).parents[2] / "src" / "backtalk" / "demo" / "bot.yaml"
    broken = source.replace("../../src/backtalk/demo/bot.yaml", str(demo)).replace("Delivered.", "Lost.", 1)
    (tmp_path / "broken.yaml").write_text(broken)
    result = run("test", tmp_path)
    assert result.exit_code == 1
    assert 'expected {"text":"Delivered."}, but the bot sent {"text":"Lost."}' in result.stdout
    assert "1 failed." in result.stdout
    assert result.stderr == "Error: Not every conversation came true.\n"


def test_a_folder_without_tests_is_said(run: Run, tmp_path: Path) -> None:
    result = run("test", tmp_path)
    assert result.exit_code == 1
    assert "There are no tests here." in result.stderr


def test_a_bad_file_counts_as_a_failure(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("tests: []")
    result = run("test", tmp_path)
    assert result.exit_code == 1
    assert "Write `bot: FILE`" in result.stdout


def test_the_draft_of_a_stored_bot_can_be_tested(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bot.yaml").write_text(
        "backtalk: 1\nname: Echo\ntriggers: {welcome: Hi}\nsequences: [{name: Hi, blocks: [{id: a, type: text, text: Hi}]}]\n"
    )
    assert run("import", tmp_path / "bot.yaml").exit_code == 0
    (tmp_path / "t.yaml").write_text("bot: 1\ntests: [{name: greets, steps: [{start: true}, {bot: Hi}]}]")
    assert run("test", tmp_path / "t.yaml").stdout.endswith("1 passed, 0 failed.\n")
    (tmp_path / "t.yaml").write_text("bot: 2\ntests: []")
    assert "There is no bot 2." in run("test", tmp_path / "t.yaml").stdout
