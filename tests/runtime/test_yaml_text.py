from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtalk.errors import Invalid, TooLarge
from backtalk.runtime import yaml_text

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(alphabet=st.characters(exclude_characters="\x00", codec="utf-8")), JSON, max_size=4))
def test_what_is_dumped_loads_the_same(value: dict[str, Any]) -> None:
    clean = json.loads(json.dumps(value).replace("\\u0000", "?"))
    assert json.dumps(yaml_text.load(yaml_text.dump(clean).encode())) == json.dumps(clean)


@pytest.mark.parametrize(
    "word",
    [
        "no",
        "yes",
        "on",
        "~",
        "null",
        "NULL",
        "1e5",
        "1.5e5",
        "0x1f",
        "017",
        "1_000",
        "12:30",
        "=",
        "<<",
        ".inf",
        "-",
        "2020-01-01",
        "1.",
        ".5",
        "+1",
        "0o7",
        "",
    ],
)
def test_words_that_other_readers_take_for_something_else_stay_texts(word: str) -> None:
    assert yaml_text.load(yaml_text.dump({"a": word}).encode()) == {"a": word}


def test_a_text_of_several_lines_stands_as_such() -> None:
    assert yaml_text.dump({"a": "one\ntwo"}) == "a: |-\n  one\n  two\n"


def test_an_unquoted_no_and_a_date_are_texts() -> None:
    assert yaml_text.load(b"{a: no, b: 2020-01-01, c: 12:30}") == {"a": "no", "b": "2020-01-01", "c": "12:30"}


BILLION = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(BILLION.encode(), id="alias bomb"),
        pytest.param(b"a: &x 1\n", id="anchor"),
        pytest.param(b"a: &x\n  - *x\n", id="a list that holds itself"),
        pytest.param(b"!!python/object/apply:os.system ['true']", id="code"),
        pytest.param(b"a: !!binary aGVsbG8=", id="binary"),
        pytest.param(b"a: !include /etc/passwd", id="path"),
        pytest.param(b"[" * 100_000, id="depth"),
        pytest.param(b"- " * 40 + b"x", id="depth in blocks"),
        pytest.param(b"{a: 1, a: 2}", id="double key"),
        pytest.param(b"{1: x}", id="key that is a number"),
        pytest.param(b"? [a]\n: b", id="key that is a list"),
        pytest.param(b"a: \xff\xfe", id="not UTF-8"),
        pytest.param(b"a: \x00", id="NUL"),
        pytest.param(b"\x80\x04\x95.", id="pickle"),
        pytest.param(b"a: 'open", id="unclosed"),
        pytest.param(b"--- 1\n--- 2\n", id="two documents"),
        pytest.param(b"a: 1.0e+999", id="infinite"),
        pytest.param(b"[" + b"1," * 600_000 + b"]", id="too many values"),
    ],
)
def test_n14_what_is_more_than_plain_data_is_refused(data: bytes) -> None:
    began = time.perf_counter()
    with pytest.raises(Invalid) as caught:
        yaml_text.load(data)
    assert caught.value.problems[0].code == "bad_yaml"
    assert time.perf_counter() - began < 5


def test_n14_50_mb_are_refused_unread() -> None:
    with pytest.raises(TooLarge):
        yaml_text.load(b"a" * 50_000_000)


def test_the_place_of_a_mistake_is_named() -> None:
    with pytest.raises(Invalid, match="line 2, column 4"):
        yaml_text.load(b"a: 1\nb: &x 2\n")


def test_unstorable_characters_are_replaced() -> None:
    assert yaml_text.load(b'a: "\\0x"') == {"a": "\ufffdx"}


def test_braces_without_quotes_are_explained() -> None:
    with pytest.raises(Invalid, match=r"line 1, column 8: a brace opens a mapping here; .* in quotes"):
        yaml_text.load(b"note: {{topic}}")
