"""Messages for the tests of the window."""

from chat.events import Message, Trust

NOON = 1_790_000_000.0


def message(
    number: int, text: str = "", *, device: str = "b0b", own: bool = False, time: float = 0.0, trust: Trust = Trust.PINNED
) -> Message:
    """A message whose place in the conversation is its number."""
    return Message(
        key=f"{device}-{number}", device=device, name=f"Name of {device}", own=own, text=text or f"message {number}",
        time=time or NOON + min(number, 100_000), order=(number, device, number), trust=trust,
    )  # fmt: skip
