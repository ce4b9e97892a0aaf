"""Runs the benchmarks and prints one table. Nothing here passes or fails; compare the columns."""

import tempfile
from pathlib import Path

from tests.benchmarks.conversation import idle_memory, latency, receive_cost
from tests.benchmarks.keeping import history
from tests.benchmarks.start import first_window
from tests.benchmarks.table import Figure
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


main()
