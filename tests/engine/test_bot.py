"""A bot finds its blocks by id and its keywords in what is written."""

from __future__ import annotations

import time

import pytest

from backtalk.engine.bot import Bot
from backtalk.engine.state import Place
from tests.support.bots import a_bot, text
from tests.support.naughty import NAUGHTY


def bot_with(*words: str, match: str = "contains") -> Bot:
    return a_bot(text("x"), keywords=[{"words": list(words), "match": match, "sequence": 1}])


@pytest.mark.parametrize(
    ("word", "written", "found"),
    [
        ("order", "order", True), ("order", "My ORDERS, please", True), ("order", "border", False), ("order", "re-order", True),
        ("order", "reorder order", True), ("order status", "my order   Status?", True), ("order status", "status order", False),
        ("stra\u00dfe", "STRASSE", True), ("\u0437\u0430\u043a\u0430\u0437", "\u041c\u043e\u0439 \u0417\u0410\u041a\u0410\u0417", True),
        ("\u6ce8\u6587", "\u6211\u7684\u6ce8\u6587", True), ("!", "hello!", True), ("1", "21", False), ("hi", "", False), ("", "hi", False),
        ("  ", "hi", False), ("\U0001f44d", "ok\U0001f44d", True), (" order ", "order", True),
    ],
)  # fmt: skip
def test_contains_means_that_the_word_begins_somewhere(word: str, written: str, found: bool) -> None:
    assert bot_with(word).keyword(written) == (1 if found else None)


@pytest.mark.parametrize(("written", "found"), [("Stop", True), (" stop ", True), ("stop it", False), ("", False)])
def test_exact_means_the_whole_message(written: str, found: bool) -> None:
    assert bot_with("stop", match="exact").keyword(written) == (1 if found else None)


def test_the_first_keyword_that_fits_wins() -> None:
    listed = [{"words": ["x", "order"], "sequence": 2}, {"words": ["order"], "match": "exact", "sequence": 3}]
    assert a_bot(text("x"), keywords=listed).keyword("order") == 2


def test_n07_any_word_is_found_as_it_is_written() -> None:
    for word in NAUGHTY:
        plain = word.encode(errors="ignore").decode()[:200]
        found = bot_with(plain).keyword(plain)
        assert found == (1 if plain.split() else None)


def test_a_bot_without_keywords() -> None:
    assert a_bot(text("x")).keyword("order") is None


def test_p3_a_thousand_keywords_and_a_long_text_take_a_bounded_time() -> None:
    bot = a_bot(text("x"), keywords=[{"words": [f"word{number}"], "sequence": 1} for number in range(1_000)])
    began = time.perf_counter()
    assert bot.keyword("a" * 20_000) is None
    assert bot_with("aaab").keyword("a" * 20_000) is None
    assert bot_with("a").keyword("ba" * 10_000) is None
    assert time.perf_counter() - began < 0.25


def test_p8_a_bot_full_of_keywords_holds_nobody_else_up() -> None:
    """As many words as a bot may have, none of which fits, used to take minutes of the one writer that all workspaces share."""
    words = [f"{'a' * length}{number}" for length in range(1, 150) for number in range(10)]
    listed = [{"words": [*words[at::10], "z"][:200], "sequence": 1} for at in range(10)] * 50
    bot = a_bot(text("x"), keywords=listed)
    began = time.perf_counter()
    assert bot.keyword("b" + "a" * 9_999) is None
    assert bot.keyword("a " * 5_000) is None
    assert time.perf_counter() - began < 1


def test_the_order_of_keywords_counts_and_not_that_of_the_text() -> None:
    listed = [
        {"words": ["pizza"], "sequence": 2},
        {"words": ["order", "order pizza"], "sequence": 3},
        {"words": ["order pizza"], "match": "exact", "sequence": 4},
    ]
    bot = a_bot(text("x"), keywords=listed)
    assert [bot.keyword(said) for said in ("order pizza", "order", "orders", "pizzas, I order", "pie")] == [
        2,
        3,
        3,
        2,
        None,
    ]


def test_a_block_is_found_by_its_id_wherever_it_has_moved() -> None:
    bot = a_bot(sequences={1: [text("x")], 2: [text("y"), text("z")]})
    spot = bot.spot(Place(1, "2.1"))
    assert spot
    assert (spot[0].id, spot[1]) == (2, 1)
    assert bot.spot(Place(1, "gone")) is None
