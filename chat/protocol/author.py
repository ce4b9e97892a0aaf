"""What this device says for good: records that are signed one after the other, and held back while the sending limit wants it."""

from collections import deque
from collections.abc import Iterable

from chat.protocol import limits
from chat.protocol.clock import Moment, next_clock
from chat.protocol.identity import DeviceKey
from chat.protocol.memory import Chain
from chat.protocol.rate import TokenBucket
from chat.protocol.records import ID_BYTES, Body, Hello, Record, make_record


class Author:
    """Continues the chain of one device in one room."""

    def __init__(self, device: DeviceKey, room: bytes, chain: Chain, now: Moment) -> None:
        self._device = device
        self._room = room
        self._chain = chain
        self._limit = TokenBucket(limits.SEND_BURST, limits.SEND_PER_SECOND, now.monotonic)
        self.waiting: deque[Record] = deque()
        """Records that the sending limit holds back, in their order."""

    @property
    def sent(self) -> tuple[int, bytes]:
        """The number and the id of the last record that is not held back."""
        # What an earlier device of this program left behind comes first and has other numbers.
        for record in self.waiting:
            if record.device == self._device.public:
                return record.sequence - 1, record.previous[:ID_BYTES]
        return self._chain.sequence, self._chain.head[:ID_BYTES]

    def may_send(self, now: Moment) -> bool:
        """Whether the next record may go out at once; one that may not goes into `waiting`."""
        return not self.waiting and self._limit.take(now.monotonic)

    def introduce(self, name: str, now: Moment) -> Record | None:
        """Tell the name for good, unless that is done: nothing is said under a name before."""
        if self._chain.announced == name:
            return None
        self._chain.announced = name
        record = self.write(Hello(name), now)
        self._chain.joined = self._chain.joined or record.clock
        return record

    def write(self, body: Body, now: Moment) -> Record:
        """Sign the next record."""
        chain = self._chain
        chain.clock = next_clock(chain.clock, now.wall)
        record = make_record(self._device, self._room, chain.sequence + 1, chain.head, chain.clock, body)
        chain.sequence, chain.head = record.sequence, record.hash
        return record

    def release(self, now: Moment) -> Iterable[Record]:
        """The records that were held back and may go out now."""
        while self.waiting and self._limit.take(now.monotonic):
            yield self.waiting.popleft()

    def release_at(self, now: Moment) -> float | None:
        """When `release` has something to give (monotonic seconds)."""
        return self._limit.ready_at(now.monotonic) if self.waiting else None

    def is_undone(self, record: Record) -> bool:
        """Whether an own record was said after the point to which the chain was put back."""
        return record.device == self._device.public and record.sequence > self._chain.sequence

    def forget_undone(self) -> None:
        """Hold back nothing that is undone."""
        self.waiting = deque(record for record in self.waiting if not self.is_undone(record))
