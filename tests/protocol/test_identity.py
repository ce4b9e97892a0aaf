"""Device keys: signatures hold for one purpose, room and content, and keys that would sign anything are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.protocol.faults import Fault, PacketError
from chat.protocol.identity import DeviceKey, check_signature, device_fingerprint, is_sound_key

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P


def add(first: tuple[int, int], second: tuple[int, int]) -> tuple[int, int]:
    """Edwards addition (RFC 8032, section 5.1.4) in affine coordinates."""
    (x1, y1), (x2, y2) = first, second
    product = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P
    return x, y


def points_with(y: int) -> list[tuple[int, int]]:
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    root = pow(square, (P + 3) // 8, P)
    if root * root % P != square:
        root = root * pow(2, (P - 1) // 4, P) % P
    return [(root, y), (-root % P, y)] if root * root % P == square else []


def small_order_points() -> set[tuple[int, int]]:
    """All points whose order divides eight: what eight times the group's large prime leaves of some points."""
    prime = 2**252 + 27742317777372353535851937790883648493
    found: set[tuple[int, int]] = set()
    for y in range(2, 60):
        for point in points_with(y):
            result, doubled, bits = (0, 1), point, prime
            while bits:
                if bits & 1:
                    result = add(result, doubled)
                doubled, bits = add(doubled, doubled), bits >> 1
            found.add(result)
    return found


def test_every_point_of_small_order_is_refused() -> None:
    points = small_order_points()
    assert len(points) == 8
    for x, y in points:
        for sign in (x & 1, 1 - (x & 1)):
            assert not is_sound_key((y | sign << 255).to_bytes(32, "little"))


@pytest.mark.parametrize("y", [P, P + 1, P + 2, 2**255 - 1])
def test_a_second_encoding_of_a_point_is_refused(y: int) -> None:
    assert not is_sound_key(y.to_bytes(32, "little"))


@given(seed=st.binary(min_size=32, max_size=32), content=st.binary(max_size=100))
def test_a_signature_holds_where_it_was_made(seed: bytes, content: bytes) -> None:
    key = DeviceKey(seed)
    signature = key.sign(b"record", bytes(16), content)
    check_signature(key.public, b"record", bytes(16), content, signature)
    for elsewhere in ((b"control", bytes(16), content), (b"record", bytes(15) + b"\1", content), (b"record", bytes(16), content + b"\0")):
        with pytest.raises(PacketError) as refused:
            check_signature(key.public, *elsewhere, signature)
        assert refused.value.fault is Fault.SIGNATURE


def test_a_key_that_is_no_point_is_refused() -> None:
    no_point = next(y for y in range(2, 100) if not points_with(y)).to_bytes(32, "little")
    with pytest.raises(PacketError):
        check_signature(no_point, b"record", bytes(16), b"", bytes(64))


def test_fingerprints_are_four_groups_of_four() -> None:
    fingerprint = device_fingerprint(DeviceKey(bytes(32)).public)
    assert [len(group) for group in fingerprint.split(" ")] == [4, 4, 4, 4]
    assert fingerprint != device_fingerprint(DeviceKey(bytes(31) + b"\1").public)
