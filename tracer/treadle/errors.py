"""Every error that Treadle raises on purpose.

    TreadleError
    ├── UsageError            asked for wrongly: a bad option, name or expression
    │   ├── QueryError        SQL or an expression that cannot be run, or may not be
    │   ├── NotFoundError     no such trace, span or store
    │   └── AmbiguousError    a prefix that fits several
    ├── StoreError            the store cannot be opened, read or written
    │   ├── StoreVersionError written by a newer Treadle
    │   └── StoreHeldError    another program holds the database file
    ├── JournalError          a journal cannot be written or read
    │   └── BlobError         a large value beside it is gone or was changed
    └── ReplayError
        ├── NotReplayableError    the recording lacks what a replay needs, and says what
        ├── RefusedError          a replay that would not be safe
        └── ReplayStoppedError    the user ended it

Messages say what happened, to which thing, and what to do next. The exit code of a command is `exit_code`.
"""


class TreadleError(Exception):
    """The root of the tree: show its message to the user, without a traceback."""

    exit_code = 2


class UsageError(TreadleError):
    """Asked for wrongly."""


class QueryError(UsageError):
    """A query or an expression that cannot be run, or may not be."""


class NotFoundError(UsageError):
    """No such trace, span or store."""


class AmbiguousError(UsageError):
    """A prefix that fits several traces or spans."""


class StoreError(TreadleError):
    """The store cannot be opened, read or written."""


class StoreVersionError(StoreError):
    """The store was written by a newer Treadle."""


class StoreHeldError(StoreError):
    """Another program holds the database file."""


class JournalError(TreadleError):
    """A journal cannot be written or read."""


class BlobError(JournalError):
    """A large value beside the journals is gone, or is not what its name says."""


class ReplayError(TreadleError):
    """A replay could not be done."""


class NotReplayableError(ReplayError):
    """The recording lacks what a replay needs."""


class RefusedError(ReplayError):
    """A replay that would not be safe."""


class ReplayStoppedError(ReplayError):
    """The user ended a replay."""
