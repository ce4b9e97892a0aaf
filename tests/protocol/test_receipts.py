"""Who has received what: how receipts are collected, and that nobody can make up more of them than there are."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.protocol import limits
from chat.protocol.control import Receipt
from chat.protocol.ledger import Ledger
from chat.protocol.memory import Chain, Peer, Peers
from chat.protocol.receipts import Receipts
from chat.protocol.spans import Span

OWN, AUTHOR, OTHER, MEMBER = (bytes([number]) * 32 for number in (9, 1, 2, 3))
FEW = [AUTHOR, OTHER, MEMBER]
MANY = [AUTHOR, *(bytes([number]) * 32 for number in range(20, 20 + limits.RECEIPT_MEMBERS))]


def receipts_of(sent: int = 0, **seen: list[Span]) -> Receipts:
    """The receipts of a device that has sent and seen this."""
    keys = {"author": AUTHOR, "other": OTHER}
    peers = Peers({keys[name]: Peer(seen=spans) for name, spans in seen.items()})
    return Receipts(OWN, Ledger(OWN, Chain(bytes(32), "client", sequence=sent), peers))


def test_receipts_are_collected_for_a_second() -> None:
    receipts = receipts_of(author=[(1, 5)], other=[(1, 3), (5, 6)])
    assert receipts.due() is None
    receipts.owe(AUTHOR, 10.0, FEW)
    receipts.owe(OTHER, 10.4, FEW)
    receipts.owe(AUTHOR, 10.8, FEW)
    assert receipts.due() == 11.0
    assert receipts.tick(10.99, heartbeat=False) is None
    assert receipts.tick(11.0, heartbeat=False) == Receipt([(AUTHOR, 1, 5), (OTHER, 5, 6)])
    assert receipts.due() is None
    assert receipts.tick(12.0, heartbeat=True) is None


def test_a_heartbeat_takes_them_along_at_once() -> None:
    receipts = receipts_of(author=[(1, 5)])
    receipts.owe(AUTHOR, 10.0, FEW)
    assert receipts.tick(10.1, heartbeat=True) == Receipt([(AUTHOR, 1, 5)])
    assert receipts.due() is None


def test_in_a_large_company_they_wait_for_the_heartbeat() -> None:
    receipts = receipts_of(author=[(1, 5)])
    receipts.owe(AUTHOR, 10.0, MANY)
    assert receipts.due() is None
    assert receipts.tick(50.0, heartbeat=False) is None
    assert receipts.tick(50.0, heartbeat=True) == Receipt([(AUTHOR, 1, 5)])


def test_the_company_is_large_from_one_more_than_the_limit() -> None:
    receipts = receipts_of(author=[(1, 5)])
    receipts.owe(AUTHOR, 10.0, MANY[: limits.RECEIPT_MEMBERS])
    assert receipts.due() == 11.0


def test_nobody_who_is_away_is_owed_anything() -> None:
    receipts = receipts_of(author=[(1, 5)])
    receipts.owe(AUTHOR, 10.0, [OTHER])
    assert receipts.due() is None
    assert receipts.tick(20.0, heartbeat=True) is None


def test_nothing_is_said_of_a_device_of_which_nothing_was_seen() -> None:
    receipts = receipts_of()
    receipts.owe(AUTHOR, 10.0, FEW)
    assert receipts.tick(11.0, heartbeat=False) is None


def test_many_receipts_come_in_packets_a_second_apart() -> None:
    devices = [number.to_bytes(32, "big") for number in range(2 * limits.RECEIPT_DEVICES + 5)]
    peers = Peers({device: Peer(seen=[(1, 2)]) for device in devices})
    receipts = Receipts(OWN, Ledger(OWN, Chain(bytes(32), "client"), peers))
    for device in devices:
        receipts.owe(device, 0.0, [device])
    told: list[bytes] = []
    for second in (1.0, 2.0, 3.0):
        assert receipts.due() == second
        receipt = receipts.tick(second, heartbeat=False)
        assert receipt is not None
        assert len(receipt.received) <= limits.RECEIPT_DEVICES
        told += [device for device, _, _ in receipt.received]
    assert told == devices
    assert receipts.due() is None


def test_a_broken_connection_ends_what_is_owed() -> None:
    receipts = receipts_of(author=[(1, 5)])
    receipts.owe(AUTHOR, 10.0, FEW)
    receipts.disconnected()
    assert receipts.due() is None
    assert receipts.tick(20.0, heartbeat=True) is None


def test_who_has_received_own_messages_is_known() -> None:
    receipts = receipts_of(sent=5)
    assert receipts.known() == ()
    assert receipts.heard(MEMBER, Receipt([(AUTHOR, 1, 9), (OWN, 2, 4)]))
    assert not receipts.heard(MEMBER, Receipt([(OWN, 2, 4)]))
    assert receipts.heard(OTHER, Receipt([(OWN, 1, 5)]))
    assert receipts.heard(MEMBER, Receipt([(OWN, 2, 5)]))
    assert receipts.known() == ((1, 5), (2, 5))


@pytest.mark.parametrize("received", [[], [(AUTHOR, 1, 3)], [(OWN, 1, 6)], [(OWN, 6, 6)], [(OWN, 1, 2**63 - 1)]])
def test_a_receipt_for_what_was_not_said_counts_for_nothing(received: list[tuple[bytes, int, int]]) -> None:
    receipts = receipts_of(sent=5)
    assert not receipts.heard(MEMBER, Receipt(received))
    assert receipts.known() == ()


def test_a_flood_of_receipts_by_made_up_devices_fills_no_memory() -> None:
    receipts = receipts_of(sent=5)
    for number in range(limits.DEVICES + 100):
        assert receipts.heard(number.to_bytes(32, "big"), Receipt([(OWN, 1, 5)] * limits.RECEIPT_DEVICES))
    assert len(receipts.known()) == limits.DEVICES


@settings(max_examples=100)
@given(
    heard=st.lists(
        st.tuples(
            st.integers(0, 5),
            st.lists(st.tuples(st.sampled_from([OWN, AUTHOR]), st.integers(1, 9), st.integers(0, 2**62)), max_size=4),
        ),
        max_size=20,
    ),
    sent=st.integers(0, 9),
)
def test_never_more_receipts_than_members_nor_of_more_than_was_sent(
    heard: list[tuple[int, list[tuple[bytes, int, int]]]], sent: int
) -> None:
    receipts = receipts_of(sent=sent)
    for member, received in heard:
        receipts.heard(bytes([member]) * 32, Receipt([(device, first, first + more) for device, first, more in received]))
    known = receipts.known()
    assert len(known) <= len({member for member, _ in heard})
    assert all(1 <= first <= last <= sent for first, last in known)
