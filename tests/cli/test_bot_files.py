"""Bots as files on the command line: importing what was exported changes nothing."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Run

FILE = """\
backtalk: 1
name: Echo
triggers:
  welcome: Hello
apis:
  - name: Hours
    method: GET
    url: https://shop.example.com/hours
    headers:
      - X-Token
    output: text
sequences:
  - name: Hello
    blocks:
      - id: b1
        type: text
        text: We are open <<Hours>>
"""


def imported(run: Run, folder: Path, content: str = FILE, *more: object) -> None:
    (folder / "bot.yaml").write_text(content)
    result = run("import", folder / "bot.yaml", *more)
    assert result.exit_code == 0, result.output


def test_importing_what_was_exported_changes_nothing(run: Run, tmp_path: Path) -> None:
    imported(run, tmp_path)
    exported = run("export", "Echo").stdout
    assert exported == FILE
    again = run("import", "-", "--bot", "Echo", input=exported)
    assert again.stdout == "Bot 1: nothing changed.\n"
    assert run("export", 1).stdout == FILE


def test_what_the_importer_must_look_at_is_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bot.yaml").write_text(FILE)
    result = run("import", tmp_path / "bot.yaml", "--publish")
    assert "The header “X-Token” of the API “Hours” has no value yet." in result.stderr
    assert result.stdout.splitlines() == ["Bot 1: made from the file.", "Version 1 is live."]


def test_n14_a_bad_file_stores_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bot.yaml").write_text(FILE.replace("<<Hours>>", "<<Nobody>>"))
    result = run("import", tmp_path / "bot.yaml")
    assert result.exit_code == 1
    assert "There is no API “Nobody” in this file." in result.stderr
    assert run("export", 1).exit_code == 1


def test_a_mistyped_name_is_answered_with_the_likely_one(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bot.yaml").write_text(FILE.replace("<<Hours>>", "<<Hour>>"))
    assert "Did you mean “Hours”?" in run("import", tmp_path / "bot.yaml").stderr
    (tmp_path / "bot.yaml").write_text(FILE.replace("text: We", "txt: We"))
    assert "“txt” is not a field of this block. Its fields are" in run("import", tmp_path / "bot.yaml").stderr


def test_a_draft_with_problems_is_not_published(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bot.yaml").write_text(FILE.replace("We are open <<Hours>>", "''"))
    result = run("import", tmp_path / "bot.yaml", "--publish")
    assert result.exit_code == 1
    assert "block b1" in result.stderr


def test_e01_a_private_address_is_refused_unless_the_operator_allows_it(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "backtalk.toml"
    config.write_text('egress_allow = "127.0.0.1:3000"')
    (tmp_path / "bot.yaml").write_text(FILE.replace("https://shop.example.com", "http://127.0.0.1:3000"))
    refused = run("import", tmp_path / "bot.yaml")
    assert refused.exit_code == 1
    assert "BACKTALK_EGRESS_ALLOW" in refused.stderr
    assert run("import", tmp_path / "bot.yaml", "--config", config).exit_code == 0


def test_two_bots_of_one_name_need_the_id(run: Run, tmp_path: Path) -> None:
    imported(run, tmp_path)
    imported(run, tmp_path)
    result = run("export", "Echo")
    assert result.exit_code == 2
    assert "use the id" in result.stderr
    assert run("export", 2).exit_code == 0
