"""Opening connections: rows E02, E07, E12, E26, E27, E29, E30, T04, T06."""

import asyncio
import contextlib
import datetime as dt
import socket
import ssl
import warnings
from pathlib import Path

import pytest
import trustme

from backtalk.outbound.dial import Dialler, tls_context
from backtalk.outbound.failure import NoReply
from backtalk.outbound.guard import EgressPolicy
from backtalk.outbound.target import read_target
from tests.support.doors import Names, door, failure, send
from tests.support.hostile_server import answer, answers, black_hole, closed_port, hostile_server, silent

NAME = "shop.example.com"


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Collects every address that anything tries to connect to, and connects to none."""
    dialled: list[object] = []

    def connect(_socket: socket.socket, place: object) -> int:
        dialled.append(place)
        return 0

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", connect)
    return dialled


def authority(*trusted: trustme.CA) -> ssl.SSLContext:
    """The door's own context, with authorities of a test added."""
    context = tls_context()
    for ca in trusted:
        ca.configure_trust(context)
    return context


def server_side(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.mark.parametrize(
    "address",
    [
        *(
            "10.0.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "::1",
            "fe80::1",
            "fd00::1",
            "::ffff:127.0.0.1",
            "::ffff:a9fe:a9fe",
        ),
        *("0.0.0.0", "::", "64:ff9b::7f00:1", "100.64.0.1", "168.63.129.16", "224.0.0.1"),
    ],
)
async def test_e02_e07_a_name_for_a_forbidden_address_opens_no_socket(address: str, no_sockets: list[object]) -> None:
    dialler = Dialler(EgressPolicy(), Names([address]), tls_context())
    with pytest.raises(NoReply) as caught:
        await dialler.open(read_target(f"https://{NAME}/"))
    assert caught.value.kind == "blocked_address"
    assert address not in caught.value.message
    assert no_sockets == []


async def test_e02_of_several_addresses_only_the_permitted_are_dialled() -> None:
    async with (
        hostile_server(answers(answer())) as server,
        door(server.endpoint, names=Names(["10.0.0.1", "127.0.0.1"])) as outbound,
    ):
        result = await send(outbound, f"http://{NAME}:{server.port}/")
        assert (result.status, server.connections) == (200, 1)


async def test_e12_each_new_connection_is_judged_by_its_own_look_up() -> None:
    names = Names(["127.0.0.1"], ["10.0.0.1"])
    closing = answer(headers=b"Connection: close\r\n")
    async with hostile_server(answers(closing)) as server, door(server.endpoint, names=names) as outbound:
        url = f"http://{NAME}:{server.port}/"
        assert (await send(outbound, url)).status == 200
        assert (await failure(outbound, url)).kind == "blocked_address"
        assert (server.connections, len(names.asked)) == (1, 2)


async def test_e12_the_address_is_judged_again_at_the_socket(
    monkeypatch: pytest.MonkeyPatch, no_sockets: list[object]
) -> None:
    verdicts = iter([True, False])
    monkeypatch.setattr(EgressPolicy, "permits", lambda *_: next(verdicts))
    dialler = Dialler(EgressPolicy(), Names(["8.8.8.8"]), tls_context())
    with pytest.raises(NoReply) as caught:
        await dialler.open(read_target(f"http://{NAME}/"))
    assert caught.value.kind == "blocked_address"
    assert no_sockets == []


async def test_e30_open_closed_and_absent_look_the_same_behind_the_guard() -> None:
    async with hostile_server(answers(answer())) as server, door() as outbound:
        urls = [server.url, f"http://127.0.0.1:{closed_port()}/", "http://127.9.9.9:8080/"]
        results = [await failure(outbound, url) for url in urls]
        assert {(result.kind, result.message) for result in results} == {("blocked_address", results[0].message)}
        assert max(result.ms for result in results) < 50
        assert server.connections == 0
        outbound._dialler._names = Names(["127.0.0.1"])
        named = [await failure(outbound, f"http://{NAME}:{port}/") for port in (server.port, closed_port())]
        assert len({(result.kind, result.message) for result in named}) == 1
        assert server.connections == 0


async def test_a_closed_port_that_is_allowed_is_unreachable() -> None:
    port = closed_port()
    async with door(f"127.0.0.1:{port}") as outbound:
        assert (await failure(outbound, f"http://127.0.0.1:{port}/")).kind == "unreachable"


async def test_a_name_without_addresses_is_unreachable() -> None:
    async with door(names=Names([])) as outbound:
        assert (await failure(outbound, f"http://{NAME}/")).kind == "unreachable"


async def test_e29_a_black_holed_address_does_not_cost_the_call() -> None:
    async with hostile_server(answers(answer())) as server:
        with black_hole("::1", server.port):
            names = Names(["::1", "127.0.0.1"])
            async with door(server.endpoint, f"[::1]:{server.port}", names=names) as outbound:
                result = await send(outbound, f"http://{NAME}:{server.port}/", timeout_s=2)
                assert result.status == 200
                assert result.ms < 1000


async def test_t04_a_black_holed_target_ends_at_the_deadline() -> None:
    with black_hole() as port:
        async with door(f"127.0.0.1:{port}") as outbound:
            result = await failure(outbound, f"http://127.0.0.1:{port}/", timeout_s=0.2)
            assert result.kind == "timeout"
            assert 190 <= result.ms < 500


async def test_t06_a_stalled_handshake_ends_at_the_deadline() -> None:
    async with hostile_server(silent) as server, door(server.endpoint) as outbound:
        result = await failure(outbound, f"https://127.0.0.1:{server.port}/", timeout_s=0.2)
        assert result.kind == "timeout"
        assert 190 <= result.ms < 500


async def test_e27_the_name_is_used_for_sni_certificate_and_host() -> None:
    ca = trustme.CA()
    asked: list[str | None] = []
    context = server_side(ca.issue_cert(NAME))
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    async with (
        hostile_server(answers(answer()), tls=context) as server,
        door(server.endpoint, names=Names(["127.0.0.1"]), tls=authority(ca)) as outbound,
    ):
        for _ in range(2):
            assert (await send(outbound, f"https://{NAME}:{server.port}/", timeout_s=2)).status == 200
        assert asked == [NAME]
        assert server.connections == 1
        assert f"\r\nHost: {NAME}:{server.port}\r\n".encode() in server.requests[0]


PAST = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("fault", "cure"),
    [
        ("unknown", "authority"),
        ("expired", "expired"),
        ("wrong-name", "another host name"),
        ("self-signed", "self-signed"),
    ],
)
async def test_e26_a_certificate_that_is_not_valid(fault: str, cure: str) -> None:
    ca = trustme.CA()
    certificate = {
        "unknown": lambda: trustme.CA().issue_cert(NAME),
        "expired": lambda: ca.issue_cert(NAME, not_before=PAST, not_after=PAST + dt.timedelta(days=1)),
        "wrong-name": lambda: ca.issue_cert("other.example.com"),
        "self-signed": lambda: ca.issue_cert(NAME),
    }[fault]()
    context = server_side(certificate)
    if fault == "self-signed":
        context = _self_signed()
    async with (
        hostile_server(answers(answer()), tls=context) as server,
        door(server.endpoint, names=Names(["127.0.0.1"]), tls=authority(ca)) as outbound,
    ):
        result = await failure(outbound, f"https://{NAME}:{server.port}/", timeout_s=2)
        assert result.kind == "tls"
        assert cure in result.message
        assert server.requests == []


def _self_signed() -> ssl.SSLContext:
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with ca.cert_pem.tempfile() as certificate, ca.private_key_pem.tempfile() as key:
        context.load_cert_chain(certificate, key)
    return context


async def test_e26_tls_1_0_only() -> None:
    ca = trustme.CA()
    context = server_side(ca.issue_cert(NAME))
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    async with (
        hostile_server(answers(answer()), tls=context) as server,
        door(server.endpoint, names=Names(["127.0.0.1"]), tls=authority(ca)) as outbound,
    ):
        assert (await failure(outbound, f"https://{NAME}:{server.port}/", timeout_s=2)).kind == "tls"


async def test_e26_plain_http_on_the_https_port() -> None:
    async with (
        hostile_server(lambda peer: peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server,
        door(server.endpoint) as outbound,
    ):
        assert (await failure(outbound, f"https://127.0.0.1:{server.port}/")).kind == "tls"


def test_e26_the_context_that_every_call_uses() -> None:
    context = tls_context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


async def test_o02_dialling_that_is_given_up_leaves_no_socket() -> None:
    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    with black_hole() as port:
        policy = EgressPolicy([f"127.0.0.1:{port}"])
        dialler = Dialler(policy, Names([]), tls_context())
        before, tasks = descriptors(), len(asyncio.all_tasks())
        for _ in range(20):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(dialler.open(read_target(f"http://127.0.0.1:{port}/")), 0.005)
        assert (descriptors(), len(asyncio.all_tasks())) == (before, tasks)
