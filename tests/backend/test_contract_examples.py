"""The corrected examples are those of the product description and nobody's to change."""

from __future__ import annotations

from backtalk.backend import contract_examples


def test_examples_are_fresh_copies() -> None:
    contract_examples.example("gallery")["data"].clear()
    assert contract_examples.example("gallery")["data"]


def test_examples_keep_the_words_of_the_product_description() -> None:
    link = {"title": "Hello World", "type": "url", "extra": "extra payload", "value": "https://getalice.ai/"}
    assert contract_examples.example("buttons")["data"] == [link]
    assert contract_examples.example("quick_replies")["data"] == [link]
    assert contract_examples.example("gallery")["data"][0]["buttons"] == [link]
    assert contract_examples.example("image")["data"]["url"] == "https://amazon.com/pic.png"
    assert contract_examples.example("text")["message"] == "Successful"
    assert contract_examples.example("request")["created_at"] == "2020-10-16 06:41:59.039735+00:00"
