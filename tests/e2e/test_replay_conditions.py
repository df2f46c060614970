"""Under which conditions a replay runs: without network, at the recorded pace."""

from e2e.conftest import Project
from loopback import Listener

NETWORKED = """
import asyncio, socket, sys, urllib.request, treadle

@treadle.trace
def chain(port):
    refused = []
    for attempt in (
        lambda: socket.create_connection(("127.0.0.1", port)),
        lambda: socket.getaddrinfo("localhost", port),
        lambda: urllib.request.urlopen(f"http://localhost:{port}"),
        lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", port)),
    ):
        try:
            attempt()
        except OSError as error:
            refused.append("--no-network" in str(error))
    ours, theirs = socket.socketpair()
    ours.send(b"within the machine")
    asyncio.run(asyncio.sleep(0))
    return [refused, theirs.recv(99).decode()]

if __name__ == "__main__":
    chain(int(sys.argv[1]))
"""
STREAMED = """
import asyncio, time, treadle

@treadle.trace(kind="llm")
def stream():
    for word in ("one", "two", "three"):
        time.sleep(0.05)
        yield word

@treadle.trace(kind="tool")
async def fetch():
    await asyncio.sleep(0.2)
    return "fetched"

@treadle.trace
def chain():
    return ["".join(stream()), asyncio.run(fetch())]

if __name__ == "__main__":
    chain()
"""


def durations_ms(project: Project, trace_id: str) -> dict[str, float]:
    """Return how long each step of a trace took."""
    return dict(project.store.sql(f"select name, duration_ms from spans where trace_id = '{trace_id}'"))  # type: ignore[arg-type]


def test_without_network_every_connection_is_refused(project: Project) -> None:
    """Lookups and datagrams too, whatever library asks; sockets within the machine and event loops still work."""
    with Listener() as listener:
        trace_id = project.record(NETWORKED, str(listener.port))
        assert project.replay(trace_id).verdict == "same"
        asked = len(listener.requests)
        result = project.replay(trace_id, with_network=False)
        assert result.after.output == b'[[true,true,true,true],"within the machine"]'
        assert len(listener.requests) == asked > 0


def test_at_the_recorded_pace_answers_take_their_time(project: Project) -> None:
    """Chunks and answers come no earlier than they did; else they come at once."""
    trace_id = project.record(STREAMED)
    recorded = durations_ms(project, trace_id)
    paced = project.replay(trace_id, paced=True)
    assert paced.verdict == "same"
    served = durations_ms(project, str(paced.trace_id))
    assert served["stream"] >= 150
    assert served["fetch"] >= 200
    at_once = durations_ms(project, str(project.replay(trace_id).trace_id))
    assert at_once["stream"] + at_once["fetch"] < recorded["stream"] + recorded["fetch"]
