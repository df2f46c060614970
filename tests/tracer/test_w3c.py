"""Trace Context as the W3C's validation service checks it: a request comes in, the handler calls back, over real HTTP.

The cases are those of https://github.com/w3c/trace-context/blob/main/test/test.py, by their names there.
"""

import asyncio
import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import pytest

import treadle
from app_servers import send, serving_asgi, serving_wsgi
from loopback import Listener
from treadle.web import ASGIMiddleware, WSGIMiddleware

TRACE, SPAN = "12345678901234567890123456789012", "1234567890123456"
VALID = ("traceparent", f"00-{TRACE}-{SPAN}-01")
UNSAMPLED = ("traceparent", f"00-{TRACE}-{SPAN}-00")
KEY = "abcdefghijklmnopqrstuvwxyz0123456789_-*/"
VALUE = "".join(map(chr, [*range(0x20, 0x2C), *range(0x2D, 0x3D), *range(0x3E, 0x7F)]))
TENS = [",".join(f"bar{n:02}={n:02}" for n in range(first, first + 10)) for first in (1, 11, 21)]

Headers = list[tuple[str, str]]


@treadle.trace
def call_back(wanted: list[dict[str, Any]]) -> None:
    """Post what is asked to where it is asked."""
    for one in wanted:
        request = urllib.request.Request(one["url"], json.dumps(one["arguments"]).encode())
        urllib.request.urlopen(request).close()


def wsgi_service(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Serve as the validation service asks."""
    call_back(json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))))
    start_response("200 OK", [])
    return [b""]


async def asgi_service(_: Any, receive: Any, send: Any) -> None:
    """Serve the same."""
    body = (await receive())["body"]
    await asyncio.to_thread(call_back, json.loads(body))
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body"})


@dataclass
class Harness:
    """Sends to the service what the W3C sends, and returns what it is called back with."""

    port: int
    listener: Listener

    def ask(self, headers: Headers, times: int = 1) -> list[tuple[str, str, str, dict[str, str]]]:
        """Return trace id, span id, flags and state of each callback; ours in the state is taken out."""
        self.listener.requests.clear()
        wanted = [{"url": self.listener.url("127.0.0.1", f"/{number}"), "arguments": []} for number in range(times)]
        assert send(self.port, headers=headers, body=json.dumps(wanted).encode())[0] == 200
        assert len(self.listener.requests) == times
        return [self._context(request) for request in self.listener.requests]

    def _context(self, request: dict[str, list[str]]) -> tuple[str, str, str, dict[str, str]]:
        (parent,), (state,) = request["traceparent"], request["tracestate"]
        matched = re.fullmatch("00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})", parent)
        assert matched is not None
        assert int(matched[1], 16)
        assert int(matched[2], 16)
        members = [member.partition("=") for member in state.split(",")]
        assert members[0][0] == "treadle"
        assert len(members) <= 32
        return matched[1], matched[2], matched[3], {key: value for key, _, value in members[1:]}


Serving = Callable[[], AbstractContextManager[int]]
SERVICES: dict[str, Serving] = {
    "wsgi": lambda: serving_wsgi(WSGIMiddleware(wsgi_service)),
    "asgi": lambda: serving_asgi(ASGIMiddleware(asgi_service)),
}


@pytest.fixture(scope="module", params=SERVICES)
def service(request: pytest.FixtureRequest) -> Iterator[Harness]:
    """Return the harness for a running service, one for each kind of server."""
    with Listener() as listener, SERVICES[request.param]() as port:
        yield Harness(port, listener)


@pytest.fixture
def harness(service: Harness) -> Harness:
    """Return it, with its host named."""
    treadle.configure(propagate=["127.0.0.1"])
    return service


def parent(text: str) -> Headers:
    """Return the header with this value."""
    return [("traceparent", text)]


TAKEN: dict[str, list[Headers]] = {
    "traceparent_included_tracestate_missing": [[VALID]],
    "traceparent_header_name_valid_casing": [
        [(name, VALID[1])] for name in ("TraceParent", "TrAcEpArEnT", "TRACEPARENT")
    ],
    "traceparent_version_0xcc": [
        parent(f"cc-{TRACE}-{SPAN}-01"),
        parent(f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like"),
    ],
    "traceparent_ows_handling": [
        parent(f"{before}{VALID[1]}{behind}")
        for before, behind in ((" ", ""), ("\t", ""), ("", " "), ("", "\t"), ("\t ", " \t"))
    ],
}
REFUSED: dict[str, list[Headers]] = {
    "both_traceparent_and_tracestate_missing": [[]],
    "traceparent_duplicated": [[VALID, VALID], [VALID, ("traceparent", f"00-{TRACE}-{SPAN[::-1]}-01")]],
    "traceparent_header_name": [[("trace-parent", VALID[1])], [("trace.parent", VALID[1])]],
    "traceparent_version_0x00": [parent(f"{VALID[1]}."), parent(f"{VALID[1]}-what-the-future-will-be-like")],
    "traceparent_version_0xcc": [parent(f"cc-{TRACE}-{SPAN}-01.what-the-future-will-be-like")],
    "traceparent_version_0xff": [parent(f"ff-{TRACE}-{SPAN}-01")],
    "traceparent_version_illegal_characters": [parent(f"{wrong}-{TRACE}-{SPAN}-01") for wrong in (".0", "0.")],
    "traceparent_version_too_long": [parent(f"{wrong}-{TRACE}-{SPAN}-01") for wrong in ("000", "0000")],
    "traceparent_version_too_short": [parent(f"0-{TRACE}-{SPAN}-01")],
    "traceparent_trace_id_all_zero": [parent(f"00-{'0' * 32}-{SPAN}-01")],
    "traceparent_trace_id_illegal_characters": [
        parent(f"00-.{TRACE[1:]}-{SPAN}-01"),
        parent(f"00-{TRACE[:-1]}.-{SPAN}-01"),
    ],
    "traceparent_trace_id_too_long": [parent(f"00-{TRACE}3-{SPAN}-01")],
    "traceparent_trace_id_too_short": [parent(f"00-{TRACE[:-1]}-{SPAN}-01")],
    "traceparent_parent_id_all_zero": [parent(f"00-{TRACE}-{'0' * 16}-01")],
    "traceparent_parent_id_illegal_characters": [
        parent(f"00-{TRACE}-.{SPAN[1:]}-01"),
        parent(f"00-{TRACE}-{SPAN[:-1]}.-01"),
    ],
    "traceparent_parent_id_too_long": [parent(f"00-{TRACE}-{SPAN}7-01")],
    "traceparent_parent_id_too_short": [parent(f"00-{TRACE}-{SPAN[:-1]}-01")],
    "traceparent_trace_flags_illegal_characters": [parent(f"00-{TRACE}-{SPAN}-{wrong}") for wrong in (".0", "0.")],
    "traceparent_trace_flags_too_long": [parent(f"00-{TRACE}-{SPAN}-001")],
    "traceparent_trace_flags_too_short": [parent(f"00-{TRACE}-{SPAN}-1")],
    "upper case is not hexadecimal": [parent(f"00-{'A' * 32}-{SPAN}-01"), parent(f"00-{TRACE}-{'B' * 16}-01")],
    "an empty one": [parent("")],
}
STATES: dict[str, list[tuple[list[tuple[str, str]], dict[str, str]]]] = {
    "tracestate_included_traceparent_included": [([("tracestate", "foo=1,bar=2")], {"foo": "1", "bar": "2"})],
    "tracestate_header_name": [([("trace-state", "foo=1")], {}), ([("trace.state", "foo=1")], {})],
    "tracestate_header_name_valid_casing": [
        ([(name, "foo=1")], {"foo": "1"}) for name in ("TraceState", "TrAcEsTaTe", "TRACESTATE")
    ],
    "tracestate_empty_header": [
        ([("tracestate", "")], {}),
        ([("tracestate", "foo=1"), ("tracestate", "")], {"foo": "1"}),
        ([("tracestate", ""), ("tracestate", "foo=1")], {"foo": "1"}),
    ],
    "tracestate_multiple_headers_different_keys": [
        (
            [("tracestate", "foo=1,bar=2"), ("tracestate", "rojo=1,congo=2"), ("tracestate", "baz=3")],
            {"foo": "1", "bar": "2", "rojo": "1", "congo": "2", "baz": "3"},
        )
    ],
    "tracestate_duplicated_keys": [
        ([("tracestate", "foo=1,foo=1")], {}),
        ([("tracestate", "foo=1,foo=2")], {}),
        ([("tracestate", "foo=1"), ("tracestate", "foo=1")], {}),
        ([("tracestate", "foo=1"), ("tracestate", "foo=2")], {}),
    ],
    "tracestate_all_allowed_characters": [
        ([("tracestate", f"{key}={VALUE}")], {key: VALUE}) for key in (KEY, f"{KEY}@a-z0-9_-*/")
    ],
    "tracestate_ows_handling": [
        ([("tracestate", "foo=1 \t , \t bar=2, \t baz=3")], {"foo": "1", "bar": "2", "baz": "3"}),
        ([("tracestate", "foo=1\t \t,\t \tbar=2,\t \tbaz=3")], {"foo": "1", "bar": "2", "baz": "3"}),
        *(([("tracestate", text)], {"foo": "1"}) for text in (" foo=1", "\tfoo=1", "foo=1 ", "foo=1\t", "\t foo=1 \t")),
    ],
    "tracestate_key_illegal_characters": [([("tracestate", text)], {}) for text in ("foo =1", "FOO=1", "foo.bar=1")],
    "tracestate_key_illegal_vendor_format": [
        ([("tracestate", f"{key}=1,bar=2")], {}) for key in ("foo@", "@foo", "foo@@bar", "foo@bar@baz")
    ],
    "tracestate_member_count_limit": [
        (
            [*(("tracestate", ten) for ten in TENS), ("tracestate", "bar31=31,bar32=32")],
            {f"bar{n:02}": f"{n:02}" for n in range(1, 32)},
        ),
        ([*(("tracestate", ten) for ten in TENS), ("tracestate", "bar31=31,bar32=32,bar33=33")], {}),
    ],
    "tracestate_key_length_limit": [
        ([("tracestate", "foo=1"), ("tracestate", f"{key}=1")], {"foo": "1", key: "1"} if valid else {})
        for key, valid in (
            ("z" * 256, True),
            ("z" * 257, False),
            ("t" * 241 + "@" + "v" * 14, True),
            ("t" * 242 + "@v", False),
            ("t@" + "v" * 15, False),
        )
    ],
    "tracestate_value_illegal_characters": [
        ([("tracestate", "foo=bar=baz")], {}),
        ([("tracestate", "foo=,bar=3")], {}),
    ],
}


@pytest.mark.parametrize("name", TAKEN)
def test_a_valid_traceparent_is_continued(harness: Harness, name: str) -> None:
    """The trace goes on, in a span of its own."""
    for headers in TAKEN[name]:
        ((trace_id, span_id, flags, _),) = harness.ask(headers)
        assert (trace_id, span_id != SPAN, flags) == (TRACE, True, "01"), headers


@pytest.mark.parametrize("name", REFUSED)
def test_an_invalid_traceparent_begins_a_new_trace(harness: Harness, name: str) -> None:
    """Nothing of it is kept, nor of the state that came along."""
    for headers in REFUSED[name]:
        ((trace_id, _, _, state),) = harness.ask([*headers, ("tracestate", "foo=1")])
        assert not trace_id.startswith((TRACE[:-1], TRACE[1:], "A" * 31, "0" * 31)), headers
        assert state == {}, headers


@pytest.mark.parametrize("name", STATES)
def test_the_tracestate_is_inherited_where_it_is_valid(
    harness: Harness, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """In its order; a wrong one is dropped whole and silently, and the traceparent is kept."""
    for headers, expected in STATES[name]:
        ((trace_id, _, flags, state),) = harness.ask([UNSAMPLED, *headers])
        assert (trace_id, flags, [*state.items()]) == (TRACE, "00", [*expected.items()]), headers
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("flags", "sent"), [("00", "00"), ("01", "01"), ("02", "02"), ("03", "03"), ("ff", "03"), ("fc", "00")]
)
def test_known_flags_are_handed_on(harness: Harness, flags: str, sent: str) -> None:
    """A trace that is not sampled stays so, because others decide by it; flags that mean nothing yet are zero."""
    assert harness.ask(parent(f"00-{TRACE}-{SPAN}-{flags}"))[0][2] == sent


def test_a_state_of_ours_goes_no_further(harness: Harness) -> None:
    """Where a request came from is replaced by where this one comes from."""
    ((trace_id, span_id, _, state),) = harness.ask([VALID, ("tracestate", f"foo=1,treadle={'a' * 16}-3")])
    assert (trace_id, state) == (TRACE, {"foo": "1"})
    (value,) = harness.listener.values("tracestate")[0]
    assert value.startswith(f"treadle={span_id}-")


def test_multiple_requests_share_the_trace(harness: Harness) -> None:
    """`multiple_requests_with_valid_traceparent`: with spans of their own, or places of their own in one."""
    answers = harness.ask([VALID], 3)
    assert {trace_id for trace_id, *_ in answers} == {TRACE}
    assert len({values[0] for values in harness.listener.values("tracestate")}) == 3


@pytest.mark.parametrize("headers", [[], parent(f"00-{'0' * 32}-{SPAN}-01")])
def test_multiple_requests_without_a_traceparent_share_a_new_trace(harness: Harness, headers: Headers) -> None:
    """`multiple_requests_without_traceparent` and `..._with_illegal_traceparent`."""
    answers = harness.ask(headers, 3)
    assert len({trace_id for trace_id, *_ in answers} - {"0" * 32}) == 1
