"""Where we may connect to: looked up once, every address checked, and then that address is used."""

import asyncio
import ipaddress
import socket
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

#: Ports of web servers; others are other services' doors.
_PORTS = frozenset({443, 8443})
_URL_MAX = 500
#: Translated to IPv4 on the way, so it says nothing about where it leads.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class UnsafeUrlError(Exception):
    """No address of ours may be sent there; says why by a code, never the URL."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Target(NamedTuple):
    """Where to connect, and whom to expect there."""

    #: The URL with the checked address in place of the name.
    url: str
    host_header: str
    server_name: str


async def resolve(url: str, *, allow_loopback: bool) -> Target:
    """Check a URL and its addresses. Raises UnsafeUrlError, or OSError where the name is not found."""
    parts, port = _parse(url)
    host = parts.hostname or ""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [ipaddress.ip_address(entry[4][0]) for entry in found]
    if not addresses:
        raise OSError("no address")
    loopback = all(_plain(address).is_loopback for address in addresses)
    if loopback and allow_loopback:
        pass
    elif not all(_is_public(address) for address in addresses):
        raise UnsafeUrlError("private-address")
    elif parts.scheme != "https":
        raise UnsafeUrlError("not-https")
    elif port not in _PORTS:
        raise UnsafeUrlError("port")
    first = addresses[0]
    literal = f"[{first}]" if first.version == 6 else str(first)
    address = parts._replace(netloc=f"{literal}:{port}", fragment="").geturl()
    return Target(address, parts.netloc, host)


def _parse(url: str) -> tuple[SplitResult, int]:
    if len(url) > _URL_MAX or not url.isascii() or any(sign <= " " for sign in url):
        raise UnsafeUrlError("form")
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}[parts.scheme]
    except (ValueError, KeyError):
        raise UnsafeUrlError("form") from None
    if not parts.hostname or parts.username is not None or "\\" in parts.netloc:
        raise UnsafeUrlError("form")
    # A desk's own endpoint needs no name that looks like another.
    if any(label.startswith("xn--") for label in parts.hostname.split(".")):
        raise UnsafeUrlError("form")
    return parts, port


def _plain(address: Address) -> Address:
    """An IPv4 address that came wrapped in an IPv6 one."""
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or address.sixtofour or address
    return address


def _is_public(address: Address) -> bool:
    plain = _plain(address)
    if plain.version == 6 and plain in _NAT64:
        return False
    return plain.is_global and not plain.is_multicast and not plain.is_reserved
