"""URLs become one place or are refused: rows E03 to E05, E17, E18."""

import pytest

from backtalk.outbound.target import URL_LIMIT, BadUrl, read_target


@pytest.mark.parametrize(
    ("url", "host", "port", "path", "authority"),
    [
        ("https://shop.example.com", "shop.example.com", 443, "/", "shop.example.com"),
        ("HTTP://Shop.Example.COM./a?b=1#c", "shop.example.com", 80, "/a?b=1", "shop.example.com"),
        ("http://a.example:8080?x", "a.example", 8080, "/?x", "a.example:8080"),
        (
            "https://müller.example/straße?q=ä",
            "xn--mller-kva.example",
            443,
            "/stra%C3%9Fe?q=%C3%A4",
            "xn--mller-kva.example",
        ),
        ("http://[2606:4700::1]:81/x%20y", "2606:4700::1", 81, "/x%20y", "[2606:4700::1]:81"),
        ("http://8.8.8.8./", "8.8.8.8", 80, "/", "8.8.8.8"),
        ("http://back_end:3000/", "back_end", 3000, "/", "back_end:3000"),
    ],
)
def test_a_url_names_one_place(url: str, host: str, port: int, path: str, authority: str) -> None:
    target = read_target(url)
    assert (target.host, target.port, target.path, target.authority) == (host, port, path, authority)


@pytest.mark.parametrize("host", ["①②⑦.⓪.⓪.①", "\uff11\uff12\uff17.0.0.1", "127。0。0。1", "127\uff0e0\uff0e0\uff0e1"])
def test_e04_other_digits_and_full_stops_are_normalised_first(host: str) -> None:
    assert str(read_target(f"http://{host}/").address) == "127.0.0.1"


@pytest.mark.parametrize("character", ["\0", "\t", "\r", "\n", " ", "\\", "\x7f", "\x85", "\xa0", "\u2028", "\ufeff"])
@pytest.mark.parametrize("url", ["http://127.0.0.1{}.example.com/", "http://a.example/{}x", "{}http://a.example/"])
def test_e05_control_characters_spaces_and_backslashes_are_refused(url: str, character: str) -> None:
    with pytest.raises(BadUrl, match="invisible"):
        read_target(url.format(character))


@pytest.mark.parametrize(
    "url",
    [
        *("file:///etc/passwd", "gopher://a.example/", "ftp://a.example/", "data:text/plain,x", "javascript:alert(1)"),
        *(
            "ws://a.example/",
            "unix:///run/x.sock",
            "//a.example/",
            "a.example",
            "",
            "http:a.example",
            "http:///x",
            "https//a",
        ),
    ],
)
def test_e17_other_schemes_are_refused(url: str) -> None:
    with pytest.raises(BadUrl):
        read_target(url)


@pytest.mark.parametrize(
    "url", ["http://user:pass-word@a.example/", "http://user@a.example/", "http://a.example@10.0.0.1/"]
)
def test_e18_a_password_in_the_url_is_refused_with_advice_and_not_repeated(url: str) -> None:
    with pytest.raises(BadUrl, match="header") as caught:
        read_target(url)
    assert "pass-word" not in str(caught.value)


@pytest.mark.parametrize(
    "host",
    [
        *("a..b", "-a.example", "a-.example", ".a", "a" * 64 + ".example", "%31%32%37.0.0.1", "a,b", "{{host}}", "a:b"),
        *(
            "a.example:",
            "a.example:0",
            "a.example:65536",
            "a.example:999999",
            "[::1",
            "[::1]x",
            "[fe80::1%25eth0]",
            "[::1%lo]",
        ),
        *(
            "1.2.3",
            "0x7f.1",
            "127.0.0.1.1",
            "127.0.0.01",
            "2130706433",
            "0",
            "a.0x1",
            "1.2.3.256",
            "\u202e.example",
            "x." * 130,
        ),
    ],
)
def test_e03_hosts_without_one_plain_meaning_are_refused(host: str) -> None:
    with pytest.raises(BadUrl):
        read_target(f"http://{host}/")


def test_a_long_url_and_a_broken_character_are_refused() -> None:
    with pytest.raises(BadUrl, match="longer"):
        read_target("http://a.example/" + "x" * URL_LIMIT)
    with pytest.raises(BadUrl, match="broken"):
        read_target("http://a.example/\ud800")
