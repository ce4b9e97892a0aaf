"""What one connection to a broker tells its owner: typed events, with sentences for people."""

import enum
from dataclasses import dataclass, field
from typing import Final

MQTT_LARGEST_PACKET: Final = 256 * 1024 * 1024
"""What MQTT itself allows; brokers that allow less say so in CONNACK."""


class Trouble(enum.Enum):
    """Why a connection ended or did not come about."""

    NAME_NOT_FOUND = "name not found"
    UNREACHABLE = "unreachable"
    CERTIFICATE = "certificate"
    NOT_AUTHORISED = "not authorised"
    TAKEN_OVER = "taken over"
    PACKET_TOO_LARGE = "packet too large"
    PROTOCOL = "protocol"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class BrokerLimits:
    """What the broker's CONNACK allows. Of its other limits none matters here: nothing is retained, no wildcard or share is used."""

    packet_bytes: int = MQTT_LARGEST_PACKET
    receive_maximum: int = 65535
    maximum_qos: int = 2


@dataclass(frozen=True, slots=True)
class Connecting:
    """An attempt begins."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker has accepted the connection; its answers to the subscriptions follow."""

    limits: BrokerLimits
    security: str
    protocol: str
    resumed: bool


@dataclass(frozen=True, slots=True)
class Subscribed:
    """From now on the broker sends what is published on the topics that were subscribed under `name`."""

    name: str


@dataclass(frozen=True, slots=True)
class SubscriptionRefused:
    """The broker does not let this user read the topics that were subscribed under `name`."""

    name: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection ended or did not come about. It is tried again at `retry_at` (monotonic seconds), or not by itself if None.

    QoS 1 packets that were not acknowledged are forgotten; their owner publishes them again.
    """

    trouble: Trouble
    sentence: str
    retry_at: float | None


@dataclass(frozen=True, slots=True)
class Arrived:
    """A packet on one of the subscribed topics. The broker keeps one of QoS 1 until `Connection.acknowledge` is called with `receipt`."""

    topic: str
    payload: bytes = field(repr=False)
    qos: int
    receipt: int


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The broker has the packet that was published with `token`."""

    token: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """The broker does not take the packet that was published with `token`."""

    token: int
    sentence: str


NetworkEvent = Connecting | Connected | Subscribed | SubscriptionRefused | Disconnected | Arrived | Acknowledged | Rejected
