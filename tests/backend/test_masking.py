"""Secrets never reach what is written down: rows B05 and K, principle P9."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

import pytest

from backtalk.backend.api import Api
from backtalk.backend.masking import (
    MASK,
    MAX_BODY_CHARS,
    logged_reply,
    logged_request,
    masked_url,
    without_secrets,
    without_secrets_in_words,
)
from backtalk.backend.reply import read_reply
from backtalk.engine.reply import ApiFailure, ApiReply
from backtalk.exchange import HttpCall, HttpFailure, HttpReply

API = Api(
    1, "Shop", "POST", "https://a.example/", headers=(("Authorization", "Bearer s3cret-token"), ("X-Short", "abc"))
)


def test_header_values_are_masked_but_those_of_our_own() -> None:
    call = HttpCall(
        "POST", "https://a.example/?api_key=s3cret&q=1", (*API.headers, ("Accept", "application/json")), b"{}"
    )
    logged = logged_request(API, call)
    assert logged["headers"] == [
        {"name": "Authorization", "value": MASK},
        {"name": "X-Short", "value": MASK},
        {"name": "Accept", "value": "application/json"},
    ]
    assert logged["url"] == f"https://a.example/?api_key={MASK}&q=1"


def test_query_values_with_telling_names_are_masked() -> None:
    assert (
        masked_url("https://a.example/p?token=x&Password=y&city=z#f")
        == f"https://a.example/p?token={MASK}&Password={MASK}&city=z"
    )
    assert masked_url("https://a.example/p") == "https://a.example/p"


def test_echoes_in_a_reply_are_masked_and_long_bodies_cut() -> None:
    reply = HttpReply(
        200, (("X-Echo", "s3cret-token"), ("Set-Cookie", "a=b")), b"you sent Bearer s3cret-token" + b"x" * 99_999, 1
    )
    logged = logged_reply(API, reply)
    assert "s3cret" not in json.dumps(logged)
    assert {"name": "Set-Cookie", "value": MASK} in logged["headers"]
    assert len(logged["body"]) <= MAX_BODY_CHARS + 1
    assert logged_reply(API, HttpFailure("timeout", "Too slow.", 5_000))["body"] == ""


def test_k01_an_echo_is_masked_in_its_json_spelling_too() -> None:
    api = replace(API, headers=(("X-Secret", 'a"quoted\\secret'),))
    logged = logged_reply(api, HttpReply(200, (), json.dumps({"echo": 'a"quoted\\secret'}).encode(), 1))
    assert logged["body"] == f'{{"echo": "{MASK}"}}'


def test_b05_echoes_in_what_the_author_reads_are_masked() -> None:
    page = HttpReply(200, (), b"<p>s3cret-token is wrong</p>", 1)
    failure = without_secrets_in_words(API, read_reply("text", page))
    assert isinstance(failure, ApiFailure)
    assert MASK in failure.notes[-1].message
    assert "s3cret" not in str(failure)
    body = {"success": False, "message": "bad s3cret-token", "status": "s3cret-token"}
    declined = without_secrets_in_words(API, read_reply("text", HttpReply(200, (), json.dumps(body).encode(), 1)))
    assert isinstance(declined, ApiFailure)
    assert declined.reply_message == f"bad {MASK}"
    assert "s3cret" not in str(declined)


def test_what_the_customer_gets_is_not_touched() -> None:
    reply = ApiReply("s3cret-token", {"a": "s3cret-token"}, message="s3cret-token")
    assert without_secrets_in_words(API, reply) == replace(reply, message=MASK)
    assert without_secrets_in_words(replace(API, headers=()), reply) is reply


def test_without_secrets() -> None:
    assert without_secrets(API, "Bearer s3cret-token abc") == f"{MASK} abc"


def test_a_secret_of_several_words_is_masked_whole_and_takes_no_word_out_of_other_texts() -> None:
    api = replace(API, headers=(("X-Secret-Token", "a long random text"), ("Accept", "application/json")))
    call = HttpCall("POST", "https://a.example/", api.headers, b'{"last_message_text": "a long random text"}')
    logged = logged_request(api, call)
    assert logged["body"] == f'{{"last_message_text": "{MASK}"}}'
    assert without_secrets(api, "Answer with application/json.") == "Answer with application/json."


@pytest.mark.parametrize(
    "spelling",
    [
        lambda text: text,
        json.dumps,
        lambda text: text.replace("/", "\\/"),
        lambda text: quote(text, safe=""),
    ],
)
def test_k01_an_echo_is_masked_as_php_and_addresses_spell_it(spelling: Callable[[str], str]) -> None:
    api = replace(API, headers=(("X-Secret", "s3cr3t/AB+CD=="), ("Authorization", "Bearer t0ken/EF+GH==")))
    for secret in ("s3cr3t/AB+CD==", "t0ken/EF+GH=="):
        body = f'{{"success": false, "message": "{spelling(secret)}"}}'.encode()
        shown = logged_reply(api, HttpReply(200, (), body, 1))["body"]
        assert MASK in shown
        assert not {"s3cr3t", "t0ken", "CD", "GH"} & set(re.findall(r"[A-Za-z0-9]+", shown))


SECRET = "s3cr3t-that-is-forty-characters-long-0123"


@pytest.mark.parametrize("kept", range(4, len(SECRET) + 1))
def test_k01_a_secret_that_was_cut_is_masked_too(kept: int) -> None:
    """The beginning of a body, a message and a quoted value are cut before anybody looks for secrets in them."""
    api = replace(API, headers=(("X-Secret", SECRET),))
    bodies = {
        "body": "x" * (183 - kept) + "y" * 17 + SECRET,
        "message": json.dumps({"success": False, "message": "x" * (1_000 - kept) + SECRET}),
        "name": json.dumps({"success": True, "attributes": {"x" * (60 - kept) + SECRET: "a" * 9_000}}),
    }
    for body in bodies.values():
        result = read_reply("text", HttpReply(200, (), body.encode(), 1))
        told = without_secrets_in_words(api, result)
        assert "s3cr" in repr(result)
        assert "s3cr" not in repr(told)
        assert MASK in repr(told)


def test_k01_what_only_begins_like_a_secret_stays() -> None:
    api = replace(API, headers=(("X-Format", "application/vnd.shop+json"),))
    assert without_secrets(api, "application/json, application/xml") == "application/json, application/xml"


def test_p3_masking_takes_a_bounded_time() -> None:
    api = replace(API, headers=tuple((f"X-{number}", "a" * (4_000 + number)) for number in range(20)))
    began = time.perf_counter()
    without_secrets(api, "aaab" * 16_000)
    assert time.perf_counter() - began < 2
