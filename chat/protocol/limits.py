"""Every limit of protocol 1, in one place. Members that follow the protocol agree on all of these."""

from typing import Final

TEXT_BYTES: Final = 16 * 1024
"""The longest text of one message, in UTF-8."""
NAME_BYTES: Final = 64
"""The longest username, in UTF-8."""
RECORD_BYTES: Final = 24 * 1024
"""The largest record; a text of full length with its envelope fits."""
PACKET_BYTES: Final = 64 * 1024
"""The largest MQTT payload that is looked at. It leaves room for a bundle of records and a file chunk."""

SEND_BURST: Final = 8
SEND_PER_SECOND: Final = 1.0
SEND_WAITING: Final = 20
"""How many messages wait for the sending limit before the message box keeps the text."""

RECEIVE_BURST: Final = 40
RECEIVE_PER_SECOND: Final = 5.0

CLOCK_ADOPT_MS: Final = 10 * 60 * 1000
"""A clock further ahead than this is never adopted as one's own."""
CLOCK_TRUST_MS: Final = 24 * 60 * 60 * 1000
"""A clock further ahead than this is not believed: the message is shown by its time of arrival."""

SPARSE_SEQUENCES: Final = 1024
"""How many sequence numbers beyond the contiguous one are remembered for each device."""
DEVICES: Final = 4096
"""How many devices of a room are remembered; a stranger without the passphrase can't use up any of them."""
PINS: Final = 4096
"""How many names can be pinned; pins are never evicted, so that nobody can push one out."""
FORKS: Final = 4
"""How many different records with one number are kept of a device that made more than one."""

HEARTBEAT_SECONDS: Final = 60.0
"""How often a connected device says that it is here, give or take a quarter."""
SILENCE_SECONDS: Final = 200.0
"""After this long without a word a device counts as gone, even if its will was lost with the broker."""
ANSWER_SECONDS: Final = 2.0
"""Within this time, at random, the members answer a newcomer who asks who is here."""
CONTROL_BURST: Final = 20
CONTROL_PER_SECOND: Final = 2.0
"""More control packets of one device are dropped."""
COALESCE_SECONDS: Final = 0.2
"""Changes of the member list and of the count of foreign packets are told at most this often."""
