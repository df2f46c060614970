"""A replay without network: every socket of the internet that Python opens is refused.

By an audit hook (PEP 578), which nothing in the process can take away. What a library in C opens by itself, and what
the processes do that the program starts, it does not see.
"""

import errno
import socket
import sys
from typing import Any

_EVENTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind"})
_LOOKUPS = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"})
OPTION = "--no-network"
_FAMILIES = (socket.AF_INET, socket.AF_INET6)
refused: dict[str, None] = {}
"""The hosts that this process was kept from, in the order in which it asked for them."""


def switch_off() -> None:
    """Refuse from now on, in this process."""
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _LOOKUPS:
        asked_for = arguments[0]
    elif event in _EVENTS and arguments[0].family in _FAMILIES:
        asked_for = arguments[1]
    else:
        return
    host = asked_for[0] if isinstance(asked_for, tuple) else asked_for
    refused[host.decode(errors="replace") if isinstance(host, bytes) else str(host)] = None
    raise PermissionError(errno.EACCES, f"the network is off in this replay ({OPTION})")
