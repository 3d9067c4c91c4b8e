"""Whether there is any network at all: a hint for the surveyor, never a condition for trying."""

import socket
from collections.abc import Callable

Online = Callable[[], bool]


def has_route() -> bool:
    """True if this machine has a route outside. Sends nothing: connecting a datagram socket only asks the kernel."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return False
    return True
