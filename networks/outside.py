"""Which addresses lie outside of this machine and its networks: the only ones that what somebody typed may lead to.

A name is looked up by the connection itself, and each address that it has is looked at when its socket is made. So a
name that is outside when it is checked and inside a moment later (DNS rebinding) leads nowhere.
"""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

# What Python counts as global and is not, or hides another address. IANA's special-purpose registries, RFC 6890.
INSIDE = (
    ip_network("100.64.0.0/10"),  # shared by a provider's customers (CGNAT)
    ip_network("192.88.99.0/24"),  # relays of 6to4
    ip_network("::/96"),  # an IPv4 address as IPv6 wrote it once
    ip_network("fec0::/10"),  # site-local, as it was once
    ip_network("2001::/32"),  # Teredo
    ip_network("2002::/16"),  # 6to4
    ip_network("64:ff9b::/96"),  # NAT64: an IPv4 address behind a translator
    ip_network("64:ff9b:1::/48"),
)
AddrInfo = tuple[Any, Any, int, str, tuple[Any, ...]]  # as socket.getaddrinfo gives it


class InsideAddress(OSError):
    """This address lies inside this machine's networks."""


def is_outside(address: str) -> bool:
    """Whether a numeric address, such as "192.0.2.1" or "fe80::1%eth0", may be reached; False for what is none."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        found = found.ipv4_mapped or IPv6Address(int(found))  # without its zone
    if found.is_multicast or found.is_reserved or any(found in network for network in INSIDE):
        return False
    return found.is_global


def socket_to(may_reach: Callable[[str], bool]) -> Callable[[AddrInfo], socket.socket]:
    """What makes the sockets of a connection: InsideAddress where it would lead to an address that may not be reached."""

    def make(info: AddrInfo) -> socket.socket:
        family, kind, protocol, _, place = info
        if not may_reach(str(place[0])):
            raise InsideAddress(f"{place[0]} lies inside this machine's networks")
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        return made

    return make
