"""Opening a connection: look the name up, judge every address, race IPv6 against IPv4, check the certificate by name."""

import asyncio
import ipaddress
import socket
import ssl
from typing import Final

import aiohappyeyeballs

from backtalk.outbound.connection import Connection
from backtalk.outbound.failure import NoReply
from backtalk.outbound.guard import BLOCKED, EgressPolicy, literal_addresses
from backtalk.outbound.resolver import NameServer
from backtalk.outbound.target import Address, Target

_HEAD_START_S: Final = 0.25
"""RFC 8305: how long the first address family may try alone."""
_ADDRESSES_TRIED: Final = 8
_REFUSED: Final = "No connection to the server could be opened. Check that it runs, and that the host and the port of the URL are right."
_TLS_BROKE: Final = "The server broke off while the secure connection was being set up. Check its HTTPS settings."
_CERTIFICATE: Final = {
    10: "The server's certificate has expired. Renew it.",
    18: "The server's certificate is self-signed. Install one from a public authority, such as Let's Encrypt.",
    19: "The server's certificate comes from an authority that is not known. Install one from a public authority, such as Let's Encrypt.",
    20: "The server's certificate comes from an authority that is not known. Install the full chain of certificates.",
    62: "The server's certificate is for another host name. Use the name in the certificate, or install one for this name.",
    64: "The server's certificate is not for this address. Use the host name in the certificate instead of the address.",
}
_CERTIFICATE_OTHER: Final = (
    "The server's certificate is not valid. Install one from a public authority, such as Let's Encrypt."
)
_TLS_OTHER: Final = "No secure connection could be agreed on. Check that https:// and the port are right; the server must speak TLS 1.2."


class ForbiddenAddress(PermissionError):
    """A socket to this address is not opened."""


def tls_context() -> ssl.SSLContext:
    """The context that every call uses: certificates and names checked against the system's authorities, TLS 1.2 at least."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


class Dialler:
    """Opens connections that the policy permits. Raises NoReply for everything the network or the peer does."""

    def __init__(self, policy: EgressPolicy, names: NameServer, tls: ssl.SSLContext) -> None:
        self._policy = policy
        self._names = names
        self._tls = tls

    async def open(self, target: Target) -> Connection:
        """A new connection to the target, TLS included. One look-up; only addresses that it gave are dialled."""
        addresses = literal_addresses(target) or await self._names.addresses(target.host)
        permitted = [address for address in addresses if self._policy.permits(target, address)]
        if not permitted:
            if addresses:
                raise NoReply("blocked_address", self._policy.refusal(target) or BLOCKED)
            raise NoReply("unreachable", _REFUSED)
        sock = await self._connect(target, permitted[:_ADDRESSES_TRIED])
        return await self._start(target, sock)

    async def _connect(self, target: Target, addresses: list[Address]) -> socket.socket:
        def guarded_socket(info: aiohappyeyeballs.AddrInfoType) -> socket.socket:
            # the last look before the system call: whatever came before, this address is the one that is dialled
            if not self._policy.permits(target, ipaddress.ip_address(info[4][0])):
                raise ForbiddenAddress
            sock = socket.socket(info[0], info[1])
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock

        try:
            return await aiohappyeyeballs.start_connection(
                [_dialled(address, target.port) for address in addresses],
                happy_eyeballs_delay=_HEAD_START_S,
                socket_factory=guarded_socket,
            )
        except ForbiddenAddress:
            raise NoReply("blocked_address", BLOCKED) from None
        except (OSError, RuntimeError):  # uvloop raises RuntimeError for some closed sockets
            raise NoReply("unreachable", _REFUSED) from None

    async def _start(self, target: Target, sock: socket.socket) -> Connection:
        loop = asyncio.get_running_loop()
        secure = target.scheme == "https"
        try:
            _, connection = await loop.create_connection(
                lambda: Connection(sock, loop),
                sock=sock,
                ssl=self._tls if secure else None,
                server_hostname=target.host if secure else None,
            )
        except ssl.SSLCertVerificationError as error:
            raise NoReply("tls", _CERTIFICATE.get(error.verify_code, _CERTIFICATE_OTHER)) from None
        except (ssl.SSLError, ssl.CertificateError):
            raise NoReply("tls", _TLS_OTHER) from None
        except OSError:
            raise NoReply("tls" if secure else "unreachable", _TLS_BROKE if secure else _REFUSED) from None
        return connection


def _dialled(address: Address, port: int) -> aiohappyeyeballs.AddrInfoType:
    if isinstance(address, ipaddress.IPv6Address):
        return (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (str(address), port, 0, 0))
    return (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (str(address), port))
