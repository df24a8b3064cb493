"""What a backend receives: CONTRACT.md section 3, statement by statement."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from standardwebhooks import Webhook

from backtalk import __version__
from backtalk.backend import contract
from backtalk.backend.api import Api
from backtalk.backend.request import authority_end, build_call
from backtalk.engine.customer import DOCUMENTED_NAMES, Customer
from backtalk.exchange import HttpCall

CREATED = datetime(2020, 10, 16, 6, 41, 59, 39735, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KNOWN = Customer(
    1,
    2,
    CREATED,
    first_name="Lorem",
    last_name="Ipsum",
    gender="female",
    timezone=6.0,
    last_message_text="hi",
    last_message_at=datetime(2024, 2, 29, 12, 0, tzinfo=UTC),
    attributes={"city": "Köln", "age": 30, "vip": True, "tags": ["a", 1.5]},
)


def call(
    api: Api | None = None,
    customer: Customer = KNOWN,
    *,
    names: tuple[str, ...] = (),
    secrets: tuple[str, ...] = (),
    **fields: Any,
) -> HttpCall:
    base: dict[str, Any] = {"id": 7, "name": "Shop", "method": "POST", "url": "https://shop.example/hook"}
    return build_call(
        api or Api(**(base | fields)),
        customer,
        attribute_names=names,
        workspace_timezone=2.5,
        idempotency_key="key-1",
        at=datetime.now(UTC),
        signing_secrets=secrets,
    )


def body(made: HttpCall) -> dict[str, Any]:
    document = json.loads(made.body, parse_constant=pytest.fail)
    assert isinstance(document, dict)
    return document


def test_section_3_post_sends_one_flat_object_of_the_documented_keys() -> None:
    made = call()
    assert made.method == "POST"
    assert ("Content-Type", "application/json") in made.headers
    document = body(made)
    assert {name: document[name] for name in DOCUMENTED_NAMES} == {
        "uid": 1,
        "platform_id": 2,
        "bot_enabled": True,
        "avatar": "",
        "first_name": "Lorem",
        "last_name": "Ipsum",
        "full_name": "Lorem Ipsum",
        "gender": "female",
        "timezone": 6.0,
        "locale": "",
        "language": "",
        "phone": "",
        "email": "",
        "created_at": "2020-10-16 06:41:59.039735+00:00",
        "last_message_text": "hi",
        "last_message_time": "2024-02-29 12:00:00.000000+00:00",
    }
    Draft202012Validator(contract.schemas()["request"]).validate(document)


def test_section_3_keys_come_in_the_order_of_the_product_description() -> None:
    example = [name for name in contract.example("request") if name in DOCUMENTED_NAMES]
    assert list(body(call()))[: len(example)] == example


def test_section_3_whatever_is_unknown_is_an_empty_string_and_the_timezone_is_the_workspaces() -> None:
    document = body(call(customer=Customer(1, 2, CREATED)))
    assert document["timezone"] == 2.5
    assert b'"timezone":2.5' in call(customer=Customer(1, 2, CREATED)).body
    assert document["last_message_time"] == ""
    assert document["full_name"] == ""
    assert {document[name] for name in ("avatar", "locale", "language", "phone", "email", "gender")} == {""}


def test_section_3_a_whole_timezone_is_written_as_a_float() -> None:
    assert b'"timezone":6.0' in call().body


def test_section_3_attributes_keep_their_type_and_missing_ones_are_empty_strings() -> None:
    document = body(call(names=("city", "unset")))
    assert {name: document[name] for name in ("city", "age", "vip", "tags", "unset")} == {
        "city": "Köln",
        "age": 30,
        "vip": True,
        "tags": ["a", 1.5],
        "unset": "",
    }


def test_section_3_params_are_top_level_strings_with_their_templates_filled() -> None:
    made = call(
        params=(("source", "chat"), ("age_text", "{{age}}"), ("none", "{{nobody}}"), ("both", "{{vip}} {{city}}"))
    )
    document = body(made)
    assert {name: document[name] for name in ("source", "age_text", "none", "both")} == {
        "source": "chat",
        "age_text": "30",
        "none": "",
        "both": "true Köln",
    }


def test_section_3_on_a_clash_documented_keys_then_attributes_then_params_win() -> None:
    customer = Customer(1, 2, CREATED, attributes={"uid": 99, "city": "Köln"})
    document = body(
        call(customer=customer, names=("email", "unset"), params=(("uid", "x"), ("city", "y"), ("unset", "z")))
    )
    assert (document["uid"], document["email"], document["city"], document["unset"]) == (1, "", "Köln", "")


def test_k14_section_3_get_sends_params_only_and_no_customer_data() -> None:
    made = call(method="GET", url="https://shop.example/hook?a=1", params=(("q", "x y&z"), ("city", "{{city}}")))
    assert made.body == b""
    assert made.url == "https://shop.example/hook?a=1&q=x%20y%26z&city=K%C3%B6ln"
    assert "Content-Type" not in dict(made.headers)
    bare = call(method="GET")
    assert bare.url == "https://shop.example/hook"
    assert "Lorem" not in str(bare)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_section_1_other_methods_behave_like_post(method: str) -> None:
    made = call(method=method)
    assert made.method == method
    assert body(made)["uid"] == 1


def test_section_3_headers_of_every_call() -> None:
    for method in ("GET", "POST"):
        headers = dict(call(method=method, headers=(("X-Token", "s3cret"),), timeout_s=2.5).headers)
        headers.pop("Content-Type", None)
        assert headers == {
            "X-Token": "s3cret",
            "User-Agent": f"Backtalk/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Idempotency-Key": "key-1",
            "Backtalk-Deadline-Ms": "2500",
        }
    assert call(timeout_s=2.5).timeout_s == 2.5


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_section_3_the_signature_is_over_the_exact_bytes(method: str) -> None:
    made = call(method=method, secrets=(SECRET,))
    headers = dict(made.headers)
    assert headers["webhook-id"] == headers["Idempotency-Key"]
    Webhook(SECRET).verify(made.body, headers, json_parse=False)


@pytest.mark.parametrize(
    ("url", "value", "made"),
    [
        ("https://a.example/c/{{v}}/x", "a/b?c#d&e", "https://a.example/c/a%2Fb%3Fc%23d%26e/x"),
        ("https://a.example/c?x={{v}}&y=1", "1&y=2", "https://a.example/c?x=1%26y%3D2&y=1"),
        ("https://a.example/{{v}}/x", "..", "https://a.example//x"),
        ("https://a.example/{{v}}/x", ".", "https://a.example//x"),
        ("https://a.example/{{v}}/x", "a..", "https://a.example/a../x"),
        ("https://a.example/x?v={{v}}", "..", "https://a.example/x?v=.."),
        ("https://a.example/{{ v }}", "@evil.example", "https://a.example/%40evil.example"),
        ("https://a.example?v={{v}}", "ü", "https://a.example?v=%C3%BC"),
        ("https://a.example/{{v}}#part-{{v}}", "x", "https://a.example/x"),
        ("https://a.example/straße/%20{{v}}", "\ud800", "https://a.example/stra%C3%9Fe/%20%3F"),
        ("https://a.example/{{v}}", "a\r\nHost: x", "https://a.example/a%0D%0AHost%3A%20x"),
        ("https://a.example/<<api:1>>/{{v}}", "x", "https://a.example//x"),
    ],
)
def test_section_1_a_value_in_the_url_stays_one_value(url: str, value: str, made: str) -> None:
    assert call(url=url, customer=Customer(1, 2, CREATED, attributes={"v": value})).url == made


@given(st.text())
def test_section_1_no_value_changes_the_host_or_another_part_of_the_url(value: str) -> None:
    customer = Customer(1, 2, CREATED, attributes={"v": value})
    parts = urlsplit(call(url="https://a.example:8443/p/{{v}}/end?x={{v}}&y=1", method="GET", customer=customer).url)
    assert parts.netloc == "a.example:8443"
    assert len(parts.path.split("/")) == 4
    assert parts.path.endswith("/end")
    assert [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)] == ["x", "y"]


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://a.example", "https://a.example"),
        ("http://a?b/c", "http://a"),
        ("http://a#b", "http://a"),
        ("http://a/b?c", "http://a"),
    ],
)
def test_authority_end(url: str, authority: str) -> None:
    assert url[: authority_end(url)] == authority


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 2**70, "\ud800", {"deep": [math.nan, 2**64]}])
def test_section_3_the_body_is_strictly_valid_json_whatever_an_attribute_holds(value: Any) -> None:
    made = call(customer=Customer(1, 2, CREATED, attributes={"v": value}))
    assert body(made)["uid"] == 1
    made.body.decode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON, max_size=5), st.lists(st.tuples(st.text(), st.text()), max_size=3))
def test_p4_any_attributes_and_params_make_a_valid_request(
    attributes: dict[str, Any], params: list[tuple[str, str]]
) -> None:
    made = call(customer=Customer(1, 2, CREATED, attributes=attributes), params=tuple(params))
    Draft202012Validator(contract.schemas()["request"]).validate(body(made))
