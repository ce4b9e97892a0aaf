"""What later records make of a message: edits, retractions and reactions, as a function of the set of records alone.

Whatever order they arrived in, every member sees the same (`tests/protocol/test_annotations.py`).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from chat.protocol.limits import REACTIONS
from chat.protocol.records import Edit, FileOffer, Reaction, Record, Retract


@dataclass(frozen=True, slots=True)
class Annotated:
    """A message as it is now: its text, of a file the name, and for each emoji the devices that put it there, both in the order in which
    that happened."""

    text: str
    edited: bool
    retracted: bool
    reactions: dict[str, list[bytes]]


def annotate(message: Record, about: Iterable[Record]) -> Annotated:
    """Apply to a message the records that are about it; those that have no right to change it have no effect."""
    text = message.text or ""
    edited = retracted = False
    by_device: dict[bytes, dict[str, bool]] = {}
    for record in sorted(about, key=lambda record: (record.clock, record.device, record.sequence, record.id)):
        if record.target != message.reference:
            continue
        match record.body:
            case Edit(text=other) if record.device == message.device and not isinstance(message.body, FileOffer):
                text, edited = other, True
            case Retract() if record.device == message.device:
                retracted = True
            case Reaction(emoji=emoji, on=on):
                reactions = by_device.setdefault(record.device, {})
                reactions.pop(emoji, None)
                if on and len(reactions) < REACTIONS:
                    reactions[emoji] = True
    shown: dict[str, list[bytes]] = {}
    for device, reactions in by_device.items():
        for emoji in reactions:
            shown.setdefault(emoji, []).append(device)
    return Annotated("" if retracted else text, edited and not retracted, retracted, {} if retracted else shown)
