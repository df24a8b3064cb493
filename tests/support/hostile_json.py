"""Bodies that backends might send: what strict JSON is, what it is not, and what must merely not break anything.

The cases were written for this project after RFC 8259; `mutations` makes hundreds more out of the contract's examples.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from backtalk.backend import contract

_NUMBERS = [
    "0",
    "-0",
    "1",
    "-1",
    "10",
    "1.5",
    "-0.0",
    "1e5",
    "1E+5",
    "1e-5",
    "1.5e300",
    "9223372036854775807",
    "18446744073709551615",
]
_WRONG_NUMBERS = [
    *(
        "+1",
        "01",
        "-01",
        "-",
        ".5",
        "1.",
        "1.e1",
        "1e",
        "1e+",
        "1ee2",
        "0x1F",
        "1_000",
        "1,000.0",
        "--1",
        "1-1",
        "٣",
        "1/2",
        "-a",
    ),
    *("NaN", "-NaN", "nan", "Infinity", "-Infinity", "+Infinity", "inf", "1e400", "-1e400", "1e99999"),
    *("2" * 20, "-9223372036854775809", "1" * 5_000, "-" + "9" * 100_000),
]
_STRINGS = [
    r'""',
    r'"a"',
    r'"\""',
    r'"\\"',
    r'"\/"',
    r'"\b\f\n\r\t"',
    r'"\u00e9"',
    '"é"',
    '"\U0001f34f"',
    r'"\ud83c\udf4f"',
    '"\x7f"',
    '"\u2028"',
    r'"\\u0000"',
    '"// no comment"',
    '"[{"',
]
_WRONG_STRINGS = [
    *(
        '"',
        '"a',
        r'"\"',
        r'"\x41"',
        r'"\a"',
        r'"\u12"',
        r'"\u00g0"',
        r'"\U0041"',
        "'a'",
        '"a\nb"',
        '"a\tb"',
        '"\x00"',
        '"\x1f"',
    ),
    *(r'"\ "', r'"\\\"', "a", "“a”", "`a`", '"a" "b"', '"a"b', '""a', '"\\'),
]
_WRONG_STRUCTURES = [
    *(
        "[",
        "]",
        "{",
        "}",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[,]",
        "[1,,2]",
        "[1 2]",
        "[1}",
        "{]",
        "[1]]",
        "[[1]",
        "[1;2]",
        "(1)",
    ),
    *(
        '{"a"',
        '{"a":',
        '{"a":1',
        '{"a":1,',
        '{"a":1,}',
        "{,}",
        '{"a" 1}',
        '{"a"::1}',
        '{"a":1 "b":2}',
        '{"a";1}',
        "{a:1}",
        "{1:1}",
    ),
    *(
        '{"a":1}}',
        '{"a":}',
        "{:1}",
        '{"a":1,,"b":2}',
        "{'a':1}",
        '{"a"}',
        "{null:1}",
        '{["a"]:1}',
        "{}[]",
        "[]{}",
        "[] []",
        "1 2",
    ),
    *(
        "[1]//",
        "// a\n[1]",
        "/* a */[1]",
        "[1]/**/",
        "# a\n[1]",
        "[1] # a",
        "[1]\n[2]",
        "callback([1])",
        "[1];",
        "--\n[1]",
        "...",
        "[...]",
    ),
    *(
        "true false",
        "True",
        "False",
        "None",
        "TRUE",
        "nul",
        "tru",
        "nullnull",
        "undefined",
        "[undefined]",
        "function(){}",
        "[a]",
    ),
    *(
        "<",
        "<html></html>",
        "<?xml version='1.0'?>",
        "status: ok",
        "a=1&b=2",
        "PK\x03\x04",
        "{{}}",
        "<<api:1>>",
        "\x0c[]",
        "\xa0[]",
        "\u2060[]",
    ),
    *("[]\x00", "\x0b[]", "[\x0c]", "[1]\u00a0"),
]
_BLANK = ["", " ", "\n", " \t\r\n"]
_STRUCTURES = [
    "[]",
    "{}",
    "[[]]",
    "[{}]",
    '{"":0}',
    '{"a":{"b":[1,2,{}]}}',
    " [ 1 , 2 ] ",
    '\t{\r\n"a"\n:\n1}\n',
    "[null,true,false]",
    "null",
    "true",
    "false",
]

NOT_UTF8 = [
    b"\xff",
    b'"\xff"',
    b'"\xc3"',
    b'"\xc3\x28"',
    b'"\xe2\x82"',
    b'"\xf0\x9f\x8d"',
    b'"\xed\xa0\x80"',
    b'"\xc0\xaf"',
    b'"\xf4\x90\x80\x80"',
    b'{"\xe9":1}',
    b"[1]\xff",
    b'"\x80"',
    b'"\xfe\xfe\xff\xff"',
]
OTHER_ENCODINGS = [
    text.encode(encoding)
    for text in ('{"success":true}', "[1, 2]", '"é and more"')
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")
]

VALID = [text.encode() for text in [*_NUMBERS, *_STRINGS, *_STRUCTURES]]
"""Strict JSON that the standard library reads the same way."""


def _inside(text: str) -> Iterator[str]:
    yield text
    yield f"[{text}]"
    yield f'{{"data":{text},"success":true}}'


INVALID = [
    *(text.encode() for text in [*_WRONG_STRUCTURES, *_BLANK]),
    *(wrapped.encode() for text in [*_WRONG_NUMBERS, *_WRONG_STRINGS] for wrapped in _inside(text)),
    *NOT_UTF8,
]
"""What is not strict JSON, or holds numbers that cannot be stored exactly."""

DEEP = [
    opening * depth + closing * depth
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}"), (b'[{"a\\\\\\"]":', b"}]"))
    for depth in (33, 500, 1_024, 100_000)
] + [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 1_048_576]


def mutations() -> Iterator[bytes]:
    """Examples of the contract, damaged: cut, one byte removed, doubled or replaced, at every seventh place."""
    names: tuple[contract.SchemaName, ...] = ("text", "image", "gallery", "buttons")
    for name in names:
        body = json.dumps(contract.example(name)).encode()
        for place in range(0, len(body), 7):
            yield body[:place]
            yield body[:place] + body[place + 1 :]
            yield body[:place] + body[place : place + 1] + body[place:]
            for byte in (b"\x00", b'"', b"\\", b"{", b"]", b"\xff", b"1", b","):
                yield body[:place] + byte + body[place + 1 :]
