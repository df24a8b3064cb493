"""Reading a URL into the place that is to be called: strict, without look-ups, one meaning per text.

Anything that two readers could understand differently (short or octal addresses, control characters, backslashes,
userinfo) is refused here, so that the guard judges exactly what will be dialled.
"""

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

import idna

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

URL_LIMIT = 16_384
HOST_LIMIT = 253

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)(/[^?#]*)?(\?[^#]*)?(?:#.*)?")
_AMBIGUOUS = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029\ufeff]")
_BRACKETED = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::([0-9]{1,5}))?")
_NAMED = re.compile(r"([^:\[\]]+)(?::([0-9]{1,5}))?")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_BAD_HOST = "The URL's host is not valid. Write it as in https://shop.example.com/path."
_PATH_SAFE = "/%:@!$&'()*+,;=-._~?[]|{}^\"<>`"


class BadUrl(ValueError):
    """The text is not a URL that can be called; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes. `host` is lower case ASCII; `address` is set when the host is a literal address."""

    scheme: str
    host: str
    port: int
    path: str
    address: Address | None = None

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if self.address is not None and self.address.version == 6 else self.host  # noqa: PLR2004 - IPv6
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def read_target(url: str) -> Target:
    """The place that `url` names; BadUrl when it is not an absolute http(s) URL with exactly one meaning."""
    if len(url) > URL_LIMIT:
        raise BadUrl(f"The URL is longer than {URL_LIMIT} characters.")
    if _AMBIGUOUS.search(url):
        raise BadUrl(
            "The URL holds a space, a line break, a backslash or another invisible character. Remove it, or write it percent-encoded."
        )
    parts = _URL.fullmatch(url)
    if parts is None or parts[1].lower() not in _DEFAULT_PORTS:
        raise BadUrl("The URL must begin with https:// or http://, followed by a host name.")
    path = (parts[3] or "/") + (parts[4] or "")
    if not path.isascii():
        try:
            path = quote(path, safe=_PATH_SAFE)
        except UnicodeEncodeError:
            raise BadUrl("The URL holds a broken character. Type it again.") from None
    origin = _origin(parts[1].lower(), parts[2])
    return Target(origin.scheme, origin.host, origin.port, path, origin.address)


@lru_cache(maxsize=1024)  # the same few hosts are called again and again
def _origin(scheme: str, authority: str) -> Target:
    host, port = _host_and_port(authority, _DEFAULT_PORTS[scheme])
    host = _in_ascii(host)
    address = _literal(host)
    if address is None and not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise BadUrl(_BAD_HOST)
    return Target(scheme, str(address) if address is not None else host, port, "/", address)


def _host_and_port(authority: str, default_port: int) -> tuple[str, int]:
    if "@" in authority:
        raise BadUrl(
            "The URL holds a user name or a password. Remove it, and send the secret in a header (Add Header) instead."
        )
    if "{{" in authority:
        raise BadUrl("An attribute cannot stand in the host of the URL. Write the host out; attributes may follow it.")
    parts = _BRACKETED.fullmatch(authority) or _NAMED.fullmatch(authority)
    if parts is None or len(parts[1]) > HOST_LIMIT:
        raise BadUrl(_BAD_HOST)
    port = int(parts[2]) if parts[2] else default_port
    if not 0 < port < 65_536:  # noqa: PLR2004 - the ports there are
        raise BadUrl("The URL's port is not valid. Use a number from 1 to 65535, or leave it out.")
    return parts[1], port


def _in_ascii(host: str) -> str:
    """The host as it is looked up: lower case, without the final dot, non-ASCII letters in their DNS form."""
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except UnicodeError:
            raise BadUrl("The URL's host holds characters that no host name can have. Copy it again.") from None
    return host.lower().removesuffix(".")


def _literal(host: str) -> Address | None:
    """The address when the host is one in its usual form; BadUrl for the forms that only some programs take for one."""
    if ":" in host:
        try:
            return ipaddress.IPv6Address(host)
        except ValueError:
            raise BadUrl("The URL's host is not a valid IPv6 address.") from None
    last = host.rpartition(".")[2]
    if not _NUMERIC.fullmatch(last):
        return None
    try:
        return ipaddress.IPv4Address(host)
    except ValueError:
        raise BadUrl("The URL's host looks like an address in an unusual form. Write it as four numbers.") from None
