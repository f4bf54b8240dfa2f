"""Which network addresses this server dials, and for whom.

A rule is asked about the very address that a socket is opened to. What a name looked like, how a number was written, or
what the name server said a moment ago does not matter then.
"""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from accounts.exceptions import AddressRefused

Rule = Callable[[str], bool]
Place = IPv4Address | IPv6Address
Networks = tuple[IPv4Network | IPv6Network, ...]

PUBLIC_6 = ip_network("2000::/3")
# an IPv4 address within one of IPv6, and how many bits follow it
WITHIN: tuple[tuple[IPv6Network, int], ...] = (
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64
    (IPv6Network("2002::/16"), 80),  # 6to4
    (IPv6Network("::/96"), 0),
)
# where clouds tell a machine its credentials
METADATA: Networks = tuple(
    map(
        ip_network,
        (
            "169.254.0.0/16",
            "fe80::/10",
            "168.63.129.16/32",  # Azure
            "100.100.100.200/32",  # Alibaba
            "192.0.0.192/32",  # Oracle
            "fd00:ec2::254/128",  # Amazon
            "fd20:ce::254/128",  # Google
        ),
    )
)
# what Python takes for public and is not, or not everywhere
SPECIAL: Networks = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "3fff::/20")))


def outside(address: str) -> bool:
    """For whatever a person, a model, a document or another server names: public, and one machine."""
    place = _plain(address)
    if place is None or not place.is_global or place.is_multicast or _is_in(place, METADATA + SPECIAL):
        return False
    return place.version == 4 or place in PUBLIC_6


def anywhere(address: str) -> bool:
    """For what an admin registered, which may well be this machine: only metadata of clouds is kept from it."""
    place = _plain(address)
    return place is not None and not _is_in(place, METADATA)


def open_socket(rule: Rule, family: int, kind: int, protocol: int, address: str) -> socket.socket:
    """Not yet connected; raises AddressRefused."""
    if not rule(address):
        raise AddressRefused
    return socket.socket(family, kind, protocol)


def connect(rule: Rule, host: str, port: int, timeout: float | None) -> socket.socket:
    """To the first of its addresses that may be dialled and answers; raises OSError."""
    failure = OSError("no address")
    for family, kind, protocol, _name, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        try:
            opened = open_socket(rule, family, kind, protocol, str(place[0]))
        except OSError as error:
            failure = error
            continue
        try:
            opened.settimeout(timeout)
            opened.connect(place)
            return opened
        except OSError as error:
            opened.close()
            failure = error
    raise failure


def _plain(address: str) -> Place | None:
    """The address that it comes down to; None where it is none."""
    try:
        place = ip_address(address)
    except ValueError:
        return None
    if isinstance(place, IPv4Address):
        return place
    for network, further in WITHIN:
        if place in network and int(place) > 1:  # neither :: nor ::1
            return IPv4Address((int(place) >> further) & 0xFFFFFFFF)
    return place


def _is_in(place: Place, networks: Networks) -> bool:
    return any(place in network for network in networks)
