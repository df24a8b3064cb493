"""Saving an API: CONTRACT.md section 1 and the rows of RELIABILITY.md that a form can see."""

from __future__ import annotations

from typing import Any

import pytest

from backtalk.backend import form
from backtalk.backend.form import api_problems
from backtalk.engine.customer import DOCUMENTED_NAMES
from backtalk.engine.reply import OnFailure

GOOD: dict[str, Any] = {
    "name": "Shop",
    "method": "POST",
    "url": "https://shop.example/hook",
    "headers": [("X-Secret-Token", "s3cret")],
}


def found(**changes: Any) -> list[tuple[str, str | None]]:
    problems = api_problems(**(GOOD | changes))
    assert all(problem.message.endswith(".") for problem in problems)
    return [(problem.code, problem.where.field) for problem in problems]


def test_a_good_api_has_no_problems() -> None:
    assert found() == []
    assert found(output="gallery", timeout_s=0.5, on_failure=OnFailure(say="Later, please."), method="GET") == []
    assert found(headers=[("Authorization", None)], params=[("q", "{{city}}")]) == []


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\nb"])
def test_section_1_name(name: str) -> None:
    assert found(name=name) == [("name", "name")]


def test_section_1_name_is_judged_trimmed() -> None:
    assert found(name=" " + "x" * 80 + " ") == []


@pytest.mark.parametrize("method", ["", "get", "HEAD", "TRACE"])
def test_section_1_method(method: str) -> None:
    assert found(method=method) == [("method", "method")]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_section_1_the_five_methods(method: str) -> None:
    assert found(method=method) == []


@pytest.mark.parametrize("timeout_s", [0.49, 5.01, 0, -1, float("nan"), float("inf")])
def test_section_1_timeout(timeout_s: float) -> None:
    assert found(timeout_s=timeout_s) == [("timeout", "timeout_s")]


def test_section_1_output() -> None:
    assert found(output="carousel") == [("output", "output")]
    for output in (None, *form.OUTPUTS):
        assert found(output=output) == []


@pytest.mark.parametrize(
    "url",
    [
        *("", "shop.example/hook", "//shop.example/hook", "/hook", "https:shop.example", "https:/shop.example"),
        *("ftp://a.example/", "file:///etc/passwd", "gopher://a.example/", "data:text/plain,x", "javascript:alert(1)"),
        *("ws://a.example/", "unix:///run/x.sock", "http+unix://x/", "mailto:a@b.example"),
    ],
)
def test_e17_section_1_other_schemes(url: str) -> None:
    assert found(url=url) == [("url", "url")]


@pytest.mark.parametrize(
    "url",
    [
        "https://",
        "https:///path",
        "https://?q",
        "http://:80/",
        "http://a.example:99999/",
        "http://a.example:x/",
        "http://[::1/",
    ],
)
def test_section_1_url_without_a_usable_host(url: str) -> None:
    assert found(url=url) == [("url", "url")]


@pytest.mark.parametrize(
    "url", ["https://user:password@a.example/", "https://user@a.example/", "https://a.example@b.example/"]
)
def test_e18_a_password_in_the_url_is_refused_with_advice(url: str) -> None:
    (problem,) = api_problems(**(GOOD | {"url": url}))
    assert "secret header" in problem.hint
    assert "password@" not in problem.message + problem.hint


@pytest.mark.parametrize(
    "character", ["\0", "\t", "\r", "\n", " ", "\\", "\x7f", "\xa0", "\u2028", "\u3000", "\u200b", "\ufeff", "\ud800"]
)
@pytest.mark.parametrize(
    "url", ["http://127.0.0.1{}.example.com/", "https://a.example/a{}b", "https://a.example/{{{{x}}}}?q={}"]
)
def test_e05_control_characters_and_blanks_in_the_url(url: str, character: str) -> None:
    assert found(url=url.format(character)) == [("url", "url")]


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/x?y=1&z",
        "HTTPS://A.example:8443/x",
        "http://[2001:db8::1]:8000/",
        "https://a.example/{{city}}?q={{full name}}",
        "https://müller.example/straße",
    ],
)
def test_section_1_good_urls(url: str) -> None:
    assert found(url=url) == []


@pytest.mark.parametrize(
    "url",
    [
        *("https://{{host}}/", "https://{{host}}.example/", "https://a.example{{x}}/", "https://a.example:{{port}}/"),
        *(
            "https://{{a/b}}.example/",
            "https://<<api:1>>/",
            "{{scheme}}://a.example/",
            "{{url}}",
            "https://{{a}}@b.example/",
        ),
    ],
)
def test_section_1_a_template_cannot_change_the_host(url: str) -> None:
    assert found(url=url) == [("url", "url")]


def test_section_1_what_an_api_answered_is_not_part_of_a_url_or_a_param() -> None:
    assert found(url="https://a.example/<<api:1>>") == [("url", "url")]
    assert found(params=[("q", "<<api:1>>")]) == [("param_value", "params.0.value")]


def test_section_1_no_header_is_a_warning_in_the_words_of_the_product() -> None:
    (problem,) = api_problems(**(GOOD | {"headers": []}))
    assert problem.severity == "warning"
    assert problem.message == "Always use a secret header token to protect your API end from unwanted usage."


def test_section_1_at_most_20_headers_and_50_params() -> None:
    assert found(headers=[(f"X-{i}", "v") for i in range(20)], params=[(f"p{i}", "v") for i in range(50)]) == []
    assert found(headers=[(f"X-{i}", "v") for i in range(21)]) == [("too_many_headers", "headers")]
    assert found(params=[(f"p{i}", "v") for i in range(51)]) == [("too_many_params", "params")]


@pytest.mark.parametrize("name", ["", "X Token", "X:Token", "X\r\nHost", "Tökén", "X\0", "(x)", "X-Token\n", "x" * 129])
def test_e22_header_names_are_tokens(name: str) -> None:
    assert found(headers=[(name, "v")]) == [("header_name", "headers.0.name")]


@pytest.mark.parametrize(
    "value", ["", " ", "a\r\nHost: b", "a\nb", "a\rb", "a\0b", "ü", " a", "a ", "a\n", "\ud800", "x" * 4097]
)
def test_e22_header_values_are_one_line(value: str) -> None:
    assert found(headers=[("X-Token", value)]) == [("header_value", "headers.0.value")]


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Host",
            "content-length",
            "TRANSFER-ENCODING",
            "Connection",
            "Keep-Alive",
            "TE",
            "Trailer",
            "Upgrade",
            "Expect",
        ),
        *("Proxy-Authorization", "proxy-anything", "X-Forwarded-For", "x-forwarded-host", "Forwarded", "X-Real-IP"),
        *("Metadata-Flavor", "Metadata", "X-aws-ec2-metadata-token", "X-aws-ec2-metadata-token-ttl-seconds"),
        *("User-Agent", "Accept", "Accept-Encoding", "Content-Type", "Idempotency-Key"),
        *("Backtalk-Deadline-Ms", "Backtalk-Callback-Url", "webhook-id", "Webhook-Signature"),
    ],
)
def test_e23_headers_that_steer_the_connection_or_are_ours(name: str) -> None:
    assert found(headers=[(name, "v")]) == [("header_refused", "headers.0.name")]


def test_e23_ordinary_headers_are_fine() -> None:
    assert (
        found(headers=[("Authorization", "Bearer a.b-c"), ("Cookie", "session=1"), ("X-Api-Key", "k"), ("Origin", "x")])
        == []
    )


def test_a_header_twice_whatever_its_case() -> None:
    assert found(headers=[("X-Token", "a"), ("x-token", "b")]) == [("header_twice", "headers.1.name")]


def test_section_1_no_template_in_header_values() -> None:
    assert found(headers=[("X-Token", "{{city}}")]) == [("header_value", "headers.0.value")]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", sorted(DOCUMENTED_NAMES))
def test_section_1_documented_names_are_refused_as_params(name: str, method: str) -> None:
    assert found(params=[(name, "x")], method=method) == [("param_refused", "params.0.name")]


@pytest.mark.parametrize("name", ["", " ", " a", "a\0", "a\nb", "x" * 129])
def test_param_names(name: str) -> None:
    assert found(params=[(name, "x")]) == [("param_name", "params.0.name")]


def test_a_param_twice_is_a_problem_in_a_body_only() -> None:
    twice = [("tag", "a"), ("tag", "b")]
    assert found(params=twice) == [("param_twice", "params.1.name")]
    assert found(params=twice, method="GET") == []


def test_param_values_are_bounded() -> None:
    assert found(params=[("q", "x" * 4097)]) == [("param_value", "params.0.value")]
    assert found(url="https://a.example/" + "x" * 4096) == [("url", "url")]


@pytest.mark.parametrize("on_failure", [OnFailure(), OnFailure(say=" "), OnFailure(say="x" * 2001)])
def test_section_1_on_failure_says_or_jumps(on_failure: OnFailure) -> None:
    assert [code for code, _ in found(on_failure=on_failure)] == ["on_failure"]
    assert found(on_failure=OnFailure(sequence=3)) == []


def test_all_problems_are_told_at_once() -> None:
    assert len(found(name="", method="x", url="x", headers=[("a b", "\n")], params=[("uid", "")], timeout_s=9)) == 7
