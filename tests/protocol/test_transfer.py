"""Who sends which chunk when, in rooms in which packets are lost, doubled and late, and members come and go."""

import heapq
import itertools
import random
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from chat.protocol.control import Holding
from chat.protocol.transfer import Transfer

ID = bytes(16)
STEP = 0.05
PER_STEP = 8
"""Chunks that one device publishes in a step."""


@dataclass
class Company:
    """Members with a file between them. Member 0 offered it."""

    count: int
    members: int
    seed: int
    loss: float = 0.0
    now: float = 100.0
    sent: int = 0
    """Chunks that were published."""
    received: list[int] = field(default_factory=list)
    """How many chunks came to each member, those that it had already among them."""

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.numbers = itertools.count()
        self.under_way: list[tuple[float, int, int, int, Holding | int]] = []
        """When it comes, a number, from whom, to whom, what."""
        self.devices = [bytes([place + 1]) * 32 for place in range(self.members)]
        self.received = [0] * self.members
        self.online = set(range(self.members))
        self.slow: dict[int, float] = {}
        """How many chunks a second a member can take; the rest of what comes is dropped."""
        self.came: dict[tuple[int, int, bool], float] = {}
        self.taken_until = [0.0] * self.members
        self.transfers = [
            Transfer(ID, device, self.devices[0], self.count, [(1, self.count)] if place == 0 else [], random.Random(self.seed + place))
            for place, device in enumerate(self.devices)
        ]
        for transfer in self.transfers:
            transfer.connected(self.now, speaks=False)
        self.tell_presence()

    def tell_presence(self) -> None:
        for transfer in self.transfers:
            transfer.present({self.devices[place] for place in self.online})

    def leave(self, place: int) -> None:
        self.online.discard(place)
        self.transfers[place].disconnected()
        self.tell_presence()

    def come(self, place: int) -> None:
        self.online.add(place)
        self.transfers[place].connected(self.now, speaks=True)
        self.tell_presence()

    def run(self, seconds: float) -> None:
        """Let time pass, until nobody wants anything any more."""
        until = self.now + seconds
        while self.now < until and any(self.transfers[place].wants for place in self.online):
            self.step()

    def step(self) -> None:
        self.now += STEP
        self.deliver()
        for place in sorted(self.online):
            self.act(place)

    def deliver(self) -> None:
        while self.under_way and self.under_way[0][0] <= self.now:
            _at, _number, sender, receiver, what = heapq.heappop(self.under_way)
            if receiver not in self.online:
                continue
            transfer = self.transfers[receiver]
            if isinstance(what, Holding):
                transfer.heard(self.devices[sender], what, self.now)
            elif transfer.wants:
                self.received[receiver] += 1
                transfer.arrived(what, self.now)

    def act(self, place: int) -> None:
        transfer = self.transfers[place]
        if told := transfer.says(self.now):
            self.publish(place, told)
        for _ in range(PER_STEP):
            if number := transfer.next_number(self.now):
                self.sent += 1
                self.publish(place, number)

    def publish(self, sender: int, what: Holding | int) -> None:
        for receiver in self.online - {sender}:
            if isinstance(what, int) and receiver in self.slow:
                # A queue of half a second; what does not fit is dropped, as brokers do.
                if self.taken_until[receiver] > self.now + 0.5:
                    continue
                self.taken_until[receiver] = max(self.now, self.taken_until[receiver]) + 1 / self.slow[receiver]
            for _copy in range(self.chance.choice((1, 1, 1, 2)) if self.loss else 1):
                if self.chance.random() >= self.loss:
                    at = self.now + self.chance.uniform(0.001, 0.2)
                    if isinstance(what, Holding) or not self.loss:
                        # A broker keeps the order, and of control packets an older one is dropped.
                        way = (sender, receiver, isinstance(what, int))
                        queue = self.taken_until[receiver] if isinstance(what, int) else 0.0
                        at = self.came[way] = max(at, self.came.get(way, 0.0), queue)
                    heapq.heappush(self.under_way, (at, next(self.numbers), sender, receiver, what))

    def want(self, *places: int) -> None:
        for place in places:
            self.transfers[place].want(self.now, wants=True)


@given(st.integers(1, 300), st.integers(2, 6), st.integers(0, 10**6), st.sampled_from([0.0, 0.05, 0.2, 0.5]))
def test_everyone_who_wants_a_file_gets_it(count: int, members: int, seed: int, loss: float) -> None:
    company = Company(count, members, seed, loss)
    company.want(*range(1, members))
    company.run(900)
    assert all(transfer.complete for transfer in company.transfers)


def test_one_upload_serves_all() -> None:
    company = Company(1000, 6, 1)
    company.want(1, 2, 3, 4, 5)
    company.run(120)
    assert all(transfer.complete for transfer in company.transfers)
    # Who begins a moment later asks for what was under way to him.
    assert company.sent < 1100


def test_what_is_lost_is_sent_again_and_little_else() -> None:
    company = Company(1000, 2, 1, loss=0.1)
    company.want(1)
    company.run(300)
    assert company.transfers[1].complete
    assert company.sent < 1300


def test_a_slow_member_does_not_hold_up_the_others() -> None:
    company = Company(600, 3, 2)
    company.slow[2] = 4
    company.want(1, 2)
    began = company.now
    while not company.transfers[1].complete:
        company.step()
    assert company.now - began < 20
    company.run(900)
    assert company.transfers[2].complete


def test_the_others_go_on_when_the_first_sender_is_gone() -> None:
    company = Company(400, 4, 3)
    company.want(1)
    company.run(120)
    company.leave(0)
    company.want(2, 3)
    company.run(200)
    assert all(transfer.complete for transfer in company.transfers[1:])


def test_members_complete_each_other() -> None:
    """Nobody has all of it, but together they do."""
    company = Company(90, 4, 4)
    company.leave(0)
    for place, held in ((1, (1, 40)), (2, (31, 70)), (3, (61, 90))):
        company.transfers[place].held = [held]
    company.want(1, 2, 3)
    company.run(120)
    assert all(transfer.complete for transfer in company.transfers[1:])


def test_after_a_break_only_the_rest_is_sent() -> None:
    company = Company(500, 2, 5)
    company.want(1)
    company.run(2)
    arrived = company.received[1]
    assert 0 < arrived < 500
    company.leave(1)
    company.run(5)
    company.under_way.clear()
    company.sent = 0
    company.come(1)
    company.want(1)
    company.run(60)
    assert company.transfers[1].complete
    assert company.sent <= 500 - arrived + PER_STEP


def test_nothing_is_sent_to_members_who_say_nothing() -> None:
    company = Company(10_000, 2, 6)
    company.want(1)
    company.run(1)
    company.leave(1)
    company.transfers[0].present({company.devices[1]})
    while company.now < 160:
        company.step()
    sent = company.sent
    while company.now < 700:
        company.step()
    assert company.sent == sent
    assert company.transfers[0].due(company.now) is None


def test_strangers_do_not_fill_the_memory() -> None:
    company = Company(10, 2, 7)
    for number in range(1000):
        company.transfers[0].heard(number.to_bytes(32), Holding(ID, [(0, 10**9)], True, True), company.now)
    assert len(company.transfers[0]._parties) <= 256
