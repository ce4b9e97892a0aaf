"""One seeded room from its first word to the end of the trouble, and what came of it."""

import random
from dataclasses import dataclass
from functools import partial

from tests.simulation.world import Liar, Member, Weather, World

YEAR = 365 * 86_400.0
LONGEST = 1800.0
"""Simulated seconds after which a room that has not come together counts as divided."""


@dataclass(frozen=True)
class Outcome:
    """What one seed showed. `faults` is empty when all went well."""

    seed: int
    members: int
    loss: float
    liars: int
    records: int
    seconds: float
    """How long after the trouble everyone had the same records."""
    packets: int
    bytes: int
    faults: tuple[str, ...]


def run_seed(seed: int) -> Outcome:
    """Run the room that belongs to a seed."""
    chance = random.Random(seed)
    count = chance.choice((3, 3, 4, 5, 6, 8)) if chance.random() < 0.97 else chance.choice((15, 15, 30))
    if seed % 1000 == 250:
        count = 100
    loss = chance.choice((0.0, 0.05, 0.1, 0.2, 0.2, 0.3, 0.5))
    world = World(seed, Weather(loss, twice=chance.choice((0.0, 0.1)), delay=chance.choice((0.05, 0.3, 1.0))))
    liars = chance.choice((0, 0, 0, 1)) if count < 20 else 0
    for number in range(count):
        clock_error = chance.choice((0.0, 0.0, chance.uniform(-5, 5), chance.uniform(-3 * YEAR, 3 * YEAR)))
        (Liar if number < liars else Member)(world, f"Member {number}", clock_error)
    _make_trouble(world, chance)
    world.run(60.0)
    for member in world.members:
        member.side = 0
        member.connect()
    honest = [member for member in world.members if not isinstance(member, Liar)]
    world.run(60.0 + LONGEST, done=lambda: _together(honest))
    seconds = world.time - 60.0
    faults = list(_faults(world, honest))
    return Outcome(seed, count, loss, liars, len(honest[0].disk.ids()), seconds, sum(world.packets.values()), world.bytes, tuple(faults))


def _make_trouble(world: World, chance: random.Random) -> None:
    for member in world.members:
        world.at(chance.uniform(0, 5), member.connect)
    for number in range(min(40, 4 * len(world.members))):
        member = chance.choice(world.members)
        world.at(chance.uniform(1, 58), partial(member.say, f"line {number}"))
    for _ in range(len(world.members)):
        member = chance.choice(world.members)
        at = chance.uniform(5, 50)
        world.at(at, member.disconnect if chance.random() < 0.5 else member.restart)
        world.at(at + chance.uniform(1, 30), member.connect)
    if chance.random() < 0.4:
        for member in world.members:
            world.at(chance.uniform(5, 20), partial(setattr, member, "side", chance.randrange(2)))
    for member in world.members:
        if isinstance(member, Liar):
            for _ in range(8):
                world.at(chance.uniform(2, 58), member.lie)


def _together(members: list[Member]) -> bool:
    ids = members[0].disk.ids()
    return all(member.disk.ids() == ids and not member.disk.outbox for member in members)


def _faults(world: World, honest: list[Member]) -> list[str]:
    faults = []
    if not _together(honest):
        faults.append("divided")
    for member in honest:
        if any(times > 1 for times in member.shown.values()):
            faults.append("shown twice")
        if any(world.said.get(key) != shown for key, shown in member.texts.items()):
            faults.append("forged or altered")
        own = {key for key, (device, _) in world.said.items() if any(device == other.room.device.hex() for other in honest)}
        if not _together(honest):
            continue
        if missing := own - set(member.shown):
            faults.append(f"{len(missing)} never shown")
    return faults
