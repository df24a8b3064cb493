"""Which addresses may be called: the egress policy, decided on the address that is dialled.

Three rings. *Never*: metadata services, link-local, multicast, reserved addresses, and our own listeners; no setting
opens them. *Closed unless the operator opens them* (BACKTALK_EGRESS_ALLOW): private networks, and loopback, which only an
exact host:port opens. *Open*: public unicast, on ports 80, 443 and from 1024.
"""

import ipaddress
import re
from collections.abc import Sequence
from typing import Final

from backtalk.outbound.target import Address, BadUrl, Target, read_target

SETTING: Final = "BACKTALK_EGRESS_ALLOW"

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(*texts: str) -> tuple[_Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


_PUBLIC_V6: Final = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC: Final = _networks(
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
    *("192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24"),
    *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"),
    *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
)
_NEVER: Final = _networks(
    *("0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "224.0.0.0/3"),  # incl. 192.0.0.192, a metadata service
    *("100.100.100.200/32", "168.63.129.16/32"),  # Alibaba's metadata, Azure's platform: look shared and public
    *("::/128", "fe80::/10", "fec0::/10", "ff00::/8"),
    *("fd00:ec2::/32", "fd20:ce::254/128", "fd00:42::42/128"),  # metadata of AWS, Google, Scaleway over IPv6
    # defensive: an IPv4 address rides inside these, and a gateway would unwrap it behind our back
    *("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"),
)
_METADATA_NAMES: Final = frozenset(
    {
        "instance-data",
        "instance-data.ec2.internal",
        "metadata",
        "metadata.azure.internal",
        "metadata.goog",
        "metadata.google.internal",
        "metadata.packet.net",
        "metadata.platformequinix.com",
        "metadata.tencentyun.com",
        "rancher-metadata",
    }
)
_LOOPBACK: Final = (ipaddress.IPv4Address("127.0.0.1"), ipaddress.IPv6Address("::1"))
_TEMPLATE: Final = re.compile(r"\{\{[^{}]*\}\}")
_REFUSALS_KEPT: Final = 1024
_FIRST_FREE_PORT: Final = 1024
_WEB_PORTS: Final = frozenset({80, 443})

BLOCKED: Final = (
    "This address does not lead to the public internet, so it is not called. Use a public address, "
    f"or ask the operator of this server to allow this one with the setting {SETTING} (host, host:port or network)."
)
_BLOCKED_LOOPBACK: Final = (
    "This address is on the server itself, so it is not called. Use a public address, or ask the operator of this "
    f"server to allow exactly this host and port with the setting {SETTING}, for example 127.0.0.1:3000."
)
_BLOCKED_FOR_EVER: Final = (
    "This address belongs to the server's own platform and is never called. Use the public address of your backend."
)
_BLOCKED_PORT: Final = (
    "This port is not called: 80, 443 and those from 1024 are open. Use one of them, "
    f"or ask the operator of this server to allow exactly this host and port with the setting {SETTING}."
)


def unwrapped(address: Address) -> Address:
    """The IPv4 address inside ::ffff:0:0/96, which is what the system would dial; any other address as it is."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def is_public(address: Address) -> bool:
    """Whether the address is public unicast. Stricter than the standard library's `is_global`, which lets wrapped ones by."""
    address = unwrapped(address)
    if address == ipaddress.IPv4Address("168.63.129.16") or any(address in network for network in _NOT_PUBLIC):
        return False
    if isinstance(address, ipaddress.IPv6Address):
        return address in _PUBLIC_V6
    return address.is_global and not address.is_multicast


def _never(address: Address) -> bool:
    address = unwrapped(address)
    return address not in _LOOPBACK and any(address in network for network in _NEVER)


class EgressPolicy:
    """What may be called. `allow` holds the operator's entries (host, host:port, CIDR), `own` our own host/port pairs.

    Raises ValueError, naming the setting, for an entry that is none of the three.
    """

    def __init__(self, allow: Sequence[str] = (), own: Sequence[tuple[str, int]] = ()) -> None:
        self._networks: list[_Network] = []
        self._hosts: set[str] = set()
        self._endpoints: set[tuple[str | Address, int]] = set()
        for entry in allow:
            self._allow(entry.strip())
        self._own = {(place, port) for host, port in own for place in _places(host)}
        self._refusals: dict[tuple[str, int], str | None] = {}
        self._own_ports = {port for _, port in own}

    def problem_with(self, url: str) -> str | None:
        """For saving: what is wrong with calling this URL, and what would allow it; None when nothing is. No look-ups."""
        try:
            # an attribute in the path or the query becomes one percent-encoded value when the call is made
            head, slash, tail = url.partition("://")
            host, *rest = re.split(r"(?=[/?#])", tail, maxsplit=1)
            target = read_target(head + slash + host + _TEMPLATE.sub("x", "".join(rest)))
        except BadUrl as error:
            return str(error)
        return self.refusal(target)

    def refusal(self, target: Target) -> str | None:
        """Why this target is refused before any look-up, or None. The text depends on nothing but the target itself."""
        place = (target.host, target.port)
        if place not in self._refusals:
            if len(self._refusals) >= _REFUSALS_KEPT:
                self._refusals.clear()
            self._refusals[place] = self._refusal(target)
        return self._refusals[place]

    def _refusal(self, target: Target) -> str | None:
        addresses = literal_addresses(target)
        if addresses:
            if any(self.permits(target, address) for address in addresses):
                return None
            if any(map(_never, addresses)):
                return _BLOCKED_FOR_EVER
            if any(unwrapped(address).is_loopback for address in addresses):
                return _BLOCKED_LOOPBACK
            return _BLOCKED_PORT if any(map(is_public, addresses)) else BLOCKED
        if target.host in _METADATA_NAMES or (target.host, target.port) in self._own:
            return _BLOCKED_FOR_EVER
        if not self._port_open(target.port) and (target.host, target.port) not in self._endpoints:
            return _BLOCKED_PORT
        return None

    def permits(self, target: Target, address: Address) -> bool:
        """Whether a socket may be opened to `address` for this target: asked for every address just before it is dialled."""
        if _never(address):
            return False
        address = unwrapped(address)
        place = (address, target.port)
        if target.host in _METADATA_NAMES or place in self._own or (target.host, target.port) in self._own:
            return False
        if address.is_loopback:
            return place in self._endpoints and target.port not in self._own_ports
        if place in self._endpoints or (target.host, target.port) in self._endpoints:
            return True
        if not self._port_open(target.port):
            return False
        if is_public(address):
            return True
        if target.port in self._own_ports:
            return False
        return target.host in self._hosts or any(address in network for network in self._networks)

    @staticmethod
    def _port_open(port: int) -> bool:
        return port in _WEB_PORTS or port >= _FIRST_FREE_PORT

    def _allow(self, entry: str) -> None:
        try:
            if "/" in entry:
                self._networks.append(ipaddress.ip_network(entry))
                return
            if entry.count(":") > 1 and not entry.startswith("["):
                entry = f"[{entry}]"
            bare = ":" not in entry or entry.endswith("]")  # `host` and `host:80` are different permissions
            target = read_target(f"http://{entry}/")
        except ValueError:
            raise ValueError(
                f"{SETTING}: {entry!r} is not a host, a host:port or a network such as 10.1.0.0/16."
            ) from None
        for place in _places(target.host):
            if not bare:
                self._endpoints.add((place, target.port))
            elif isinstance(place, str):
                self._hosts.add(place)
            else:
                self._networks.append(ipaddress.ip_network(place))


def literal_addresses(target: Target) -> tuple[Address, ...]:
    """The addresses that the target means without asking a name server; empty when one must be asked."""
    if target.address is not None:
        return (target.address,)
    if target.host == "localhost" or target.host.endswith(".localhost"):
        return _LOOPBACK
    return ()


def _places(host: str) -> tuple[str | Address, ...]:
    """A host of the operator's as what is compared: its address when it is one, both loopback addresses for localhost."""
    host = host.strip("[]").lower().removesuffix(".")
    if host == "localhost":
        return _LOOPBACK
    try:
        return (unwrapped(ipaddress.ip_address(host)),)
    except ValueError:
        return (host,)
