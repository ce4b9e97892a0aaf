"""Runs the benchmarks and prints one table, or `window`, which takes longer, with tables of its own. Nothing here passes or fails;
compare the columns."""

import sys
import tempfile
from pathlib import Path

from tests.benchmarks.conversation import idle_memory, latency, receive_cost
from tests.benchmarks.keeping import history
from tests.benchmarks.start import first_window
from tests.benchmarks.table import Figure
from tests.benchmarks.window import main as window
from tests.brokers import Mosquitto
from tests.screens import virtual_screen


def main() -> None:
    with virtual_screen(), tempfile.TemporaryDirectory() as folder:
        broker = Mosquitto(Path(folder) / "broker")
        broker.start()
        try:
            figures: list[Figure] = [
                *first_window(Path(folder)),
                *receive_cost(),
                *history(Path(folder)),
                *latency(Path(folder), broker),
                *idle_memory(Path(folder), broker),
            ]
        finally:
            broker.stop()
    width = max(len(figure.what) for figure in figures)
    print(f"{'':{width}}  {'median':>10}  {'yardstick':>10}  ratio  yardstick is")
    for figure in figures:
        print(figure.line(width))


if __name__ == "__main__":
    if sys.argv[1:2] == ["window"]:
        window(sys.argv[2:])
    else:
        main()
