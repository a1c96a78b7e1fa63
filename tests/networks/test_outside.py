"""Which addresses may be reached by what somebody typed: none inside this machine's networks, however it is written."""

import pytest

from networks.outside import InsideAddress, is_outside, socket_to


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",  # loopback
        "127.8.9.10",  # all of it
        "0.0.0.0",  # noqa: S104 - this machine, too
        "10.1.2.3",  # private
        "172.16.0.1",
        "172.31.255.254",
        "192.168.1.1",
        "169.254.169.254",  # link-local: where clouds keep their metadata
        "100.64.0.1",  # shared by a provider's customers
        "100.127.255.254",
        "192.0.0.192",  # metadata of another cloud
        "168.63.129.16",  # and of a third
        "192.0.2.1",  # documentation
        "198.18.0.1",  # benchmarks
        "224.0.0.1",  # multicast
        "240.0.0.1",  # reserved
        "255.255.255.255",  # broadcast
        "192.88.99.1",  # relays of 6to4
        "::1",  # loopback
        "::",  # unspecified
        "fe80::1",  # link-local
        "fe80::1%eth0",  # the same, with its zone
        "fc00::1",  # unique local
        "fd00:ec2::254",  # metadata by IPv6
        "fec0::1",  # site-local, as it was once
        "ff02::1",  # multicast
        "::ffff:127.0.0.1",  # IPv4 in IPv6
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",  # as it was written once
        "64:ff9b::a9fe:a9fe",  # behind a translator
        "2002:7f00:1::",  # behind 6to4
        "2001:0:7f00:1::",  # Teredo
        "2001:db8::1",  # documentation
        "localhost",  # no number
        "",
        "2130706433",  # 127.0.0.1 as one number: no address as a socket has it
    ],
)
def test_an_address_inside_is_not_outside(address: str) -> None:
    assert not is_outside(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "100.63.0.1", "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1"]
)
def test_an_address_of_the_internet_is_outside(address: str) -> None:
    assert is_outside(address)


def test_a_socket_to_an_inside_address_is_not_even_made() -> None:
    make = socket_to(is_outside)
    with pytest.raises(InsideAddress, match=r"10\.0\.0\.1 lies inside"):
        make((2, 1, 6, "", ("10.0.0.1", 443)))
    with make((2, 1, 6, "", ("1.1.1.1", 443))) as made:
        assert made.getblocking() is False
