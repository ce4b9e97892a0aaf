"""Whole rooms in simulated time: the real `Room`, a broker that loses, repeats and reorders, and members who come, go and lie."""

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from chat.encryption import Cipher, room_keys
from chat.events import Event, MessagesFolded, MessageShown
from chat.protocol.clock import Moment
from chat.protocol.control import Have
from chat.protocol.identity import DeviceKey
from chat.protocol.memory import Chain, Peers
from chat.protocol.records import NO_RECORD, Record, Text, make_record
from chat.protocol.room import Room
from chat.protocol.step import Channel, Packet, Step

KEYS = room_keys(b"simulated" * 4)
START = 1_700_000_000.0
ACKNOWLEDGED_AFTER = 0.05


@dataclass(frozen=True)
class Weather:
    """How bad the network is: what share of deliveries is lost or comes twice, and the longest delay in seconds."""

    loss: float
    twice: float
    delay: float


class World:
    """A broker without memory, the members at it, and simulated time."""

    def __init__(self, seed: int, weather: Weather) -> None:
        self.chance = random.Random(seed)
        self.weather = weather
        self.time = 0.0
        self.members: list[Member] = []
        self.heard_by_broker: list[tuple[Channel, bytes]] = []
        self.said: dict[str, tuple[str, str]] = {}
        """The device and the text of everything that an honest member has said, by key."""
        self.packets: Counter[str] = Counter()
        self.bytes = 0
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def at(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something after some time."""
        heapq.heappush(self._agenda, (self.time + seconds, next(self._numbers), action))

    def run(self, until: float, done: Callable[[], bool] = lambda: False) -> None:
        """Let time pass up to a moment, or until something is done; that is looked at once a second."""
        looked = self.time
        while self._agenda and self._agenda[0][0] <= until:
            at, _, action = heapq.heappop(self._agenda)
            if at - looked >= 1.0:
                looked = at
                if done():
                    return
            self.time = at
            action()
        self.time = until

    def publish(self, sender: "Member | None", packet: Packet, side: int) -> None:
        """A packet reaches the broker, and from there whoever the weather lets it reach."""
        self.heard_by_broker.append((packet.channel, packet.token))
        self.packets[packet.channel.value] += 1
        self.bytes += len(packet.token)
        for member in self.members:
            if member is not sender and member.online and member.side == side:
                for _ in range(1 + (self.chance.random() < self.weather.twice)):
                    if self.chance.random() >= self.weather.loss:
                        self._deliver(member, packet.channel, packet.token)

    def _deliver(self, member: "Member", channel: Channel, token: bytes) -> None:
        connection = member.connection

        def arrive() -> None:
            if member.online and member.connection == connection:
                member.absorb(member.room.receive(channel, token, member.now()))

        self.at(self.chance.uniform(0.005, self.weather.delay), arrive)


@dataclass
class Disk:
    """What one member keeps, as a history would."""

    records: dict[tuple[bytes, int], dict[bytes, bytes]] = field(default_factory=dict)
    outbox: dict[str, Record] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        self.records.setdefault((record.device, record.sequence), {})[record.id] = record.packet

    def ids(self) -> set[bytes]:
        return {name for versions in self.records.values() for name in versions}


class Member:
    """One honest member with its disk."""

    def __init__(self, world: World, name: str, clock_error: float) -> None:
        self.world = world
        self.name = name
        self.clock_error = clock_error
        self.disk = Disk()
        self.shown: Counter[str] = Counter()
        self.texts: dict[str, tuple[str, str]] = {}
        self.online = False
        self.side = 0
        self.connection = 0
        self._wake = 0
        chain = Chain(world.chance.randbytes(32), "client")
        self._open(chain, Peers())
        world.members.append(self)

    def _open(self, chain: Chain, peers: Peers) -> None:
        self.chain, self.peers = chain, peers
        self.room = Room(KEYS, self.name, chain, peers, self.now(), random.Random(self.world.chance.random()))
        self.room.resume(self.disk.outbox.values())
        self.disk.outbox = {}

    def now(self) -> Moment:
        return Moment(self.world.time, START + self.world.time + self.clock_error)

    def connect(self) -> None:
        if self.online:
            return
        self.online = True
        self.connection += 1
        waiting = list(self.disk.outbox.values())
        self.absorb(self.room.connected(self.now()))
        for record in waiting:
            self._send(self.room.seal(record))

    def disconnect(self) -> None:
        if self.online:
            self.online = False
            self.absorb(self.room.disconnected(self.now()))

    def restart(self) -> None:
        """The process is killed. Each step is saved as a whole, so what is on disk is the state after the last one."""
        self.online = False
        saved = msgspec.msgpack.encode((self.chain, self.peers))
        self._open(*msgspec.msgpack.decode(saved, type=tuple[Chain, Peers]))

    def say(self, text: str) -> None:
        step = self.room.say(text, self.now())
        for record in step.said:
            if isinstance(record.body, Text):
                self.world.said[record.key] = (record.device.hex(), record.body.text)
        self.absorb(step)

    def absorb(self, step: Step) -> None:
        """Do what a session does with a step."""
        for record in (*step.heard, *step.said):
            self.disk.add(record)
        for record in step.said:
            self.disk.outbox[record.key] = record
        for event in step.events:
            self._show(event)
        for record in step.doubted:
            self.absorb(self.room.compare(record, list(self.disk.records.get((record.device, record.sequence), {})), self.now()))
        if step.wanted:
            packets: list[bytes] = []
            for device, (first, last) in step.wanted:
                for number in range(first, last + 1):
                    packets += self.disk.records.get((device, number), {}).values()
            self.absorb(self.room.supply(packets))
        for packet in step.packets:
            self._send(packet)
        self._schedule()

    def _show(self, event: Event) -> None:
        messages = (event.message,) if isinstance(event, MessageShown) else event.messages if isinstance(event, MessagesFolded) else ()
        for message in messages:
            self.shown[message.key] += 1
            self.texts[message.key] = (message.device, message.text)

    def _send(self, packet: Packet) -> None:
        if not self.online:
            return
        self.world.publish(self, packet, self.side)
        if packet.record is not None:
            connection, key = self.connection, packet.record.key

            def acknowledged() -> None:
                if self.online and self.connection == connection:
                    self.disk.outbox.pop(key, None)

            self.world.at(ACKNOWLEDGED_AFTER, acknowledged)

    def _schedule(self) -> None:
        self._wake += 1
        wake = self._wake
        due = self.room.due(self.now())
        if due is None:
            return

        def tick() -> None:
            if wake == self._wake:
                self.absorb(self.room.tick(self.now()))

        self.world.at(max(0.0, due - self.world.time) + 1e-6, tick)


class Liar(Member):
    """Somebody who knows the passphrase and uses it to disturb."""

    def lie(self) -> None:
        chance = self.world.chance
        match chance.randrange(5):
            case 0:
                self._claim_what_is_not()
            case 1:
                self._forge()
            case 2:
                self._speak_twice()
            case 3:
                for channel, token in chance.choices(self.world.heard_by_broker or [(Channel.RECORDS, b"x")], k=20):
                    self.world.publish(self, Packet(channel, token), self.side)
            case 4:
                for _ in range(20):
                    self.world.publish(None, Packet(chance.choice(list(Channel)), chance.randbytes(569)), self.side)

    def _claim_what_is_not(self) -> None:
        victims = [member.room.device for member in self.world.members] + [DeviceKey(self.world.chance.randbytes(32)).public]
        entries = []
        for device in sorted(victims):
            entry = self.room._ledger.entry(device)
            entries.append(msgspec.structs.replace(entry, seen=[(1, 10**6)], kept_from=1, top=self.world.chance.randbytes(16)))
        self._send(self.room._say_control(Have(self.world.chance.randbytes(32), bytes(32), b"\xff" * 32, entries)))

    def _forge(self) -> None:
        victim = self.world.chance.choice([member for member in self.world.members if member is not self])
        forged = make_record(self.room._device, KEYS.room, victim.chain.sequence + 1, NO_RECORD, victim.chain.clock + 1, Text("forged"))
        packet = forged.packet.replace(self.room.device, victim.room.device)
        self.world.publish(self, Packet(Channel.RECORDS, Cipher(KEYS.messages).seal(packet)), self.side)

    def _speak_twice(self) -> None:
        """Sign two records with one number and show each to a part of the room."""
        chain, chance = self.chain, self.world.chance
        chain.clock += 1
        records = [
            make_record(self.room._device, KEYS.room, chain.sequence + 1, chain.head, chain.clock, Text(f"version {version}"))
            for version in range(2)
        ]
        for member in self.world.members:
            if member is not self and member.online and member.side == self.side:
                token = Cipher(KEYS.messages).seal(chance.choice(records).packet)
                self.world._deliver(member, Channel.RECORDS, token)
        chain.sequence, chain.head = chain.sequence + 1, records[0].hash
        for record in records:
            self.world.said[record.key] = (self.room.device.hex(), record.body.text if isinstance(record.body, Text) else "")
        self.disk.add(records[0])
        self.room._note_sent()
