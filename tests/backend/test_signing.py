"""Signatures against the reference library of the Standard Webhooks."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from backtalk.backend import signing

OLD = "whsec_" + base64.b64encode(b"an older secret of 32 bytes here").decode()
NEW = "whsec_" + base64.b64encode(b"a newer secret of 32 bytes, here").decode()
OTHER = "whsec_" + base64.b64encode(b"the secret of somebody else here").decode()


def now() -> datetime:
    return datetime.now(UTC)


def test_section_3_the_three_headers_verify_with_the_reference_library() -> None:
    body = '{"first_name":"Zoë"}'.encode()
    headers = signing.sign([OLD], "msg-1", now(), body)
    assert [name for name, _ in headers] == ["webhook-id", "webhook-timestamp", "webhook-signature"]
    Webhook(OLD).verify(body, dict(headers))


def test_section_3_an_empty_body_is_signed_for_get() -> None:
    Webhook(OLD).verify(b"", dict(signing.sign([OLD], "msg-1", now(), b"")), json_parse=False)


def test_section_3_while_a_secret_is_replaced_both_verify() -> None:
    headers = dict(signing.sign([NEW, OLD], "msg-1", now(), b"{}"))
    assert headers["webhook-signature"].count("v1,") == 2
    for secret in (OLD, NEW):
        Webhook(secret).verify(b"{}", headers)
        assert signing.fault([secret], headers, b"{}", now=now()) is None
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(b"{}", headers)


def test_section_3_no_secret_no_headers() -> None:
    assert signing.sign([], "msg-1", now(), b"{}") == ()


def test_what_the_reference_library_signs_is_trusted() -> None:
    at = now()
    given = {
        "Webhook-Id": "msg-2",
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": "v1a,unknown " + Webhook(OLD).sign("msg-2", at, "{}"),
    }
    assert signing.fault([NEW, OLD], given, b"{}", now=at) is None


def test_known_value() -> None:
    """The example of the specification's own test vectors."""
    headers = dict(
        signing.sign(
            ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            datetime.fromtimestamp(1614265330, UTC),
            b'{"test": 2432232314}',
        )
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("drift", [timedelta(seconds=-302), timedelta(seconds=302)])
def test_old_and_future_requests_are_refused(drift: timedelta) -> None:
    headers = dict(signing.sign([OLD], "msg-1", now() + drift, b"{}"))
    assert "seconds away" in (signing.fault([OLD], headers, b"{}", now=now()) or "")


def test_a_changed_body_id_or_time_is_refused() -> None:
    at = now()
    headers = dict(signing.sign([OLD], "msg-1", at, b"{}"))
    later = str(int(at.timestamp()) + 1)
    assert signing.fault([OLD], headers, b"{ }", now=at)
    assert signing.fault([OLD], headers | {"webhook-id": "msg-2"}, b"{}", now=at)
    assert signing.fault([OLD], headers | {"webhook-timestamp": later}, b"{}", now=at)
    assert signing.fault([OTHER], headers, b"{}", now=at)
    assert signing.fault([], headers, b"{}", now=at)


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_each_header_is_needed(missing: str) -> None:
    headers = dict(signing.sign([OLD], "msg-1", now(), b"{}"))
    del headers[missing]
    assert "are needed" in (signing.fault([OLD], headers, b"{}", now=now()) or "")


@given(st.text(), st.text(), st.text())
def test_p4_whatever_the_headers_hold_is_a_fault_and_never_an_exception(one: str, two: str, three: str) -> None:
    headers = {"webhook-id": one, "webhook-timestamp": two, "webhook-signature": three}
    assert signing.fault([OLD], headers, b"{}", now=now())
    headers["webhook-timestamp"] = str(int(now().timestamp()))
    assert signing.fault([OLD], headers, b"{}", now=now())


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_§", "whsec_a"])
def test_a_secret_that_is_none_is_named(secret: str) -> None:
    with pytest.raises(ValueError, match="signing secret"):
        signing.sign([secret], "msg-1", now(), b"")
