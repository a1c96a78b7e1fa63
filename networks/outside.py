"""Which addresses lie outside of this machine and its networks: the only ones that what somebody typed may lead to.

A name is looked up by the connection itself, and each address that it has is looked at when its socket is made. So a
name that is outside when it is checked and inside a moment later (DNS rebinding) leads nowhere.
"""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

# IANA's special-purpose registries (RFC 6890), November 2026; Python's own tables differ from version to version.
INSIDE = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # this machine
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # shared by a provider's customers (CGNAT)
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # Azure's own services, which answer only inside it
            "169.254.0.0/16",  # link-local, where clouds keep their metadata
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocols
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # relays of 6to4
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/3",  # multicast, reserved, broadcast
            "2001::/23",  # protocols, Teredo among them
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4: an IPv4 address in another dress
            "3fff::/20",  # documentation
        ),
    )
)
GLOBAL = IPv6Network("2000::/3")  # of IPv6, nothing else is the internet's
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
    if isinstance(found, IPv6Address) and found not in GLOBAL:
        return False
    return not any(found in network for network in INSIDE)


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
