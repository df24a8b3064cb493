"""Names to addresses without blocking: c-ares, with its own time limit; nothing is remembered between attempts."""

import contextlib
import ipaddress
from collections.abc import Sequence
from typing import Protocol

import aiodns

from backtalk.outbound.failure import NoReply
from backtalk.outbound.target import Address

_TRIES = 2
_SLOW = frozenset({aiodns.error.ARES_ETIMEOUT, aiodns.error.ARES_ECANCELLED})


class NameServer(Protocol):
    """What the client needs to know about names; tests bring their own."""

    async def addresses(self, host: str) -> list[Address]: ...

    async def close(self) -> None: ...


class Resolver:
    """Asks the system's name servers (or `servers`, as `address:port`). Made on first use, inside the running loop.

    A look-up that its caller has given up ends by itself after `timeout_s` doubled per try; it holds no thread of ours.
    """

    def __init__(self, *, servers: Sequence[str] = (), timeout_s: float = 1.5) -> None:
        self._servers = tuple(servers)
        self._timeout_s = timeout_s
        self._channel: aiodns.DNSResolver | None = None

    async def addresses(self, host: str) -> list[Address]:
        """All addresses of a name, best first; NoReply when it has none or nobody answers."""
        if self._channel is None:
            self._channel = aiodns.DNSResolver(nameservers=self._servers or None, timeout=self._timeout_s, tries=_TRIES)
        try:
            found = await self._channel.getaddrinfo(host)
        except aiodns.error.DNSError as error:
            if error.args and error.args[0] in _SLOW:
                raise NoReply("timeout", "The name server did not answer in time. Try again later.") from None
            raise NoReply(
                "unreachable",
                "The host name of the URL was not found. Check its spelling, and that it exists on the internet.",
            ) from None
        addresses: list[Address] = []
        for node in found.nodes:
            with contextlib.suppress(ValueError):  # defensive: an answer that is no address is not dialled
                addresses.append(ipaddress.ip_address(node.addr[0].decode("ascii")))
        return list(dict.fromkeys(addresses))

    async def close(self) -> None:
        if self._channel is not None:
            await self._channel.close()
            self._channel = None
