"""What `pytest --treadle` does: a trace for each test, in a journal of its own that is kept or dropped with it.

A test that is run again, by a plugin or a loop, is a trace each time. Nothing here may fail a test.
"""

from __future__ import annotations  # older versions of pytest have not all the names

import os
from collections.abc import Generator
from typing import Any

import pytest

from treadle import clients, guard, recorder, settings
from treadle.beginning import begin
from treadle.call import Call
from treadle.config import find_store
from treadle.loading import loaded
from treadle.otel import remote
from treadle.place import Place
from treadle.relay import Relay
from treadle.values.classes import is_project_file

CASE_NAME = "test.case.name"
CASE_STATUS = "test.case.result.status"
SUITE_NAME = "test.suite.name"
SERVICE = "pytest"
"""The service of tests where `OTEL_SERVICE_NAME` names none: it tells their traces from the program's."""
_MARK = "treadle_trace"
"""On the report that tells of a kept trace; reports are what xdist's workers send home."""


class TracesOfTests:
    """The plugin of one run, in the process that runs tests and in the one that collects their reports."""

    def __init__(self, config: pytest.Config, *, keep_all: bool) -> None:
        self._config = config
        self._keep_all = keep_all
        self._before = settings.settings()
        self._test: _Test | None = None
        self._relay: Relay | None = None
        self._kept: list[str] = []
        self._failed: list[tuple[str, str]] = []
        store = self._before.store
        if not store and not os.environ.get("TREADLE_STORE"):
            store = find_store(start=config.rootpath)
        service = os.environ.get("OTEL_SERVICE_NAME") or SERVICE
        settings.use(store=store, program={**(self._before.program or {}), "service": service})
        clients.instrument()

    def pytest_unconfigure(self) -> None:
        """Leave recording as it was."""
        settings.use(store=self._before.store, program=self._before.program)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None]:
        """Begin before the clock of the setup runs; what ended without a report was cut short."""
        self._begin(item)
        yield
        self._end()

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None]:
        """Begin anew where a test is run again."""
        self._begin(item)
        yield

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> Generator[None, Any]:
        """Note how each part of a test went, and end with the last."""
        outcome = yield
        test = self._test
        if test is None or outcome.excinfo is not None:
            return
        report = outcome.get_result()
        was_failed = test.is_failed
        test.note(report, call.excinfo.value if call.excinfo is not None else None)
        if report.when == "teardown":
            test.is_over = True
            self._end()
        if (test.is_failed and not was_failed) or (self._keep_all and test.is_over and not test.is_failed):
            report.__dict__[_MARK] = test.trace_id

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember the traces that were kept, here or in a worker."""
        trace_id = report.__dict__.get(_MARK)
        if trace_id is None:
            return
        self._kept.append(trace_id)
        if not report.passed and not report.skipped:
            self._failed.append((trace_id, report.nodeid))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was kept, and how to look at what failed; nothing where nothing was."""
        if not self._kept:
            return
        store = os.path.relpath(find_store(settings.settings().store), self._config.invocation_params.dir)
        told = f"{len(self._kept)} trace{'s' if len(self._kept) > 1 else ''} kept in {store}"
        if not self._failed:
            terminalreporter.write_line(f"treadle: {told}")
            return
        terminalreporter.write_sep("=", f"treadle: {told}")
        for trace_id, nodeid in self._failed:
            terminalreporter.write_line(f"treadle show {trace_id[:8]}  {nodeid}")
        terminalreporter.write_line("`treadle` and the id, without show, steps through it")

    def _begin(self, item: pytest.Item) -> None:
        if self._test is None:
            self._test = guard.attempt(lambda: _Test(item))
            if self._test is not None:
                self._relay = self._test.make_current(self._relay)

    def _end(self) -> None:
        test, self._test = self._test, None
        if test is not None:
            guard.attempt(lambda: test.end(keep_passed=self._keep_all))


class _Test:
    """One run of one test."""

    def __init__(self, item: pytest.Item) -> None:
        loaded()
        recorder.hold()
        self.is_failed = False
        self.is_over = False
        self.trace_id: str | None = None
        self._is_skipped = False
        self._error: BaseException | None = None
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        attributes = {CASE_NAME: item.nodeid, SUITE_NAME: item.parent.nodeid if item.parent is not None else ""}
        self._call = begin(
            item.nodeid, "chain", lambda: dict(parameters), place=_place_of_new_trace(), attributes=attributes
        )
        if self._call is not None:
            self.trace_id = self._call.trace_id

    def make_current(self, relay: Relay | None) -> Relay | None:
        """Make the test current, for what was started in earlier tests too and still runs."""
        if self._call is None:
            return relay
        relay = relay or Relay(self._call)
        self._call.take_over(relay)
        self._call.resume()
        return relay

    def note(self, report: pytest.TestReport, error: BaseException | None) -> None:
        """Take in how a part of the test went: what failed first is what it failed with."""
        self._is_skipped = self._is_skipped or report.skipped
        if report.failed and not self.is_failed:
            self.is_failed = True
            self._error = error if error is not None else pytest.fail.Exception(report.longreprtext)

    def end(self, *, keep_passed: bool) -> None:
        """End the trace; keep it where it failed or was cut short, or where all are kept."""
        try:
            if self._call is not None:
                self._call.suspend()
                self._finish(self._call)
        finally:
            recorder.release(keep=self.is_failed or not self.is_over or keep_passed)

    def _finish(self, call: Call) -> None:
        if self.is_failed or (self.is_over and not self._is_skipped):
            call.set_attribute(CASE_STATUS, "fail" if self.is_failed else "pass")
        if self._error is not None:
            _fail(call, self._error)
        elif self.is_over:
            call.end(None)
        else:
            call.fail(KeyboardInterrupt())


def _place_of_new_trace() -> Place:
    """Return a place under nothing, whatever is current: pytest itself may be a traced program."""
    return None, "0", remote.without_span()


def _fail(call: Call, error: BaseException) -> None:
    """End the call with an error, without the frames of pytest that led to the test."""
    whole = trace = error.__traceback__
    while trace is not None and not is_project_file(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    BaseException.with_traceback(error, trace or whole)
    try:
        call.fail(error, even_exit=True)
    finally:
        BaseException.with_traceback(error, whole)
