"""What the bar of a batch says is left."""

import pytest

from treadle_tui.cli.replay_bar import left_in_words


@pytest.mark.parametrize(
    ("elapsed_s", "done", "total", "cost_usd", "said"),
    [
        (0.0, 0, 8, 0.0, ""),
        (0.0, 0, 8, 0.5, "about $0.5000 left"),
        (10.0, 2, 8, 0.0, "30s left"),
        (100.0, 2, 8, 1.25, "5m00s left, about $1.25 left"),
        (3000.0, 1, 3, 0.0, "1h40m left"),
        (10.0, 8, 8, 0.0, "0s left"),
    ],
)
def test_those_to_come_take_as_long_as_those_done(
    elapsed_s: float, done: int, total: int, cost_usd: float, said: str
) -> None:
    """The time is told once one is done, in one short word; the cost where there is any."""
    assert left_in_words(elapsed_s, done, total, cost_usd) == said
