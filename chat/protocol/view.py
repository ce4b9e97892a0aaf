"""How people see what a room knows: records with names, trust and time, as the plain data that every face shows."""

from collections.abc import Iterable

from chat.events import File, Gap, Message, Quote, Supplied
from chat.events import Reaction as ShownReaction
from chat.protocol import limits
from chat.protocol.annotations import annotate
from chat.protocol.clock import Moment, clock_seconds, is_believable
from chat.protocol.memory import Chain, Peers
from chat.protocol.presence import Presence
from chat.protocol.records import FileOffer, Record, Reference, Reply
from chat.protocol.signed import Unknown
from chat.protocol.spans import Span

Annotated = tuple[Record, list[Record]]
"""A record and those about it."""


class View:
    """See the module. It changes nothing."""

    def __init__(self, own: bytes, chain: Chain, peers: Peers, presence: Presence) -> None:
        self._own = own
        self._chain = chain
        self._peers = peers
        self._presence = presence

    def message(self, record: Record, now: Moment, about: Iterable[Record] = (), quoted: Annotated | None = None) -> Message:
        """A message, given the records about it, and the one it answers."""
        trusted = is_believable(record.clock, now.wall)
        peer = self._peers.devices.get(record.device)
        shown = annotate(record, about)
        return Message(
            key=record.key,
            device=record.device.hex(),
            name=self._presence.display_name(record.device),
            own=self._is_own(record.device),
            text=shown.text,
            time=clock_seconds(record.clock) if trusted else now.wall,
            order=(record.clock, record.device.hex(), record.sequence),
            trust=self._presence.trust(record.device),
            clock_trusted=trusted,
            forked=peer is not None and record.sequence in peer.forks,
            newer=isinstance(record.body, Unknown),
            reply=self._quote(record.body.target, quoted) if isinstance(record.body, Reply) else None,
            edited=shown.edited,
            retracted=shown.retracted,
            reactions=tuple(self._reaction(emoji, devices) for emoji, devices in shown.reactions.items()),
            file=_file(record) if not shown.retracted else None,
        )

    def supplied(self) -> Supplied:
        """From whom what was said before this device came is."""
        return Supplied(tuple(self._presence.display_name(device) for device in self._chain.suppliers), (self._chain.joined, "", 0))

    def gaps(self, missing: dict[bytes, list[Span]]) -> tuple[Gap, ...]:
        """The numbers of each device that nobody who is here has."""
        found: list[Gap] = []
        for device, spans in missing.items():
            if (peer := self._peers.devices.get(device)) is None:
                continue
            for first, last in spans[-limits.GAPS :]:
                order = (peer.starts.get(last + 1, (0, b""))[0], device.hex(), last)
                found.append(Gap(device.hex(), self._presence.display_name(device), last - first + 1, order))
        return tuple(found[: limits.GAPS])

    def _quote(self, target: Reference, quoted: Annotated | None) -> Quote:
        if quoted is None:
            return Quote(target.key)
        record, about = quoted
        shown = annotate(record, about)
        order = (record.clock, record.device.hex(), record.sequence)
        return Quote(target.key, order, record.device.hex(), self._presence.display_name(record.device), shown.text, shown.retracted)

    def _reaction(self, emoji: str, devices: list[bytes]) -> ShownReaction:
        names = tuple(self._presence.display_name(device) for device in devices)
        return ShownReaction(emoji, names, own=any(self._is_own(device) for device in devices))

    def _is_own(self, device: bytes) -> bool:
        return device == self._own or device in self._chain.former


def _file(record: Record) -> File | None:
    offer = record.body
    return File(offer.name, offer.size, offer.type) if isinstance(offer, FileOffer) else None
