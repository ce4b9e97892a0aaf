"""How a room of five processes heals while everything around it breaks.

    python -m tests.benchmarks.healing [messages] [seed]

Prints how many messages were said, lost, and shown twice, how long it took until all agreed after the last fault, and the bytes that
crossed the links for each message.
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.brokers import Mosquitto
from tests.company import Company

NAMES: Final = ("Ada", "Bob", "Cleo", "Dan", "Eve")
AT_ONCE: Final = 40
AGREE_SECONDS: Final = 600.0


def main(messages: int, seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        broker = Mosquitto(Path(folder) / "broker")
        broker.start()
        company = Company(Path(folder), broker, NAMES, seed)
        try:
            faults = 0
            began = time.monotonic()
            while sum(len(member.said) for member in company.members) < messages:
                company.say(AT_ONCE)
                company.break_something()
                faults += 1
            broken = time.monotonic()
            conversation = company.agree(AGREE_SECONDS)
            agreed = time.monotonic()
            said = {text for member in company.members for text in member.said}
            lost = said - {text for _, _, text in conversation}
            passed = sum(member.link.passed for member in company.members)
            print(f"{len(conversation):,} messages, {faults} faults in {broken - began:.0f} s, agreement {agreed - broken:.1f} s later")
            each = passed / len(conversation)
            print(f"{len(lost)} lost, {len(company.twice(conversation))} shown twice, {each:,.0f} bytes for each message")
        finally:
            company.close()
            broker.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 10_000, int(sys.argv[2]) if sys.argv[2:] else 1)
