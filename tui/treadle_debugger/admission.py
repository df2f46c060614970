"""What may be replayed: which call is started, which run for real, and whether the records are the user's own.

Nothing goes live by itself, and nothing is run or served that does not carry the user's own signature, unless they
said so.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from treadle.errors import NotFoundError, NotReplayableError, RefusedError, UsageError
from treadle.hiding import PAYLOAD
from treadle.model import EFFECT_KINDS, KeptSource, Process, RecordedCall, Recording
from treadle.replay.model_spans.addresses import address_of
from treadle.replay.model_spans.reading import api_of, asks_for_embeddings, is_model_span, provider_of
from treadle.replay.plan import with_ancestors
from treadle.signing import key_path, load_key, verify_end, verify_process, verify_source, verify_start
from treadle_debugger.advice import what_to_do
from treadle_debugger.request import Request


def root_of(recording: Recording, step_id: str | None) -> RecordedCall:
    """Return the call to start: the step that was asked for, else the trace's first.

    Raises:
        NotFoundError: the trace has no such step.
        NotReplayableError: Treadle recorded no first step.

    """
    for call in recording.calls:
        if call.span_id == step_id or (step_id is None and call.parent_span_id is None):
            return call
    if step_id is None:
        raise NotReplayableError("the trace has no first step that Treadle recorded: replay a --step of it")
    raise NotFoundError(f"trace {recording.trace_id} has no step {step_id}")


def calls_below(calls: Sequence[RecordedCall], root: RecordedCall) -> tuple[RecordedCall, ...]:
    """Return a call and all that hang under it; of a model's span without a function nothing of that is made again."""
    if is_model_span(root):
        return (root,)
    kept = {root.span_id}
    for call in calls:
        if call.parent_span_id in kept:
            kept.add(call.span_id)
    return tuple(call for call in calls if call.span_id in kept)


def check_replayable(root: RecordedCall, request: Request, live_ids: frozenset[str]) -> None:
    """Refuse what cannot be called again, or only by a real call that nobody allowed.

    Raises:
        NotReplayableError: something in its arguments was not recorded.
        RefusedError: it is an effect, and `live` does not name it.

    """
    if is_model_span(root):
        _check_askable(root, request, live_ids)
        return
    if root.kind in EFFECT_KINDS and root.span_id not in live_ids:
        raise RefusedError(f"replaying {root.name} alone makes a real call: allow it with --live {root.name!r}")
    if request.root_input is None and not root.replayable:
        raise NotReplayableError(f"{root.name} cannot be called again: {root.not_replayable_why}; {what_to_do(root)}")


def _check_askable(root: RecordedCall, request: Request, live_ids: frozenset[str]) -> None:
    """Refuse to ask a model again for a span, where nobody said so, or it may not be, or it is not known where."""
    if root.span_id not in live_ids:
        raise RefusedError(f"replaying {root.name} alone makes a real call: name it, with --step {root.span_id}")
    if not request.with_network:
        raise RefusedError(f"{root.name} has no function behind it: its model is asked over the network, or not at all")
    if root.output_tagged == PAYLOAD:
        raise NotReplayableError(
            f"{root.name} cannot be asked again: its answer was hidden (hide_outputs), and a new one would be recorded"
        )
    address_of(api_of(root), provider_of(root), for_texts=asks_for_embeddings(root))


def signed_cells(recording: Recording, root: RecordedCall) -> tuple[KeptSource, ...]:
    """Return the cells of a notebook that ran before a step; empty of what is none.

    They are run, so each must be the user's own: `--trust` does not help here.

    Raises:
        RefusedError: the step's function stands in a cell, and one was changed, or nobody signed it.

    """
    process = recording.process
    if process.main_file is not None or process.main_module is not None:
        return ()
    cells = tuple(source for source in recording.sources if source.seq < root.seq)
    key = load_key(create=False)
    forged = next((cell for cell in cells if key is None or not _is_signed(key, cell, process)), None)
    if forged is None:
        return cells
    if root.function is None or root.function.module != "__main__":
        return ()  # it stands in a file
    how = "was changed after it was recorded, or another user ran it" if forged.signature else "carries no signature"
    shown = forged.file if forged.number is None else f"cell [{forged.number}] of the notebook"
    raise RefusedError(
        f"{shown} {how}: code out of a store is run only where this user signed it, "
        "also with --trust; run the notebook again"
    )


def _is_signed(key: bytes, cell: KeptSource, process: Process) -> bool:
    return cell.process_id == process.process_id and verify_source(key, cell)


def check_debugged(
    root: RecordedCall, calls: Sequence[RecordedCall], request: Request, live_ids: frozenset[str]
) -> None:
    """Refuse to stop in a function that will not be run, for it or a call above it is answered from the recording.

    Raises:
        NotFoundError: the replayed part of the trace has no such step.
        UsageError: nothing of it would run; the message says what lets it.

    """
    by_id = {call.span_id: call for call in calls}
    if request.debugged is None:
        return
    running_ids = with_ancestors(calls, live_ids)
    call = by_id.get(request.debugged)
    if call is None:
        raise NotFoundError(f"the replayed part of the trace has no step {request.debugged}")
    if call.function is None:
        raise UsageError(f"--pdb: {call.name} has no function to stop in: stop in one that calls it")
    above: RecordedCall | None = call
    while above is not None and above is not root and above.span_id not in live_ids:
        if above.kind in EFFECT_KINDS and not request.lets_changed_run and above.span_id not in running_ids:
            which = "it" if above is call else f"{above.name} above it"
            raise UsageError(
                f"--pdb: nothing of {call.name} runs, for {which} is served: let it run with --live {above.name!r}"
            )
        above = by_id.get(above.parent_span_id or "")


def check_signatures(
    process: Process, root: RecordedCall, calls: Sequence[RecordedCall], unread_ids: frozenset[str], *, store: Path
) -> None:
    """Refuse what this user did not record: what would be started, and every answer that could be served.

    Glue is checked too: what is an effect is decided by today's code, and the recorded result is what it is judged by.
    `unread_ids`: steps that run for real, but for those that get another answer: that takes the recorded one's types.

    Raises:
        RefusedError: names the first record that was changed, or that nobody signed.

    """
    key = load_key(create=False)
    if key is None:
        raise RefusedError(
            f"there is no key to check the recording with in {_place_of_key()} (mode 0600, your own): "
            "look at the recording, then replay with --trust"
        )
    if is_model_span(root):
        _check_model_span(key, root, store)
        return
    _check_program(key, process, root, store)
    for call in calls:
        is_read = call.span_id not in unread_ids
        if (call is root or is_read) and not verify_start(key, call):
            raise RefusedError(_refusal(call, "what went into", _how(call.start_signature, store)))
        has_answer = call.status in ("ok", "error") or call.closed_early
        if has_answer and is_read and not verify_end(key, call):
            raise RefusedError(_refusal(call, "the answer of", _how(call.end_signature, store)))


def _check_model_span(key: bytes, span: RecordedCall, store: Path) -> None:
    """Check what the request is made of, and what the new answer is compared with: nothing of its program is started.

    The attributes are signed with the end.
    """
    if not verify_start(key, span):
        raise RefusedError(_refusal(span, "what went into", _how(span.start_signature, store)))
    if not verify_end(key, span):
        raise RefusedError(_refusal(span, "the answer or an attribute of", _how(span.end_signature, store)))


def _check_program(key: bytes, process: Process, root: RecordedCall, store: Path) -> None:
    if not verify_process(key, process):
        raise RefusedError(
            f"how the program was started (process {process.process_id}) {_how(process.signature, store)}: "
            "look at it, then replay with --trust"
        )
    if root.process_id != process.process_id:
        raise RefusedError(
            f"{root.name} ran in another process ({root.process_id}) than the one that its trace began in: "
            "replay a step above it, or look at it, then replay with --trust"
        )


def _how(signature: str | None, store: Path) -> str:
    """Return what is wrong with a signature, and whose the store is where that tells why."""
    if not signature:
        return "carries no signature"
    uid = store.stat().st_uid
    owner = f" (the store belongs to uid {uid})" if uid != os.getuid() else ""
    return f"was changed after it was recorded, or another user recorded it{owner}"


def _refusal(call: RecordedCall, what: str, how: str) -> str:
    where = f"step {call.span_id}, record {call.seq} of its journal"
    return f"{what} {call.name} ({where}) {how}: look at it, then replay with --trust if you believe it"


def _place_of_key() -> str:
    try:
        return str(key_path())
    except RuntimeError:
        return "your home folder, which there is not"
