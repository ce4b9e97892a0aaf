"""Who is in the room: what members say of themselves, how fast they may say it, and the pins that mark a changed key."""

import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from chat.events import Member, Trust
from chat.protocol import limits
from chat.protocol.clock import Moment
from chat.protocol.control import LAST_CONNECTION, Control, Gone, Here, Holding, Want, last_counter
from chat.protocol.identity import device_fingerprint
from chat.protocol.memory import Chain, Peer, Peers
from chat.protocol.names import skeleton
from chat.protocol.rate import TokenBucket
from chat.protocol.records import Record


@dataclass(slots=True)
class Attendance:
    """What holds for a device only while this program runs."""

    records: TokenBucket
    control: TokenBucket
    repair: TokenBucket
    holdings: TokenBucket
    heard_at: float = 0.0
    """Monotonic seconds of its last `Here`."""
    folded: int = 0
    """How many messages were folded since it last kept to the limit."""


class Presence:
    """The other devices of a room, and when to tell them of this one."""

    def __init__(self, own: bytes, name: str, chain: Chain, peers: Peers, chance: random.Random) -> None:
        self._own = own
        self._name = name
        self._chain = chain
        self._peers = peers
        self._chance = chance
        self._attendance: dict[bytes, Attendance] = {}
        self._online: dict[bytes, Attendance] = {}
        """Those that are here, in the order in which they came."""
        self._sent = 0
        self._connected = False
        self._answer_at: float | None = None
        self._beat_at = 0.0
        self.pinned = False
        """Whether a name was pinned that is not kept yet."""
        self.evicted: list[bytes] = []
        """Devices that gave way to others and are not forgotten everywhere yet."""
        self._pin(name, own)

    def peer(self, device: bytes, now: Moment) -> tuple[Peer, Attendance]:
        """What is kept of a device; the one that was silent longest gives way when there are too many."""
        devices = self._peers.devices
        if device not in devices:
            if len(devices) >= limits.DEVICES:
                oldest = min(devices, key=lambda other: devices[other].last_seen)
                del devices[oldest]
                self._attendance.pop(oldest, None)
                self._online.pop(oldest, None)
                self.evicted.append(oldest)
            devices[device] = Peer()
        if device not in self._attendance:
            self._attendance[device] = Attendance(
                records=TokenBucket(limits.RECEIVE_BURST, limits.RECEIVE_PER_SECOND, now.monotonic),
                control=TokenBucket(limits.CONTROL_BURST, limits.CONTROL_PER_SECOND, now.monotonic),
                repair=TokenBucket(2 * limits.BUNDLE_BURST, 2 * limits.BUNDLES_PER_SECOND, now.monotonic),
                holdings=TokenBucket(limits.HOLDING_BURST, limits.HOLDINGS_PER_SECOND, now.monotonic),
            )
        return devices[device], self._attendance[device]

    def display_name(self, device: bytes) -> str:
        """The name a device goes by, or the first half of its fingerprint while it has told none."""
        if device == self._own:
            return self._name
        peer = self._peers.devices.get(device)
        return peer.name if peer and peer.name else device_fingerprint(device)[:9]

    def trust(self, device: bytes) -> Trust:
        """What the pins say of the name that a device goes by."""
        if device == self._own:
            return Trust.PINNED
        peer = self._peers.devices.get(device)
        pinned = self._peers.pins.get(skeleton(peer.name)) if peer and peer.name else None
        if pinned is None:
            return Trust.UNPINNED
        return Trust.PINNED if pinned == device else Trust.CHANGED

    def introduced(self, record: Record, peer: Peer, name: str, *, passed_on: bool) -> bool:
        """A record gives a device's name; the first claim pins it. Says whether the name is new.

        What is passed on may be an old name of somebody who is here under a new one.
        """
        self._pin(name, record.device)
        if record.sequence <= peer.named or (passed_on and self.is_online(record.device)):
            return False
        peer.named = record.sequence
        return self._rename(record.device, peer, name)

    def accepts(self, control: Control, now: Moment) -> bool:
        """Whether a verified control packet of another device is no replay and not one too many."""
        peer, attendance = self.peer(control.device, now)
        match control.body:
            case Want():
                bucket = attendance.repair
            case Holding():
                bucket = attendance.holdings
            case _:
                bucket = attendance.control
        if control.counter <= peer.counter or not bucket.take(now.monotonic):
            return False
        peer.counter = control.counter
        peer.last_seen = now.wall
        return True

    def receive(self, device: bytes, body: Here | Gone, now: Moment) -> bool:
        """A device says that it is here or goes. Says whether the member list changed."""
        peer, attendance = self.peer(device, now)
        was_online = device in self._online
        if isinstance(body, Gone):
            self._online.pop(device, None)
            return was_online
        attendance.heard_at = now.monotonic
        self._online[device] = attendance
        if body.asks and self._answer_at is None:
            self._answer_at = now.monotonic + self._chance.uniform(0, limits.ANSWER_SECONDS)
        return self._rename(device, peer, body.name) or not was_online

    def online(self) -> Collection[bytes]:
        """The other devices that are here."""
        return self._online.keys()

    def is_online(self, device: bytes) -> bool:
        """Whether another device is here."""
        return device in self._online

    def connected(self, now: Moment) -> Here:
        """The connection is up: what to say first."""
        self._connected = True
        self._schedule_beat(now)
        return Here(self._name, asks=True)

    def disconnected(self, now: Moment) -> None:
        """The connection broke: nobody's presence is known, and the next connection has a higher number."""
        self._connected = False
        self._answer_at = None
        self._online.clear()
        self.begin_connection(now)

    def begin_connection(self, now: Moment) -> None:
        """Number the connection that is tried next: with the time, so that the number rises even if an older one was put back."""
        self._chain.connection = max(self._chain.connection + 1, min(int(now.wall), LAST_CONNECTION))
        self._sent = 0

    def next_counter(self) -> int:
        """The counter for the next control packet of this connection."""
        self._sent += 1
        return last_counter(self._chain.connection - 1) + self._sent

    def will_counter(self) -> int:
        """The counter for the will of this connection."""
        return last_counter(self._chain.connection)

    def due(self) -> float | None:
        """When `tick` has something to do (monotonic seconds)."""
        if not self._connected:
            return None
        return min(self._beat_at, self._answer_at if self._answer_at is not None else self._beat_at)

    def answer(self) -> Here | None:
        """The answer that a newcomer still waits for, so that it can go ahead of what is said next."""
        if self._answer_at is None:
            return None
        self._answer_at = None
        return Here(self._name, asks=False)

    def tick(self, now: Moment) -> tuple[Here | None, bool]:
        """What to say of oneself now, if anything, and whether members fell silent."""
        due = self.due()
        if due is None or now.monotonic < due:
            return None, False
        self._answer_at = None
        self._schedule_beat(now)
        return Here(self._name, asks=False), self._forget_silent(now)

    def members(self, wall: float) -> tuple[Member, ...]:
        """Everyone: oneself, then those online by name, then the others by name."""
        own = Member(
            self._own.hex(), self._name, own=True, online=self._connected, last_seen=wall, trust=Trust.PINNED,
            fingerprint=device_fingerprint(self._own),
        )  # fmt: skip
        return (own, *sorted(self._others(), key=lambda member: (not member.online, member.name.casefold(), member.device)))

    def _rename(self, device: bytes, peer: Peer, name: str) -> bool:
        self._pin(name, device)
        if peer.name == name:
            return False
        peer.name = name
        return True

    def _pin(self, name: str, device: bytes) -> None:
        if len(self._peers.pins) < limits.PINS and skeleton(name) not in self._peers.pins:
            self._peers.pins[skeleton(name)] = device
            self.pinned = True

    def _others(self) -> Iterator[Member]:
        for device, peer in self._peers.devices.items():
            yield Member(
                device=device.hex(),
                name=self.display_name(device),
                own=False,
                online=device in self._online,
                last_seen=peer.last_seen,
                trust=self.trust(device),
                fingerprint=device_fingerprint(device),
            )

    def _schedule_beat(self, now: Moment) -> None:
        self._beat_at = now.monotonic + limits.HEARTBEAT_SECONDS * self._chance.uniform(0.75, 1.25)

    def _forget_silent(self, now: Moment) -> bool:
        silent = [device for device, here in self._online.items() if now.monotonic - here.heard_at > limits.SILENCE_SECONDS]
        for device in silent:
            del self._online[device]
        return bool(silent)
