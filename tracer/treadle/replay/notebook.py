"""A notebook as a program: its cells, as they were when a call began."""

from treadle.errors import NotReplayableError
from treadle.model import KeptSource, RecordedCall
from treadle.replay.definitions import check_is_what_ran
from treadle.replay.plan import Plan
from treadle.values.todays_code import Source


def is_of_notebook(plan: Plan) -> bool:
    """Tell whether what was recorded ran in a notebook whose cells are known."""
    process = plan.process
    is_elsewhere = process.main_file is None and process.main_module is None
    return is_elsewhere and any(source.number is not None for source in plan.sources)


def cells_before(call: RecordedCall, plan: Plan) -> list[KeptSource]:
    """Return the cells that had run when a call began, its own the last."""
    return [source for source in plan.sources if source.number is not None and source.seq < call.seq]


def source_of_cell(call: RecordedCall, plan: Plan) -> Source:
    """Return the cell that a call's function stood in.

    Raises:
        NotReplayableError: it was not kept, or not as it ran.

    """
    file = call.function.file if call.function is not None else None
    kept = [source for source in plan.sources if source.file == file and source.seq < call.seq]
    if not kept:
        raise NotReplayableError(f"the cell that {call.name} stood in was not kept: run the notebook again")
    check_is_what_ran(kept[-1], call.name)
    return Source(kept[-1].file, kept[-1].text)
