"""A thousand rooms in simulated time: nobody is left behind, nothing forged is shown, nothing is shown twice."""

import statistics

import pytest

from tests.simulation.__main__ import report, run_seeds


@pytest.mark.timeout(400)
def test_a_thousand_rooms_come_together() -> None:
    outcomes = run_seeds(range(1000))
    print(f"\n{report(outcomes)}")
    assert [outcome for outcome in outcomes if outcome.faults] == []
    seconds = sorted(outcome.seconds for outcome in outcomes if outcome.loss <= 0.2)
    assert statistics.median(seconds) <= 15
    assert seconds[len(seconds) * 99 // 100] <= 60
