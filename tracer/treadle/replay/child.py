"""The replaying process: `python -m treadle.replay.child PLAN LIFELINE`.

It runs in the recorded folder with the recorded path and today's code, in a session of its own, and says in the
report what it did. Exporters stay off: no span leaves it.
"""

import os
import sys
from pathlib import Path
from typing import Any

from treadle import clients, propagation, recorder, settings
from treadle.errors import RefusedError, TreadleError
from treadle.functions import Traced
from treadle.hiding import NOTHING, PAYLOAD, Hidden
from treadle.model import RecordedCall
from treadle.names import REPLAY_VARIABLE
from treadle.otel import current
from treadle.recording import Recorder
from treadle.replay import asking, decider, finding, lifeline, loop_clock, network, own_environments, reviving, target
from treadle.replay import plan as plans
from treadle.replay.divergence import DivergedError
from treadle.replay.model_spans import asking as model_asking
from treadle.replay.model_spans.reading import is_model_span
from treadle.replay.plan import Plan
from treadle.replay.replayer import Loading, Replaying
from treadle.replay.report import Report
from treadle.replay.reviving import revived
from treadle.streams import total_of
from treadle.surroundings import installing
from treadle.surroundings.groups import group_of
from treadle.values import found


def main(argv: list[str]) -> int:
    """Run one plan; the exit code says only whether the report has its last line."""
    if len(argv) > 2:
        lifeline.hold_on(int(argv[2]))
    plan = plans.read(Path(argv[1]))
    report = Report(Path(plan.report))
    root = next(call for call in plan.calls if call.span_id == plan.root_id)
    try:
        _enter(plan)
        _install(plan)
        outcome = _run(plan, root, report)
    except TreadleError as error:
        outcome = {"outcome": "refused" if isinstance(error, RefusedError) else "not replayable"}
        outcome["why"] = str(error)
    report.write(**outcome)
    sys.stdout.flush()
    return 0


def _enter(plan: Plan) -> None:
    """Become the recorded program, as far as a process can."""
    os.environ.pop("TREADLE_DISABLED", None)  # a program that is not recorded is not answered either: it would go live
    process = plan.process
    own = [entry for entry in sys.path if entry not in process.path]
    sys.path[:] = [*process.path, *own]
    sys.argv[:] = process.argv
    if process.cwd:
        os.chdir(process.cwd)


def _install(plan: Plan) -> None:
    os.environ[REPLAY_VARIABLE] = plan.report
    own_environments.install(plan.report)
    current.keep_private()
    process = plan.process
    main = {"module": process.main_module} if process.main_module else {"file": process.main_file}
    program = {"argv": list(process.argv), "path": list(process.path), "main": main, "replay": True}
    settings.use(store=plan.store, program=program, sample=1.0, forward=None)
    reviving.is_signed = found.imports_more = plan.is_signed
    if not plan.with_network:
        network.switch_off()
    loop_clock.install()
    recorded = {group_of(call.name) for call in plan.calls if call.function is None}
    installing.require(group for group in recorded if group is not None)
    propagation.install()
    clients.instrument()
    if recorder.recorder() is None:
        raise RefusedError("the replay cannot be recorded in this store, and so nothing was run")
    decider.decider = Loading()


def _run(plan: Plan, root: RecordedCall, report: Report) -> dict[str, Any]:
    try:
        result = _call_root(plan, root, report)
    except TreadleError:
        raise
    except DivergedError as error:
        return {"outcome": "diverged", "why": str(error)}
    except BaseException as error:  # noqa: BLE001 - the recorded program's own failure is the result of the replay
        if isinstance(error, SystemExit) and (error.code in (None, 0) or _had_exited(root)):
            return {"outcome": "returned", "output": "null"}
        return {"outcome": "raised", "kept_from": list(network.refused), **_told(error, root)}
    return {"outcome": "returned", "output": _tagged(result, root).decode()}


def _had_exited(root: RecordedCall) -> bool:
    """Tell whether the program was left in the recorded call, which is no failure of it."""
    return root.status == "ok" and root.closed_early and not root.chunks


def _told(error: BaseException, root: RecordedCall) -> dict[str, Any]:
    writer, hidden = _privacy(root)
    failure = writer.describe(error, writer.redactor, hidden=hidden.inputs or hidden.outputs)
    payload = PAYLOAD if hidden.outputs else writer.payload(error, writer.redactor)
    return {"error": failure, "output": payload.decode()}


def _tagged(result: Any, root: RecordedCall) -> bytes:
    """Return what was returned as it would be recorded: of a stream the sum of its chunks."""
    writer, hidden = _privacy(root)
    if hidden.outputs:
        return PAYLOAD

    def encode(value: Any) -> bytes:
        return writer.payload(value, writer.redactor)

    if not isinstance(result, target.Streamed):
        return encode(result)
    if not result.chunks and result.returned is None:
        return b"null"
    returned = None if result.returned is None else encode(result.returned)
    return total_of([encode(chunk) for chunk in result.chunks], encode, returned=returned)


def _privacy(root: RecordedCall) -> tuple[Recorder, Hidden]:
    """Return what records in this process, and what of the root is hidden, as the program has chosen it by now."""
    writer = recorder.recorder()
    if writer is None:
        raise RefusedError("the replay cannot be recorded in this store any more")
    return writer, NOTHING if writer.hiding is None else writer.hiding.of(root.name, root.kind)


def _call_root(plan: Plan, root: RecordedCall, report: Report) -> Any:
    if is_model_span(root):
        decider.decider = Replaying(plan, report)
        return model_asking.ask(root, revived(plan.root_input or root.input_tagged))
    if is_program(root):
        decider.decider = Replaying(plan, report)
        return _run_program(plan, root)
    if asking.is_request(root):
        decider.decider = Replaying(plan, report)
        return asking.ask(root, revived(plan.root_input or root.input_tagged))
    function = finding.find(root, plan)
    traced: Traced = function.__treadle__  # type: ignore[attr-defined]
    held = revived(plan.root_input or root.input_tagged)
    args, kwargs = target.bind(traced, held)
    decider.decider = Replaying(plan, report)
    return target.run(function, args, kwargs, root)


def is_program(root: RecordedCall) -> bool:
    """Tell whether a recorded root is a whole program under `treadle run`."""
    return (
        root.function is None and isinstance(root.attributes, dict) and root.attributes.get("treadle.program") is True
    )


def _run_program(plan: Plan, root: RecordedCall) -> Any:
    from treadle import program

    process = plan.process
    given = revived(plan.root_input or root.input_tagged)
    argv = [str(argument) for argument in given["argv"]]  # the process record's may be masked
    if process.main_module is not None:
        return program.run_module(process.main_module, argv, name=root.name)
    assert process.main_file is not None
    return program.run_file(process.main_file, argv, name=root.name)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
