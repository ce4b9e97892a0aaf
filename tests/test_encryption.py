"""Keys and tokens: what opens, what does not, and what a token's length gives away."""

import base64
import hmac
import itertools
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import ciphers
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given, settings
from hypothesis import strategies as st

from chat import encryption
from chat.encryption import BulkCipher, Cipher, TokenError, derive_root, expand, pad, padded_length, room_keys, token_length, unpad

CIPHER = Cipher(bytes(range(32)))
TOKEN = CIPHER.seal(b"good morning")
LARGEST = 64 * 1024
BULK = BulkCipher(bytes(range(32)))
BULK_TOKEN = BULK.seal(b"good morning")


def test_a_token_opens_under_its_key_only() -> None:
    assert CIPHER.open(TOKEN, LARGEST) == b"good morning"
    with pytest.raises(TokenError):
        Cipher(bytes(32)).open(TOKEN, LARGEST)


@given(content=st.binary(max_size=5000))
def test_every_content_comes_back(content: bytes) -> None:
    assert CIPHER.open(CIPHER.seal(content), LARGEST) == content


@given(content=st.binary(max_size=5000))
def test_tokens_in_bulk_are_fernet_s_own(content: bytes) -> None:
    token = BULK.seal(content)
    assert Fernet(base64.urlsafe_b64encode(bytes(range(32)))).decrypt(base64.urlsafe_b64encode(token)) == content
    assert CIPHER.open(token, LARGEST, padded=False) == content
    assert BULK.open(CIPHER.seal(content, padded=False), LARGEST) == content
    assert len(token) == token_length(len(content))
    assert BULK.seal(content) != token


@given(position=st.integers(0, len(BULK_TOKEN) - 1), change=st.integers(1, 255), garbage=st.binary(max_size=300))
def test_what_is_no_token_in_bulk_is_refused(position: int, change: int, garbage: bytes) -> None:
    changed = bytearray(BULK_TOKEN)
    changed[position] ^= change
    for token in (bytes(changed), garbage, BULK_TOKEN[:position], BULK_TOKEN + garbage[:16] + b"x", BULK_TOKEN + bytes(16)):
        with pytest.raises(TokenError):
            BULK.open(token, LARGEST)
    with pytest.raises(TokenError):
        BulkCipher(bytes(32)).open(BULK_TOKEN, LARGEST)
    with pytest.raises(TokenError):
        BULK.open(BULK_TOKEN, len(BULK_TOKEN) - 1)


def test_a_token_in_bulk_that_its_maker_padded_wrongly_is_refused() -> None:
    encryptor = ciphers.Cipher(AES(bytes(range(16, 32))), CBC(bytes(16))).encryptor()
    sealed = b"\x80" + bytes(24) + encryptor.update(bytes(32)) + encryptor.finalize()
    with pytest.raises(TokenError, match="padded"):
        BULK.open(sealed + hmac.digest(bytes(range(16)), sealed, "sha256"), LARGEST)


@settings(max_examples=2000)
@given(position=st.integers(0, len(TOKEN) - 1), change=st.integers(1, 255))
def test_a_token_changed_in_any_byte_is_refused(position: int, change: int) -> None:
    changed = bytearray(TOKEN)
    changed[position] ^= change
    with pytest.raises(TokenError):
        CIPHER.open(bytes(changed), LARGEST)


@given(garbage=st.binary(max_size=2000))
def test_garbage_is_refused(garbage: bytes) -> None:
    with pytest.raises(TokenError):
        CIPHER.open(garbage, LARGEST)


def test_cut_lengthened_and_text_form_tokens_are_refused() -> None:
    for other in (TOKEN[:-1], TOKEN + b"\0", TOKEN[16:], TOKEN + bytes(16), base64.urlsafe_b64encode(TOKEN)):
        with pytest.raises(TokenError):
            CIPHER.open(other, LARGEST)


def test_a_token_over_the_limit_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    decrypt = Mock(side_effect=AssertionError("a token over the limit was decrypted"))
    monkeypatch.setattr(CIPHER._fernet, "decrypt", decrypt)
    with pytest.raises(TokenError):
        CIPHER.open(TOKEN, len(TOKEN) - 1)


def test_the_time_field_tells_nothing() -> None:
    assert TOKEN[1:9] == bytes(8)


def test_two_tokens_of_one_content_differ() -> None:
    assert CIPHER.seal(b"x") != CIPHER.seal(b"x")


def test_short_contents_make_tokens_of_one_length() -> None:
    assert {len(CIPHER.seal(bytes(length))) for length in range(511)} == {569}


def test_steps_are_512_and_then_eighths_of_a_doubling() -> None:
    steps = sorted({padded_length(length) + 1 for length in range(5000)})
    assert steps[:10] == [512, 576, 640, 704, 768, 832, 896, 960, 1024, 1152]
    assert all(step % 16 == 0 for step in steps)


@given(length=st.integers(510, 10**7))
def test_padding_costs_at_most_an_eighth(length: int) -> None:
    assert length < padded_length(length) <= length * 9 / 8 + 2


@given(content=st.binary(max_size=3000))
def test_padding_comes_off(content: bytes) -> None:
    assert unpad(pad(content)) == content


@given(padded=st.binary(max_size=1200))
def test_only_padding_to_a_step_is_accepted(padded: bytes) -> None:
    try:
        content = unpad(padded)
    except TokenError:
        return
    assert pad(content) == padded


def test_padding_beyond_the_step_is_refused() -> None:
    with pytest.raises(TokenError):
        unpad(pad(b"x") + bytes(64))


def test_every_purpose_has_its_own_key() -> None:
    keys = room_keys(bytes(32))
    values = [keys.room, keys.messages, keys.control, keys.database]
    assert all(first[:16] != second[:16] for first, second in itertools.combinations(values, 2))


def test_keys_do_not_show_in_a_repr() -> None:
    keys = room_keys(os.urandom(32))
    shown = repr(keys)
    assert not any(secret.hex() in shown or repr(secret) in shown for secret in (keys.messages, keys.control, keys.database))


def test_topic_and_passphrase_both_make_the_root() -> None:
    roots = {derive_root(passphrase, topic) for passphrase in ("one two", "one  two") for topic in ("home", "Home")}
    assert len(roots) == 4


def test_argon2_cffi_gives_identical_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("argon2")
    expected = derive_root("correct horse", "home")
    monkeypatch.setattr(encryption, "Argon2id", _unsupported)
    assert derive_root("correct horse", "home") == expected


def test_without_any_argon2id_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encryption, "Argon2id", _unsupported)
    monkeypatch.setitem(sys.modules, "argon2.low_level", None)
    with pytest.raises(encryption.KeyDerivationError, match="argon2-cffi"):
        derive_root("correct horse", "home")


def _unsupported(**_: object) -> None:
    raise UnsupportedAlgorithm("no Argon2id here")


def test_a_longer_expansion_continues_a_shorter_one() -> None:
    assert expand(bytes(32), b"x", 64)[:32] == expand(bytes(32), b"x", 32)


def test_several_rooms_can_be_entered_at_once() -> None:
    expected = derive_root("correct horse", "home")
    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(derive_root, ["correct horse"] * 3, ["home"] * 3)) == [expected] * 3
