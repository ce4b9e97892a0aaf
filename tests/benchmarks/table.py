"""One line of the table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value, and what it is compared with, in one unit."""

    what: str
    value: float
    yardstick: float
    unit: str
    yardstick_is: str

    def line(self, width: int) -> str:
        ratio = f"{self.value / self.yardstick:5.2f}" if self.yardstick else "    –"
        return f"{self.what:{width}}  {self.value:7.1f} {self.unit:>2}  {self.yardstick:7.1f} {self.unit:>2}  {ratio}  {self.yardstick_is}"
