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
_FAMILIES = (socket.AF_INET, socket.AF_INET6)


def switch_off() -> None:
    """Refuse from now on, in this process."""
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _LOOKUPS or (event in _EVENTS and arguments[0].family in _FAMILIES):
        raise PermissionError(errno.EACCES, "the network is off in this replay (--no-network)")
