"""What stops a replay: it is no `Exception`, so that the user's own handlers do not take it for a failure of theirs."""


class DivergedError(BaseException):
    """A call that the recording cannot answer, and that may not go live."""
