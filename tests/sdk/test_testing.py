"""The client for a backend's own tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from backtalk import sdk
from backtalk.backend import contract

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_a_backend_is_asked_as_backtalk_would() -> None:
    asked: list[dict[str, Any]] = []

    def answer(headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        sdk.verify(SECRET, headers, body)
        assert headers["X-Token"] == "s3cret"
        asked.append(json.loads(body))
        return sdk.text("Hello " + asked[-1]["first_name"])

    backend = sdk.Backend(answer, signing_secret=SECRET, headers={"X-Token": "s3cret"})
    assert backend.ask("text", first_name="Ada", city="London")["data"] == "Hello Ada"
    assert asked[0]["city"] == "London"
    Draft202012Validator(contract.schemas()["request"]).validate(asked[0])


def test_json_is_an_answer_too() -> None:
    assert sdk.Backend(lambda _headers, _body: b'{"success": true}').ask("gallery") == {"success": True}


def test_without_a_secret_nothing_is_signed() -> None:
    def answer(headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        return sdk.text(str("webhook-signature" in headers))

    assert sdk.Backend(answer).ask("text")["data"] == "False"


def test_what_is_wrong_is_told_with_its_place() -> None:
    wrong = sdk.gallery(sdk.card("Apples", buttons=[sdk.open_url("Open", "shop.example")]))
    with pytest.raises(AssertionError, match=r"\$\.data\[0\]\.buttons\[0\]\.value: must be an absolute http"):
        sdk.Backend(lambda _headers, _body: wrong).ask("gallery")
    with pytest.raises(AssertionError, match=r"\$\.success"):
        sdk.Backend(lambda _headers, _body: {"data": "x"}).ask("text")
    assert sdk.problems_of("text", [])


def test_sample_customer() -> None:
    assert sdk.sample_customer(email="a@b.example", vip=True)["vip"] is True
