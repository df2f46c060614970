"""The descriptors of files that stay open, in a program that may close what is not its own.

A program that becomes a daemon closes all of them, also those that it did not open, and the next file that it opens
gets the lowest number that is free: what is still written under a low number of ours would go into that file.
"""

import contextlib
import fcntl
import os
import resource

HIGHEST_WANTED = 512
"""A program that has so many files open is a server; and the kernel's table has room for as many at first."""


CLOSED = -1
"""Stands for a closed file: its number may be another file's by now, and is never written to."""


def out_of_the_way(descriptor: int) -> int:
    """Return a descriptor of the same open file that no other file will soon have, and close the one given."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = HIGHEST_WANTED if most == resource.RLIM_INFINITY else min(HIGHEST_WANTED, most // 2)
    try:
        moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, lowest)
    except OSError:  # there is none left: better a low one than none
        return descriptor
    os.close(descriptor)
    return moved


def is_gone(descriptor: int) -> bool:
    """Tell whether nobody will find what is written here: the file was removed, or closed by the program."""
    try:
        return os.fstat(descriptor).st_nlink == 0
    except OSError:
        return True


def close(*descriptors: int) -> None:
    """Close those that are open."""
    for descriptor in descriptors:
        with contextlib.suppress(OSError):  # the program has closed it
            os.close(descriptor)


def lead_nowhere(*descriptors: int) -> None:
    """Let go of the files, and keep their numbers taken."""
    nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    for descriptor in descriptors:
        if descriptor != CLOSED:
            os.dup2(nowhere, descriptor, inheritable=False)
    os.close(nowhere)
