"""A room as one member sees it: a state machine that is given packets, wishes and the time, and answers with packets and events.

It does no I/O and reads no clock, so a test can run hundreds of rooms against each other in a moment. One thread owns it.
"""

import random
from collections.abc import Iterable, Sequence

import msgspec

from chat.encryption import Cipher, RoomKeys, TokenError
from chat.events import (
    Delivery,
    DeliveryChanged,
    ForeignCounted,
    Gap,
    GapsChanged,
    MembersChanged,
    Message,
    MessagesFolded,
    MessageShown,
    ReceiptsChanged,
    SayRefused,
    TypistsChanged,
)
from chat.protocol import limits
from chat.protocol.answers import Answers
from chat.protocol.author import Author
from chat.protocol.clock import Moment, adopt_clock
from chat.protocol.control import Body as ControlBody
from chat.protocol.control import (
    Bundle,
    Control,
    Digest,
    Entry,
    Gone,
    Have,
    Here,
    Holding,
    Receipt,
    Typing,
    Want,
    make_control,
    read_control,
)
from chat.protocol.faults import Fault, PacketError
from chat.protocol.gossip import Gossip
from chat.protocol.identity import DeviceKey
from chat.protocol.ledger import Ledger
from chat.protocol.memory import Chain, Peers
from chat.protocol.presence import Presence
from chat.protocol.receipts import Receipts
from chat.protocol.records import (
    Body,
    Edit,
    FileOffer,
    Hello,
    Reaction,
    Record,
    Reference,
    Reply,
    Retract,
    Said,
    Text,
    check_offer,
    peek_record,
    read_record,
    reread_record,
)
from chat.protocol.replay import Novelty, find_breaks, give_up_before, note_break, note_fork, note_record
from chat.protocol.spans import Span, from_number, has_number
from chat.protocol.step import Channel, Packet, Step
from chat.protocol.typists import Typists
from chat.protocol.view import View
from chat.protocol.wants import Wants
from chat.words import _


class Room:
    """One device's part in one room. `chain` and `peers` change in place; whoever keeps them stores them before it publishes."""

    def __init__(self, keys: RoomKeys, name: str, chain: Chain, peers: Peers, now: Moment, chance: random.Random) -> None:
        self._keys = keys
        self._device = DeviceKey(chain.seed)
        self._records = Cipher(keys.messages)
        self._control = Cipher(keys.control)
        self.name = name
        self._chain = chain
        self._peers = peers
        self._presence = Presence(self._device.public, name, chain, peers, chance)
        self._presence.begin_connection(now)
        self._view = View(self._device.public, chain, peers, self._presence)
        self._ledger = Ledger(self._device.public, chain, peers)
        self._gossip = Gossip(self._ledger, chance)
        self._wants = Wants(peers, chance)
        self._answers = Answers(self._device.public, self._ledger, chance, now.monotonic)
        self._typists = Typists()
        self._receipts = Receipts(self._device.public, self._ledger)
        self._author = Author(self._device, keys.room, chain, now)
        self._wanted_from = 0
        self._connected = False
        self._foreign = 0
        self._changed: set[bytes] = set()
        self._heard: set[bytes] = set()
        self._members_changed = True
        self._foreign_changed = self._receipts_changed = self._suppliers_changed = self._typists_changed = False
        self._gaps_changed = False
        self._gaps: tuple[Gap, ...] = ()
        self._tell_at = now.monotonic
        self.cloned = False
        """Whether this device's key signed something that is not known here: its data is older than what it has said."""

    @property
    def device(self) -> bytes:
        """This device's public key."""
        return self._device.public

    @property
    def waiting(self) -> frozenset[str]:
        """The keys of the records that the sending limit still holds back."""
        return frozenset(record.key for record in self._author.waiting)

    def read(self, packet: bytes) -> Record:
        """A record that was kept. Raises `PacketError`."""
        return reread_record(packet)

    def resume(self, records: Iterable[Record]) -> None:
        """Go on sending what the broker did not have when the program ended. It keeps to the sending limit."""
        self._author.waiting.extend(records)
        self._note_sent()

    def want_from(self, clock: int) -> None:
        """Do not ask for what was said before this clock value."""
        self._wanted_from = clock

    def dropped(self, device: bytes, number: int) -> None:
        """The records of a device up to this number are not kept any more."""
        if device == self.device:
            self._chain.kept_from = max(self._chain.kept_from, number + 1)
        elif peer := self._peers.devices.get(device):
            give_up_before(peer, number)
            self._note_change(device)
            self._gaps_changed = True

    def take_changed(self) -> list[bytes]:
        """The devices whose records changed what is to be kept of them, since the last time."""
        changed, self._changed = self._changed, set()
        return list(changed)

    def take_heard(self) -> list[bytes]:
        """The devices that were only heard of since the last time, which there is no hurry to keep."""
        heard, self._heard = self._heard, set()
        return list(heard)

    def take_pinned(self) -> bool:
        """Whether a name was pinned since the last time."""
        pinned, self._presence.pinned = self._presence.pinned, False
        return pinned

    def reload(self, devices: Iterable[bytes]) -> None:
        """What is kept of these devices, and the chain, was put back to what it was, because the change could not be kept."""
        self._author.forget_undone()
        self._note_sent()
        for device in devices:
            self._ledger.update(device)

    def is_undone(self, record: Record) -> bool:
        """Whether an own record was said after the point to which the chain was put back."""
        return self._author.is_undone(record)

    def message(self, record: Record, about: Iterable[Record], quoted: tuple[Record, list[Record]] | None, now: Moment) -> Message:
        """How a message that was kept is shown, given the records about it, and the message it answers with those about that one."""
        return self._view.message(record, now, about, quoted)

    def names(self) -> list[tuple[bytes, str]]:
        """All devices with the names they go by."""
        return [(device, self._presence.display_name(device)) for device in (self.device, *self._chain.former, *self._peers.devices)]

    @property
    def online(self) -> int:
        """How many other members are here."""
        return len(self._presence.online())

    def retell(self, now: Moment) -> None:
        """Tell again all that is known, for somebody who did not listen until now."""
        self._members_changed = self._receipts_changed = True
        self._foreign_changed = self._foreign > 0
        self._suppliers_changed = bool(self._chain.suppliers)
        self._gaps_changed, self._gaps = True, ()
        self._tell_at = now.monotonic

    def will(self) -> Packet:
        """What the broker is to publish if the connection being made breaks."""
        return self._seal_control(Gone(), self._presence.will_counter())

    def farewell(self) -> Packet:
        """Goodbye, to be published just before the connection is closed."""
        return self._seal_control(Gone(), self._presence.next_counter())

    def connected(self, now: Moment) -> Step:
        """The broker has accepted the connection and the subscriptions."""
        self._connected = True
        step = Step([self._say_control(self._presence.connected(now))])
        self._introduce(now, step)
        self._gossip.connected(now.monotonic)
        self._wants.connected(now.monotonic)
        self._members_changed = self._gaps_changed = True
        return step

    def disconnected(self, now: Moment) -> Step:
        """The connection broke; the next one needs `will` anew."""
        self._connected = False
        self._presence.disconnected(now)
        self._typists, self._typists_changed = Typists(), True
        for part in (self._gossip, self._wants, self._answers, self._receipts):
            part.disconnected()
        self._members_changed = self._gaps_changed = True
        return self.tick(now)

    def say(self, text: str, now: Moment, reply_to: Reference | None = None) -> Step:
        """Send a text, or keep it waiting for the sending limit, or refuse it with a sentence."""
        said = _without_surrogates(text)
        if not said.strip():
            return Step()
        step = Step()
        if sentence := self._refusal(said):
            step.events.append(SayRefused(text, sentence))
            return step
        self._typists.sent()
        self._show_own(self._put_in(Text(said) if reply_to is None else Reply(reply_to, said), now, step), now, step)
        return step

    def offer(self, offer: FileOffer, now: Moment) -> Step:
        """Offer a file, or keep the offer waiting for the sending limit, or refuse it with a sentence.

        Raises `PacketError` for an offer that nobody would take, for example one with too long a name.
        """
        offer = check_offer(msgspec.structs.replace(offer, name=_without_surrogates(offer.name)))
        step = Step()
        if sentence := self._refusal(""):
            step.events.append(SayRefused("", sentence))
            return step
        self._show_own(self._put_in(offer, now, step), now, step)
        return step

    def type(self, now: Moment) -> Step:
        """A person is writing a message."""
        told = self._connected and self._typists.typing(self.online, now.monotonic)
        return Step([self._say_control(Typing())] if told else [])

    def holding(self, transfer: bytes, held: Sequence[Span], wants: bool, asks: bool) -> Packet:
        """Say which chunks of a file are held here (see `Holding`); of more than `FILE_SPANS` spans the first."""
        return self._say_control(Holding(transfer, list(held[: limits.FILE_SPANS]), wants, asks))

    def change(self, body: Edit | Retract | Reaction, now: Moment) -> Step:
        """Say something about a message that was said before."""
        step = Step()
        text = _without_surrogates(body.text) if isinstance(body, Edit) else ""
        if isinstance(body, Edit):
            body = Edit(body.target, text)
        if sentence := self._refusal(text):
            step.events.append(SayRefused(text, sentence))
        else:
            self._put_in(body, now, step)
        return step

    def _refusal(self, text: str) -> str:
        if len(text.encode()) > limits.TEXT_BYTES:
            return _("This message is too long: at most {most} KiB. Send it in parts.").format(most=limits.TEXT_BYTES // 1024)
        if len(self._author.waiting) >= limits.SEND_WAITING:
            return _("{count} messages are waiting already. Send this one in a moment.").format(count=limits.SEND_WAITING)
        return ""

    def _show_own(self, record: Record, now: Moment, step: Step) -> None:
        step.events.append(MessageShown(self._view.message(record, now), Delivery.WAITING if self._author.waiting else Delivery.QUEUED))

    def _put_in(self, body: Body, now: Moment, step: Step) -> Record:
        """Sign a record and send it, or let it wait for the sending limit."""
        goes_out = self._author.may_send(now)
        self._introduce(now, step)
        record = self._author.write(body, now)
        step.said.append(record)
        if goes_out:
            self._send(record, step)
        else:
            self._author.waiting.append(record)
            self._note_sent()
        return record

    def receive(self, channel: Channel, token: bytes, now: Moment) -> Step:
        """Take whatever arrived on a topic of the room. What is not a valid packet is counted, and nothing else comes of it."""
        step = Step()
        try:
            if channel is Channel.RECORDS:
                record = read_record(self._records.open(token, limits.PACKET_BYTES), self._keys.room)
                self._take_record(record, now, step)
            else:
                control = read_control(self._control.open(token, limits.PACKET_BYTES), self._keys.room)
                if control.device != self.device:
                    self._take_control(control, now, step)
        except (TokenError, PacketError):
            self._count_foreign()
        while self._presence.evicted:
            self._note_change(self._presence.evicted.pop())
        self._tell(now, step)
        return step

    def compare(self, record: Record, ids: list[bytes], now: Moment) -> Step:
        """Judge a doubted record, given the ids of the records that are kept under its device and number."""
        step = Step()
        if not ids or record.id in ids:
            return step
        if record.device == self.device:
            self.cloned = True
            return step
        peer = self._peers.devices.get(record.device)
        if peer is not None and note_fork(peer, record, ids):
            self._note_change(record.device)
            self._gossip.changed(now.monotonic)
            self._wants.received(record.device, record.sequence, now.monotonic)
            step.heard.append(record)
            if isinstance(record.body, Hello):
                self._members_changed |= self._presence.introduced(record, peer, record.body.name, passed_on=True)
            if isinstance(record.body, Said):
                step.events.append(MessageShown(self._view.message(record, now)))
        return step

    def supply(self, packets: Iterable[bytes]) -> Step:
        """Pass on kept records, in as few bundles as their size allows."""
        step = Step()
        part: list[bytes] = []
        for packet in packets:
            if part and (len(part) == limits.WANT_RECORDS or sum(map(len, part)) + len(packet) > limits.BUNDLE_BYTES):
                step.packets.append(self._say_control(Bundle(part)))
                part = []
            part.append(packet)
        if part:
            step.packets.append(self._say_control(Bundle(part)))
        return step

    def tick(self, now: Moment) -> Step:
        """Do what time has made due: send what waited, say that one is here, heal what is missing, tell of changes."""
        step = Step()
        for record in self._author.release(now):
            self._send(record, step)
            step.events.append(DeliveryChanged(record.key, Delivery.QUEUED))
        here, fell_silent = self._presence.tick(now)
        self._members_changed |= fell_silent
        self._typists_changed |= self._typists.tick(now.monotonic)
        if here is not None:
            step.packets.append(self._say_control(here))
        if self._connected:
            self._heal(now, step, heartbeat=here is not None)
        self._tell(now, step)
        return step

    def _heal(self, now: Moment, step: Step, *, heartbeat: bool) -> None:
        asks_at = self._wants.due()
        self._gaps_changed |= asks_at is not None and now.monotonic >= asks_at
        receipt = self._receipts.tick(now.monotonic, heartbeat=heartbeat)
        want = self._wants.tick(now.monotonic)
        for body in (receipt, *self._gossip.tick(now.monotonic), want):
            if body is not None:
                step.packets.append(self._say_control(body))
        step.wanted += self._answers.tick(now.monotonic)

    def due(self, now: Moment) -> float | None:
        """When `tick` must be called next (monotonic seconds); None if only an input can change anything."""
        times = [self._presence.due(), self._author.release_at(now), self._typists.due()]
        if self._connected:
            times += [self._gossip.due(), self._wants.due(), self._answers.due(now.monotonic), self._receipts.due()]
        if self._has_news():
            times.append(self._tell_at)
        return min((time for time in times if time is not None), default=None)

    def _take_control(self, control: Control, now: Moment, step: Step) -> None:
        body, device = control.body, control.device
        called = self._presence.display_name(device)
        if isinstance(body, Bundle):
            if self._presence.peer(device, now)[1].repair.take(now.monotonic):
                self._take_bundle(device, body, now, step)
            return
        if not self._presence.accepts(control, now):
            return
        match body:
            case Here() | Gone():
                self._typists_changed |= isinstance(body, Gone) and self._typists.stopped(device)
                self._members_changed |= self._presence.receive(device, body, now)
                if isinstance(body, Here) and body.asks:
                    self._receipts.owe(device, now.monotonic, self._presence.online())
            case Receipt():
                self._receipts_changed |= self._receipts.heard(device, body)
            case Digest(digest):
                self._gossip.heard_digest(digest, now.monotonic)
            case Typing():
                self._typists_changed |= self._presence.is_online(device) and self._typists.heard(device, now.monotonic)
            case Have():
                self._gossip.heard_have(body, now.monotonic)
                for entry in body.entries:
                    self._wants.claim(device, self._beyond_own(entry), now.monotonic)
            case Want():
                self._answers.asked(device, control.counter, body, self._presence.online(), now.monotonic)
                self._wants.overheard(body, now.monotonic)
            case Holding():
                step.holdings.append((device, body))
        self._heard.add(device)
        self._note_name(device, called, step)

    def _note_name(self, device: bytes, before: str, step: Step) -> None:
        if self._presence.display_name(device) != before:
            step.renamed.append(device)

    def _beyond_own(self, entry: Entry) -> Entry:
        """What a list says of this device beyond what it has said here is wanted, because it would prove that a backup was put back."""
        if entry.device != self.device:
            return entry
        return Entry(entry.device, from_number(entry.seen, self._chain.sequence + 1), entry.kept_from, b"", [])

    def _take_bundle(self, relayer: bytes, bundle: Bundle, now: Moment, step: Step) -> None:
        for packet in bundle.packets:
            try:
                device, number = peek_record(packet)
                known = has_number(self._ledger.seen(device), number)
                if not known or self._wants.is_doubted(device, number) or self._answers.waits_for(device, number):
                    record = read_record(packet, self._keys.room)
                    self._take_record(record, now, step, relayer)
            except PacketError:
                self._count_foreign()

    def _count_foreign(self) -> None:
        self._foreign += 1
        self._foreign_changed = True

    def _take_record(self, record: Record, now: Moment, step: Step, relayer: bytes = b"") -> None:
        device = record.device
        if device == self.device:
            self.cloned |= record.sequence > self._chain.sequence
            step.doubted.append(record)
            return
        peer, attendance = self._presence.peer(device, now)
        self._gaps_changed = True
        if record.sequence not in peer.forks:
            self._answers.heard(device, record.sequence)
        match note_record(peer, record):
            case Novelty.KNOWN:
                step.doubted.append(record)
                return
            case Novelty.REFUSED:
                raise PacketError(Fault.LIMIT)
            case Novelty.NEW:
                pass
        for number, name in find_breaks(peer, record):
            if note_break(peer, number, name):
                self._wants.doubt(device, number, now.monotonic)
        self._wants.received(device, record.sequence, now.monotonic)
        if peer.seen[0][0] > 1 or len(peer.seen) > 1:
            self._wants.note_gap(device, now.monotonic)
        self._gossip.changed(now.monotonic)
        self._receipts.owe(device, now.monotonic, self._presence.online())
        if relayer and record.clock < self._wanted_from:
            give_up_before(peer, record.sequence)
            self._note_change(device)
            return
        self._note_change(device)
        step.heard.append(record)
        self._chain.clock = adopt_clock(self._chain.clock, record.clock, now.wall)
        if not relayer:
            peer.last_seen = now.wall
        elif isinstance(record.body, Said) and record.clock < self._chain.joined:
            self._note_supplier(relayer)
        if isinstance(record.body, Hello):
            called = self._presence.display_name(device)
            self._members_changed |= self._presence.introduced(record, peer, record.body.name, passed_on=bool(relayer))
            self._note_name(device, called, step)
        if not isinstance(record.body, Said):
            return
        self._typists_changed |= not relayer and self._typists.stopped(device)
        message = self._view.message(record, now)
        if relayer or attendance.records.take(now.monotonic):
            attendance.folded = 0
            step.events.append(MessageShown(message))
        else:
            attendance.folded += 1
            step.events.append(MessagesFolded(message.device, message.name, attendance.folded, (message,)))

    def _send(self, record: Record, step: Step) -> None:
        if (answer := self._presence.answer()) is not None:
            step.packets.append(self._say_control(answer))
        step.packets.append(self.seal(record))
        self._note_sent()

    def _note_sent(self) -> None:
        self._ledger.sent = self._author.sent
        self._ledger.update(self.device)

    def _note_supplier(self, relayer: bytes) -> None:
        suppliers = self._chain.suppliers
        if relayer not in suppliers and len(suppliers) < limits.SUPPLIERS:
            suppliers.append(relayer)
            self._suppliers_changed = True

    def _note_change(self, device: bytes) -> None:
        self._ledger.update(device)
        self._changed.add(device)

    def _introduce(self, now: Moment, step: Step) -> None:
        if record := self._author.introduce(self.name, now):
            step.said.append(record)
            step.packets.append(self.seal(record))
            self._note_sent()

    def seal(self, record: Record) -> Packet:
        """A fresh token for an own record."""
        return Packet(Channel.RECORDS, self._records.seal(record.packet), record)

    def _say_control(self, body: ControlBody) -> Packet:
        return self._seal_control(body, self._presence.next_counter())

    def _seal_control(self, body: ControlBody, counter: int) -> Packet:
        return Packet(Channel.CONTROL, self._control.seal(make_control(self._device, self._keys.room, counter, body)))

    def _has_news(self) -> bool:
        changed = (self._foreign_changed, self._receipts_changed, self._suppliers_changed, self._typists_changed, self._gaps_changed)
        return self._members_changed or any(changed)

    def _tell(self, now: Moment, step: Step) -> None:
        if now.monotonic < self._tell_at or not self._has_news():
            return
        if (self._gaps_changed or self._members_changed) and (gaps := self._view.gaps(self._wants.in_vain())) != self._gaps:
            self._gaps = gaps
            step.events.append(GapsChanged(gaps))
        if self._members_changed:
            step.events.append(MembersChanged(self._presence.members(now.wall)))
        if self._foreign_changed:
            step.events.append(ForeignCounted(self._foreign))
        if self._receipts_changed or self._members_changed:
            told = self._receipts.known()
            step.events.append(ReceiptsChanged(told, max(len(told), len(self._presence.online()))))
        if self._suppliers_changed:
            step.events.append(self._view.supplied())
        if self._typists_changed:
            step.events.append(TypistsChanged(tuple(map(self._presence.display_name, self._typists.devices[: limits.TYPISTS]))))
        self._members_changed = self._foreign_changed = False
        self._receipts_changed = self._suppliers_changed = self._typists_changed = self._gaps_changed = False
        self._tell_at = now.monotonic + limits.COALESCE_SECONDS


def _without_surrogates(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
