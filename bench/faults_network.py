"""A network that can be cut without a word: a namespace of Linux with one line to the store and one to the rest of the world.

The line to the store ends at a bridge. Taken off it, what is sent is lost on both sides, and nobody is told: no reset, no
refusal, no “unreachable”, as when a cable is drawn behind the next switch. Wants root, and `ip` of iproute2.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress

NAME = "pv-apart"
INSIDE = ("ip", "netns", "exec", NAME)
STORE, WORLD = "10.213.7.1", "10.213.8.1"  # this machine's addresses on the two lines
BRIDGE_MAC, INNER_MAC = "02:70:76:00:00:01", "02:70:76:00:00:02"
# Neighbours are told once: asked for in vain, they would end in “no route to host”, which is a word.
LAY = f"""
link add pv-bridge address {BRIDGE_MAC} type bridge
link add pv-store type veth peer name pv-store-in address {INNER_MAC} netns {NAME}
link add pv-world type veth peer name pv-world-in netns {NAME}
link add pv-other type veth peer name pv-other-in
link set pv-store master pv-bridge
link set pv-other master pv-bridge
addr add {STORE}/24 dev pv-bridge
addr add {WORLD}/24 dev pv-world
neigh add 10.213.7.2 lladdr {INNER_MAC} dev pv-bridge nud permanent
link set pv-bridge up
link set pv-store up
link set pv-other up
link set pv-other-in up
link set pv-world up
-n {NAME} addr add 10.213.7.2/24 dev pv-store-in
-n {NAME} addr add 10.213.8.2/24 dev pv-world-in
-n {NAME} link set lo up
-n {NAME} link set pv-store-in up
-n {NAME} link set pv-world-in up
-n {NAME} neigh add {STORE} lladdr {BRIDGE_MAC} dev pv-store-in nud permanent
"""


def allowed() -> bool:
    """Whether this system makes namespaces for us."""
    if os.geteuid() or shutil.which("ip") is None:
        return False
    try:
        _ip(f"netns add {NAME}")
    except subprocess.CalledProcessError:
        return False
    _ip(f"netns del {NAME}")
    return True


@contextmanager
def laid() -> Iterator[None]:
    """Both lines, until the block ends."""
    _ip(f"netns add {NAME}")
    try:
        for line in LAY.strip().splitlines():
            _ip(line)
        yield
    finally:
        _ip(f"netns del {NAME}")  # and what leads into it
        for link in ("pv-other", "pv-bridge"):
            with suppress(subprocess.CalledProcessError):  # it was not made
                _ip(f"link del {link}")


def cut() -> None:
    """From now on nothing passes between the namespace and the store."""
    _ip("link set pv-store nomaster")


def mend() -> None:
    _ip("link set pv-store master pv-bridge")


def _ip(line: str) -> None:
    subprocess.run([shutil.which("ip") or "ip", *line.split()], check=True)
