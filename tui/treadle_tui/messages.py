"""Messages from the screens to the app."""

from dataclasses import dataclass

from textual.message import Message


@dataclass
class OpenTrace(Message):
    """The user wants to see a trace in the debugger."""

    trace_id: str
