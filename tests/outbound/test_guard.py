"""Which addresses may be called: rows E01, E03, E06 to E10, E17 to E19, E28, E30."""

import ipaddress
import itertools
from collections.abc import Iterator

import pytest

from backtalk.outbound.guard import SETTING, EgressPolicy, is_public
from backtalk.outbound.target import BadUrl, Target, read_target

FORBIDDEN_V4 = [
    "127.0.0.1",
    "169.254.169.254",
    "10.0.0.1",
    "192.168.1.1",
    "172.16.5.4",
    "0.0.0.0",
    "100.64.0.1",
    "127.255.255.254",
]


def spellings(address: str) -> Iterator[str]:
    """An IPv4 address in the forms that some programs take for it."""
    number = int(ipaddress.IPv4Address(address))
    octets = [int(octet) for octet in address.split(".")]
    writings = (
        str,
        hex,
        lambda n: f"0X{n:X}",
        lambda n: f"0{n:o}",
        lambda n: f"0x{n:08x}",
        lambda n: f"{n:04d}",
        lambda n: f"000{n:o}",
    )
    for write in writings:
        yield write(number)
        yield ".".join(write(octet) for octet in octets)
        yield f"{write(octets[0])}.{write(number & 0xFFFFFF)}"
        yield f"{write(octets[0])}.{write(octets[1])}.{write(number & 0xFFFF)}"
        yield f"{octets[0]}.{octets[1]}.{octets[2]}.{write(octets[3])}"
        yield f"{write(octets[0])}.{octets[1]}.{octets[2]}.{octets[3]}"
    yield str(number + 2**32)
    yield ".".join(str(octet + 256) for octet in octets)
    yield "".join(chr(0xFF10 + int(c)) if c.isdigit() else c for c in address)
    yield address.replace(".", "。")
    yield "".join(f"%{ord(c):02x}" for c in address)
    yield f"[::ffff:{address}]"
    yield f"[::{address}]"
    yield f"[64:ff9b::{address}]"
    yield f"[2002:{number >> 16:x}:{number & 0xFFFF:x}::1]"


SPELLINGS = sorted(
    {
        spelling + end
        for address in FORBIDDEN_V4
        for spelling in spellings(address)
        for end in ("", ".")
        if not (end and spelling[0] == "[")
    }
)


def permitted(policy: EgressPolicy, url: str) -> bool:
    """Whether any socket could be opened for a URL with a literal host."""
    try:
        target = read_target(url)
    except BadUrl:
        return False
    return target.address is None or policy.permits(target, target.address)


def test_e03_generated_spellings_of_forbidden_addresses() -> None:
    policy = EgressPolicy()
    assert len(SPELLINGS) > 490
    for spelling, scheme in itertools.product(SPELLINGS, ("http", "https")):
        url = f"{scheme}://{spelling}/"
        assert policy.problem_with(url) is not None, url
        assert not permitted(policy, url), url


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.2.3.4", "172.31.0.9", "192.168.0.1", "[fd12::1]", "localhost", "a.localhost"]
)
def test_e01_a_private_literal_names_the_setting_that_would_allow_it(host: str) -> None:
    assert SETTING in (EgressPolicy().problem_with(f"http://{host}:8080/x") or "")


@pytest.mark.parametrize(
    "address",
    [
        *("::1", "::", "fc00::1", "fdff::1", "fe80::1", "febf::1", "fec0::1", "ff02::1", "ff0e::1"),  # E06
        *("::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "::ffff:10.0.0.1", "::ffff:0:127.0.0.1"),  # E07
        *(
            "0.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.0.8",
            "192.88.99.1",
            "198.18.0.1",
            "198.19.255.255",
        ),  # E09
        *("192.0.2.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
        *("192.31.196.1", "192.52.193.1", "192.175.48.1", "169.254.1.1", "168.63.129.16", "100.100.100.200"),
        *(
            "64:ff9b::808:808",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001:0:7f00:1::",
            "2001:db8::1",
            "3fff::1",
            "100::1",
            "::8.8.8.8",
        ),
        *("2001:10::1", "4000::1", "1fff::1", "5f00::1"),
    ],
)
def test_e06_e07_e09_addresses_that_are_not_public_unicast(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    assert not EgressPolicy().permits(read_target("http://a.example/"), ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "198.20.0.1", "2606:4700::1", "2a00:1450::1", "::ffff:8.8.8.8"],
)
def test_public_addresses_are_open(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))
    assert EgressPolicy().permits(read_target("http://a.example/"), ipaddress.ip_address(address))


OPEN_TO_ALL = (
    "0.0.0.0/0",
    "::/0",
    "metadata.google.internal",
    "metadata",
    "169.254.169.254",
    "100.100.100.200:80",
    "168.63.129.16:80",
)


@pytest.mark.parametrize(
    "host",
    [
        *(
            "168.63.129.16",
            "100.100.100.200",
            "[fd00:ec2::254]",
            "169.254.169.254",
            "169.254.170.2",
            "192.0.0.192",
            "[fe80::1]",
        ),
        *(
            "metadata.google.internal",
            "METADATA.google.internal.",
            "metadata",
            "instance-data",
            "[::ffff:169.254.169.254]",
            "0.0.0.0",
            "[::]",
        ),
    ],
)
def test_e10_metadata_stays_closed_whatever_the_operator_allows(host: str) -> None:
    policy = EgressPolicy(OPEN_TO_ALL)
    url = f"http://{host}/latest"
    assert policy.problem_with(url) is not None
    target = read_target(url)
    assert not policy.permits(target, target.address or ipaddress.ip_address("8.8.8.8"))


def test_e28_only_the_range_that_the_operator_allows_opens() -> None:
    policy = EgressPolicy(["10.1.0.0/16"], own=[("10.1.0.9", 5432), ("127.0.0.1", 8420)])
    assert policy.problem_with("http://10.1.2.3/") is None
    for closed in (
        "10.2.0.1",
        "127.0.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "10.1.0.9:5432",
        "10.1.7.7:8420",
        "10.1.2.3:22",
    ):
        assert policy.problem_with(f"http://{closed}/") is not None, closed
        assert not permitted(policy, f"http://{closed}/"), closed


@pytest.mark.parametrize("entry", ["0.0.0.0/0", "127.0.0.0/8", "127.0.0.1", "localhost", "::1", "[::1]", "::/0"])
def test_loopback_is_not_opened_by_a_network_or_a_bare_host(entry: str) -> None:
    policy = EgressPolicy([entry])
    for host in ("127.0.0.1", "localhost", "[::1]"):
        assert not permitted(policy, f"http://{host}:3000/") or host == "localhost"
        assert "exactly" in (policy.problem_with(f"http://{host}:3000/") or ""), host


@pytest.mark.parametrize("entry", ["127.0.0.1:3000", " localhost:3000 ", "LOCALHOST:3000"])
def test_loopback_is_opened_by_exactly_one_port(entry: str) -> None:
    policy = EgressPolicy([entry])
    assert policy.problem_with("http://127.0.0.1:3000/x") is None
    assert policy.problem_with("http://localhost:3000/x") is None
    assert policy.problem_with("http://127.0.0.1:3001/x") is not None
    assert policy.problem_with("http://127.0.0.2:3000/x") is not None
    assert EgressPolicy(["[::1]:3000"]).problem_with("http://[::1]:3000/") is None


@pytest.mark.parametrize(
    "own", [("127.0.0.1", 8420), ("localhost", 8420), ("0.0.0.0", 8420), ("::1", 8420), ("", 8420)]
)
def test_e19_our_own_listener_is_never_reached_over_loopback(own: tuple[str, int]) -> None:
    policy = EgressPolicy(["127.0.0.1:8420", "localhost:8420", "[::1]:8420"], own=[own])
    for host in ("127.0.0.1", "localhost", "[::1]"):
        assert policy.problem_with(f"http://{host}:8420/") is not None


def test_e19_our_own_database_is_never_reached_by_its_name() -> None:
    policy = EgressPolicy(["db.internal", "10.0.0.0/8", "db.internal:5432"], own=[("db.internal", 5432)])
    assert policy.problem_with("http://db.internal:5432/") is not None
    assert not policy.permits(read_target("http://db.internal:5432/"), ipaddress.ip_address("10.0.0.9"))
    assert not policy.permits(read_target("http://other.internal:5432/"), ipaddress.ip_address("10.0.0.9"))


@pytest.mark.parametrize(
    ("port", "fine"),
    [
        (80, True),
        (443, True),
        (1024, True),
        (8443, True),
        (65535, True),
        (22, False),
        (25, False),
        (1023, False),
        (445, False),
    ],
)
def test_e19_ports_on_public_addresses(port: int, fine: bool) -> None:
    for host in ("a.example", "8.8.8.8"):
        problem = EgressPolicy().problem_with(f"http://{host}:{port}/")
        assert problem is None if fine else SETTING in (problem or ""), host
        assert EgressPolicy([f"{host}:{port}"]).problem_with(f"http://{host}:{port}/") is None
    assert EgressPolicy().permits(read_target(f"http://a.example:{port}/"), ipaddress.ip_address("8.8.8.8")) is fine


def test_a_host_that_the_operator_allows_may_be_private() -> None:
    policy = EgressPolicy(["backend", "crm.internal:8080", "10.9.9.9"])
    private = ipaddress.ip_address("10.0.0.7")
    assert policy.permits(read_target("http://backend:3000/"), private)
    assert policy.permits(read_target("http://crm.internal:8080/"), private)
    assert not policy.permits(read_target("http://crm.internal/"), private)
    assert not policy.permits(read_target("http://evil.example/"), private)
    assert not policy.permits(read_target("http://backend:3000/"), ipaddress.ip_address("127.0.0.1"))
    assert policy.problem_with("http://10.9.9.9/") is None


@pytest.mark.parametrize("entry", ["", "http://a", "a/b", "10.0.0.1/8", "a b", "a:99999", "user@a", "1.2.3", "[::1"])
def test_o06_an_entry_that_cannot_be_read_names_the_setting(entry: str) -> None:
    with pytest.raises(ValueError, match=SETTING):
        EgressPolicy([entry])


@pytest.mark.parametrize(
    "url", ["https://a.example/{{first name}}/x?q={{email}}", "https://a.example?{{a}}", "https://a.example/"]
)
def test_a_url_with_attributes_behind_the_host_is_fine(url: str) -> None:
    assert EgressPolicy().problem_with(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://{{host}}/",
        "https://a.{{x}}/",
        "https://a.example:{{port}}/",
        "{{url}}",
        "ftp://a.example/",
        "http://u:p@a.example/",
    ],
)
def test_e17_e18_what_cannot_be_saved_has_a_sentence(url: str) -> None:
    assert (EgressPolicy().problem_with(url) or "").endswith(".")


def test_e30_the_text_depends_on_the_address_alone() -> None:
    policy = EgressPolicy()
    texts = {policy.refusal(read_target(f"http://10.0.0.{n}:{port}/{n}")) for n in (1, 2) for port in (80, 5432, 9)}
    assert len(texts) == 1
    assert isinstance(read_target("http://10.0.0.1/"), Target)
