"""Every limit of protocol 1, in one place. Members that follow the protocol agree on all of these."""

from typing import Final

TEXT_BYTES: Final = 16 * 1024
"""The longest text of one message, in UTF-8."""
NAME_BYTES: Final = 64
"""The longest username, in UTF-8."""
EMOJI_BYTES: Final = 64
"""The longest emoji of a reaction, in UTF-8; a family with skin tones needs 41."""
REACTIONS: Final = 5
"""How many different emoji of one device are shown under a message."""
RECORD_BYTES: Final = 24 * 1024
"""The largest record; a text of full length with its envelope fits."""
PACKET_BYTES: Final = 64 * 1024
"""The largest MQTT payload that is looked at. It leaves room for a bundle of records and a file chunk."""

FILE_NAME_BYTES: Final = 255
"""The longest name of a file, in UTF-8."""
FILE_TYPE_LETTERS: Final = 127
LARGEST_FILE: Final = 2 * 1024 * 1024 * 1024
CHUNK_STEP: Final = 1024
"""A file's chunks are as long as a multiple of this,"""
CHUNK_BYTES: Final = 48 * 1024
"""and at most this long."""
MOST_CHUNKS: Final = 65_536
"""Into so many chunks a file may be cut. The tree over them takes 4 MiB, and the proof of one 16 hashes."""
FILE_SPANS: Final = 256
"""How many spans of a file's chunks one packet tells."""
HOLDING_BURST: Final = 40
HOLDINGS_PER_SECOND: Final = 20.0
"""How fast one device may tell what it holds of files; more is dropped."""

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

SPANS: Final = 1024
"""How many spans of sequence numbers, with gaps between them, are remembered for each device."""
DEVICES: Final = 4096
"""How many devices of a room are remembered; a stranger without the passphrase can't use up any of them."""
PINS: Final = 4096
"""How many names can be pinned; pins are never evicted, so that nobody can push one out."""
FORKS: Final = 4
"""How many different records with one number are kept of a device that made more than one."""
FORKED_NUMBERS: Final = 16
"""For how many numbers of one device that is remembered."""

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

TYPING_PAUSE_SECONDS: Final = 4.0
"""How often a device says that somebody types there,"""
TYPING_SECONDS: Final = 6.0
"""and for how long that is believed."""
TYPISTS: Final = 3
"""How many of those who type are named."""
TYPING_MEMBERS: Final = 16
"""In a larger company it is not said, so that a message's traffic does not grow with the room."""

DIGEST_SECONDS: Final = 30.0
"""How often a device says what it holds in all, give or take three tenths, unless it hears the same from another."""
SETTLED_SECONDS: Final = (3.0, 6.0)
"""How long after a change that is said early."""
HAVE_SECONDS: Final = (1.0, 2.5)
"""How long a device that heard of something else waits before it lists what it holds; what is under way may arrive meanwhile."""
TELL_SECONDS: Final = (0.1, 1.5)
"""How long members wait before they tell one who is behind; the first to speak silences the others."""
HAVE_PAUSE_SECONDS: Final = (5.0, 300.0)
"""The first and the longest pause between two full lists while nothing changes."""
GAPS: Final = 100
"""How many gaps are shown."""
SUPPLIERS: Final = 16
"""How many members are named who passed on what was said before."""
HAVE_BYTES: Final = 16 * 1024
HAVE_SPANS: Final = 512
"""The newest spans of one device that a list gives."""
WANT_RECORDS: Final = 64
"""How many records one packet asks for, and how many one bundle holds."""
WANT_SECONDS: Final = (2.5, 60.0)
WANT_GROWTH: Final = 1.6
"""The first and the longest wait for an answer, and how it grows from try to try."""
WANT_TRIES: Final = 8
"""After so many tries in vain whoever claimed to have the records is not believed for a while."""
REST_SECONDS: Final = (60.0, 3600.0)
"""The first and the longest such while; it doubles."""
CLAIMANTS: Final = 64
CLAIMED_DEVICES: Final = 1024
"""Whose claims are remembered, and for how many devices each."""
CLAIMED_SPANS: Final = 4096
"""How many spans of missing records are remembered of one claimant."""
RANK_SECONDS: Final = 0.8
"""How much longer each next member waits with its answer, up to `RANKS`."""
RANKS: Final = 8
BUNDLE_BYTES: Final = 32 * 1024
BUNDLE_BURST: Final = 64
BUNDLES_PER_SECOND: Final = 16.0
"""How fast a device answers, and how fast it takes answers of one other device."""
RECEIPT_SECONDS: Final = 1.0
RECEIPT_MEMBERS: Final = 16
"""In a larger company receipts are told with the heartbeat only, so that a message's traffic does not grow with the room."""
RECEIPT_DEVICES: Final = 64
GAP_TRIES: Final = 3
"""A gap is shown after it was asked for so often in vain; most are filled before."""

FILE_PARTIES: Final = 256
"""How many devices are remembered that have to do with one file."""
FILE_AHEAD: Final = (32, 8, 512)
"""How many chunks may be under way to a member at first, when he takes them slowly, and when he takes them fast."""
FILE_TAKER_SECONDS: Final = 10.0
"""How long chunks are sent to a member who says nothing."""
FILE_LOST_SECONDS: Final = 5.0
"""When all that was sent to a member counts as lost, if he still lacks it."""
FILE_STALL_SECONDS: Final = 3.0
"""How long the next member waits until he sends what one before him does not."""
FILE_LOOK_SECONDS: Final = 0.25
FILE_ANSWERERS: Final = 4
"""How many members answer who asks for a file."""
HOLDING_SECONDS: Final = 0.1
"""How often a member says what he has while chunks come,"""
HOLDING_REPEAT_SECONDS: Final = (0.5, 30.0)
HOLDING_GROWTH: Final = 1.5
"""and while none come: the first and the longest pause, and how it grows."""
HOLDING_FAREWELLS: Final = 2
"""How often it is repeated that all of it is here."""
HOLDING_ANSWER_SECONDS: Final = (0.05, 0.5)
