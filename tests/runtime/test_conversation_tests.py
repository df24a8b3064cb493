"""Conversation tests in YAML: those of the demo bot, and what a bad file gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from backtalk.blocks import TYPES
from backtalk.errors import BacktalkError
from backtalk.runtime.conversation_tests import files_in, load_bot, run_file

HERE = Path(__file__).parent.parent / "conversations"
DEMO = Path(__file__).parents[2] / "src" / "backtalk" / "demo" / "bot.yaml"
BOT = """\
backtalk: 1
name: Echo
triggers: {welcome: Hello}
sequences:
  - name: Hello
    blocks:
      - {id: b1, type: text, text: 'Hello {{first_name}}'}
"""


@pytest.mark.parametrize("path", files_in([HERE]), ids=lambda path: path.stem)
def test_the_shipped_conversations_come_true(path: Path) -> None:
    results = run_file(path)
    assert [f"{result.name}: {result.failure}" for result in results if result.failure] == []
    assert results


def test_the_demo_conversations_enter_every_block_and_every_block_type() -> None:
    walked = {block for path in sorted(HERE.glob("demo*.yaml")) for result in run_file(path) for block in result.walked}
    bot, apis = load_bot(DEMO.read_bytes())
    blocks = {block.id: block for sequence in bot.sequences.values() for block in sequence.blocks}
    assert walked == set(blocks)
    assert {block.type for block in blocks.values()} == set(TYPES)
    assert {api for block in blocks.values() for api in block.apis()} == set(apis)


def written(folder: Path, tests: str, bot: str = BOT) -> Path:
    (folder / "bot.yaml").write_text(bot)
    file = folder / "tests.yaml"
    file.write_text(tests)
    return file


def test_a_failure_names_step_expectation_and_what_came(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "bot: bot.yaml\ntests:\n  - name: Greets\n    customer: {first_name: Ann}\n    steps:\n"
        "      - start: true\n      - bot: Hello Bob\n  - name: Forgets\n    steps: [{start: true}]\n"
        "  - name: Right\n    steps: [{start: true}, {bot: 'Hello '}]\n",
    )
    assert [(result.name, result.failure) for result in run_file(file)] == [
        ("Greets", 'step 2 (bot: Hello Bob): expected {"text":"Hello Bob"}, but the bot sent {"text":"Hello Ann"}'),
        ("Forgets", 'at the end: expected nothing more before the end, but the bot sent {"text":"Hello "}'),
        ("Right", None),
    ]


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        ("- 1", "This is not a file of tests"),
        ("bot: bot.yaml\ntests: {}", "This is not a file of tests"),
        ("bot: bot.yaml\ntests: [{name: x}]", r"\$\.tests\[0\]: A test needs a name and steps"),
        ("bot: bot.yaml\ntests: [{name: x, steps: [{usr: hi}]}]", r"\$\.tests\[0\]\.steps\[0\]: This is not a step"),
        ("bot: bot.yaml\ntests: [{name: x, steps: [{user: a, bot: b}]}]", "This is not a step"),
        ("bot: bot.yaml\ntests: [{name: x, steps: [hello]}]", "This is not a step"),
        ("bot: bot.yaml\ntests: [{name: x, steps: [{user: a, card: b}]}]", "“card” means nothing here"),
        ("bot: bot.yaml\ntests: [{name: x, steps: [{bot: [a]}]}]", "wrong kind of value"),
        ("bot: bot.yaml\ntests: [{name: x, steps: [{calls: a, carries: b}]}]", "wrong kind of value"),
        ("bot: none.yaml\ntests: []", r"none\.yaml cannot be read"),
        ("bot: 7\ntests: []", "is a stored bot, which needs a database"),
        ("bot: [", r"tests\.yaml: The file is not readable: line 2"),
    ],
)
def test_a_bad_file_is_named_with_its_place(tmp_path: Path, tests: str, said: str) -> None:
    with pytest.raises(BacktalkError, match=said):
        run_file(written(tmp_path, tests))


def test_a_bad_time_fails_its_step(tmp_path: Path) -> None:
    (result,) = run_file(written(tmp_path, "bot: bot.yaml\ntests: [{name: x, steps: [{after: soon}]}]"))
    assert result.failure == "step 1 (after: soon): expected a time such as `3 s`, but it is 'soon'"


def test_a_bot_with_problems_is_refused(tmp_path: Path) -> None:
    bot = BOT.replace("type: text, text: 'Hello {{first_name}}'", "type: text, text: ''")
    with pytest.raises(BacktalkError, match="The bot has problems"):
        run_file(written(tmp_path, "bot: bot.yaml\ntests: []", bot))


def test_a_stored_bot_is_asked_for_by_its_id(tmp_path: Path) -> None:
    file = written(tmp_path, "bot: 7\ntests: [{name: x, steps: [{start: true}, {bot: 'Hello '}]}]")
    (result,) = run_file(file, draft_of=lambda bot_id: BOT.encode() if bot_id == 7 else b"")
    assert result.failure is None


def test_folders_are_searched_for_files_with_tests(tmp_path: Path) -> None:
    file = written(tmp_path, "bot: bot.yaml\ntests: []\n")
    assert files_in([tmp_path]) == [file]
    assert files_in([tmp_path / "bot.yaml"]) == [tmp_path / "bot.yaml"]
