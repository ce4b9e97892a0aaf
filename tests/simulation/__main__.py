"""python -m tests.simulation [first seed] [how many]: run rooms in simulated time and report."""

import multiprocessing
import statistics
import sys
import time

from tests.simulation.quick import remember_crypto
from tests.simulation.scenario import Outcome, run_seed


def main() -> int:
    """Run the seeds on all processors; 1 if any room went wrong."""
    first = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    began = time.monotonic()
    outcomes = run_seeds(range(first, first + count))
    print(report(outcomes), f"\n{time.monotonic() - began:.0f} s of real time")
    return int(any(outcome.faults for outcome in outcomes))


def run_seeds(seeds: range) -> list[Outcome]:
    """The outcomes of these seeds."""
    with multiprocessing.Pool(initializer=remember_crypto) as pool:
        return pool.map(run_seed, seeds, chunksize=5)


def report(outcomes: list[Outcome]) -> str:
    """What these rooms showed, for people."""
    lines = [f"seed {outcome.seed}: {', '.join(outcome.faults)} ({outcome})" for outcome in outcomes if outcome.faults]
    for low, high in ((0.0, 0.2), (0.3, 0.5)):
        chosen = sorted(outcome.seconds for outcome in outcomes if low <= outcome.loss <= high)
        if chosen:
            p99 = chosen[min(len(chosen) - 1, len(chosen) * 99 // 100)]
            lines.append(f"loss {low:.0%} to {high:.0%}: {len(chosen)} rooms, median {statistics.median(chosen):.1f} s, p99 {p99:.1f} s")
    for least, most in ((3, 8), (15, 30), (100, 100)):
        chosen_rooms = [outcome for outcome in outcomes if least <= outcome.members <= most]
        if chosen_rooms:
            per_record = statistics.median(outcome.packets / max(1, outcome.records) for outcome in chosen_rooms)
            per_member = statistics.median(outcome.packets / max(1, outcome.records) / outcome.members for outcome in chosen_rooms)
            lines.append(f"{least} to {most} members: {per_record:.1f} packets per record, {per_member:.2f} per record and member")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
