"""What a replay cost, and what it did not cost since calls were answered from the recording."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from treadle.errors import NotFoundError
from treadle.model import KINDS
from treadle.replay.strays import ANSWERED
from treadle_debugger.verdict import CallReport

if TYPE_CHECKING:
    from treadle_storage import Store

BILLED_KINDS = ("llm", "embedding", "reranker")
"""Agents report the sums of what is below them."""


def spent_usd(store: "Store", trace_id: str | None) -> float | None:
    """Return what a replay's trace cost; None where nothing ran for real, or nothing is known of it."""
    if trace_id is None:
        return None
    try:
        return store.trace(trace_id).cost_usd
    except NotFoundError:  # ended before its first step was written
        return None


def saved_usd(store: "Store", trace_id: str, calls: Sequence[CallReport]) -> float | None:
    """Return what the answered calls, and all below them, had cost in the recording."""
    answered = {call.recorded_id for call in calls if call.decision in ANSWERED}
    tree = store.tree(trace_id)
    costs = store.column(trace_id, "cost_usd")
    is_spared = np.zeros(len(tree), dtype=bool)
    saved = []
    for index, cost in enumerate(costs):
        parent = int(tree.parent[index])
        is_spared[index] = (parent >= 0 and is_spared[parent]) or tree.hex_id(index) in answered
        if is_spared[index] and cost is not None and KINDS[tree.kind[index]] in BILLED_KINDS:
            saved.append(float(cost))
    return sum(saved) if saved else None
