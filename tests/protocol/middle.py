"""A chance that is none, so that a test can name the moment at which something happens."""

import random
from collections.abc import MutableSequence
from typing import Any


class Middle(random.Random):
    """Every number is the one in the middle of what is possible, and everything stays in its order."""

    def random(self) -> float:
        return 0.5

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2

    def shuffle(self, x: MutableSequence[Any]) -> None:
        pass
